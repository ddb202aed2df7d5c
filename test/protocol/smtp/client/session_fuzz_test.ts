import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { SmtpClientAction, SmtpClientOptions } from "../../../../src/protocol/smtp/client/mod.ts";
import { bytes, cut } from "../support/session.ts";
import { describe, mail, TestClient } from "./support.ts";

const MAILS = [
  mail({ to: ["b@there.test", "c@there.test"] }),
  mail({ content: "caf\xe9\r\n.\r\n", sender: "" }),
  mail({ parameters: { body: "binarymime" } }),
];

/** What a server may say, right or wrong. */
const token = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("250 ok\r\n", "220 x\r\n", "354 go\r\n", "250-x\r\n250 PIPELINING\r\n") },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "250-x\r\n250-CHUNKING\r\n250-PIPELINING\r\n250 BINARYMIME\r\n",
      "250-x\r\n250-STARTTLS\r\n250-AUTH LOGIN\r\n250 8BITMIME\r\n",
      "235 in\r\n",
      "334 \r\n",
      "450 4.2.1 later\r\n",
      "550 5.1.1 no\r\n",
      "554 no\r\n",
      "421 going\r\n",
      "250-\r\n251 x\r\n",
    ),
  },
  { weight: 1, arbitrary: fc.array(fc.nat(255), { maxLength: 20 }).map((codes) => String.fromCharCode(...codes)) },
);

type Chosen = Partial<SmtpClientOptions> & { readonly firstMail: number; readonly follows: boolean };

/** Plays a server that says these words one after the other, whenever something was said to it; then it hangs up. */
function play(
  words: readonly string[],
  { firstMail, follows, ...options }: Chosen,
  chunks: number[] | "byte",
): string[] {
  const client = new TestClient(
    { ...options, limits: { lineBytesMax: 100, linesMax: 4, replyBytesMax: 200 } },
    MAILS.slice(firstMail),
  );
  const seen: string[] = [];
  let [sent, ready, dones, failures, closes] = [0, false, 0, 0, 0];
  const perform = (actions: readonly SmtpClientAction[]): void => {
    for (const action of actions) {
      assertEquals(closes, 0, "nothing follows the close");
      if (action.type === "send") seen.push(action.text);
      else seen.push(describe(action));
      if (action.type === "startTls") perform(client.answer("tlsStarted"));
      else if (action.type === "failed") failures++;
      else if (action.type === "close") closes++;
      else if (action.type === "ready") ready = true;
      else if (action.type === "done") {
        dones++;
        for (const outcome of action.outcomes) assert(outcome !== null || action.problem !== null);
        if (action.end === "complete") assert(action.outcomes.every((outcome) => outcome !== null));
      }
    }
    if (
      ready && client.session.phase === "ready" && sent === dones && sent < MAILS.length - firstMail && closes === 0
    ) {
      perform(client.answer("send", sent++));
    }
    if (follows && client.session.mayFollow && sent < MAILS.length - firstMail) {
      perform(client.answer("follow", sent++));
    }
  };
  for (const word of words) {
    const whole = bytes(word);
    const pieces = chunks === "byte" ? Array.from(whole, (byte) => Uint8Array.of(byte)) : cut(whole, chunks);
    for (const piece of pieces) perform(client.receive(piece));
  }
  perform(client.answer("ended", "hung up"));
  assertEquals(client.session.phase, "closed");
  assertEquals(dones, sent, "every transaction has its end");
  assertEquals(failures, ready ? 0 : 1, "a session that never was ready says so, once");
  assertEquals(closes, 1);
  return seen;
}

const options = fc.record({
  firstMail: fc.nat(2),
  follows: fc.boolean(),
  tls: fc.constantFrom("never", "opportunistic", "required", "active"),
  login: fc.constantFrom(null, { user: "u", secret: "s" }),
});

Deno.test("whatever a server says, however it is cut, every mail and every session has exactly one end", () => {
  fc.assert(
    fc.property(
      fc.array(token, { maxLength: 40, size: "max" }),
      options,
      fc.array(fc.nat(30)),
      (words, chosen, positions) => {
        const expected = play(words, chosen, []);
        assertEquals(play(words, chosen, "byte"), expected);
        play(words, chosen, positions);
      },
    ),
    { seed: 2920, numRuns: 6_000 },
  );
});

Deno.test("canary: the fuzzer meets mails that were taken, refused and left undecided", () => {
  for (
    const wanted of [
      "done complete: relayed",
      "done complete: failed 5",
      "undecided",
      "BDAT ",
      "RSET",
      "AUTH LOGIN",
      "ended with the mail before",
      "\r\n..\r\n",
    ]
  ) {
    const found = fc.check(
      fc.property(fc.array(token, { maxLength: 40, size: "max" }), options, (words, chosen) => {
        assert(!play(words, chosen, []).some((line) => line.includes(wanted)));
      }),
      { seed: 2920, numRuns: 20_000, endOnFailure: true },
    );
    assert(found.failed, wanted);
  }
});
