import { transcript } from "../../support/transcript.ts";
import { smtp } from "./support/session.ts";

const held = smtp({}, { greetDelayMs: 4_000 });

Deno.test("a greeting that is held back comes after its pause, and the session goes on as ever", () => {
  transcript(
    held,
    `
    ? pause 4000
    ! resumed
    S: 220 mx.test ESMTP
    --
    C: NOOP
    S: 250 2.0.0 OK`,
  );
});

Deno.test("who speaks before the greeting is sent away, and nothing it said is run (S6)", () => {
  for (const mode of ["line", "pipelined"] as const) {
    transcript(
      held,
      `
    ? pause 4000
    --
    C: EHLO spam.test
    S: 554 5.5.1 You spoke before the greeting
    ? close
    ! resumed
    X: 220
    X: 250`,
      { modes: [mode] },
    );
  }
});

Deno.test("a server that shuts down, or a client that waits for too long, need not wait for the greeting", () => {
  transcript(
    held,
    `
    ? pause 4000
    ! shuttingDown
    S: 421 4.3.2 Shutting down, connect again
    ? close
    ! resumed`,
  );
});
