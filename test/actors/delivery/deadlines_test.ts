import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { FakeClock, utf8 } from "../../../src/base/mod.ts";
import { SmtpSink } from "../../support/smtp_sink.ts";
import { eventually, within } from "../../support/eventually.ts";
import { settle } from "../../runtime/support/system.ts";
import { Delivery, oneHost, outcomes } from "./support.ts";

const TIMEOUTS = {
  greetingMsMax: 300_000,
  commandMsMax: 200_000,
  dataMsMax: 120_000,
  endMsMax: 600_000,
  quitMsMax: 5_000,
} as const;

/** A host that stalls at one step: what the mail's verdict is after the step's time, and that it is none before. */
async function stalled(verb: string, ms: number, seen = verb): Promise<string> {
  const clock = new FakeClock();
  await using sink = await SmtpSink.start({
    answer: (event) => event.verb === verb ? "stall" : undefined,
    extensions: ["DSN"],
  });
  await using delivery = await Delivery.start({ port: sink.port, clock, timeouts: TIMEOUTS });
  let settled = false;
  const report = delivery.attempt().finally(() => settled = true);
  await sink.said(seen);
  // What the sink has heard, the delivery has said: its deadline runs.
  clock.advance(ms - 1_000);
  await settle();
  assert(!settled, `${verb}: too early`);
  clock.advance(1_500);
  return outcomes(await within(10_000, verb, report))[0] ?? "";
}

Deno.test("a host that does not answer is given up after the time of each step, and no sooner", async () => {
  const late = (phase: string) => `deferred - 4.4.2 no answer in time (${phase})`;
  assertEquals(await stalled("CONNECT", TIMEOUTS.greetingMsMax, "(CONNECT)"), late("greeting"));
  assertEquals(await stalled("EHLO", TIMEOUTS.commandMsMax), late("ehlo"));
  assertEquals(await stalled("MAIL", TIMEOUTS.commandMsMax), late("mail"));
  assertEquals(await stalled("RCPT", TIMEOUTS.commandMsMax), late("recipient"));
  assertEquals(await stalled("DATA", TIMEOUTS.dataMsMax), late("data"));
  assertEquals(
    await stalled("CONTENT", TIMEOUTS.endMsMax, "(CONTENT)"),
    `${late("content")}; the mail may have been taken`,
  );
});

Deno.test("each reply of a pipelined group has its own time, and pieces of one win none", async () => {
  const clock = new FakeClock();
  await using sink = await SmtpSink.start({ answer: ({ verb }) => verb === "MAIL" ? "stall" : undefined });
  await using delivery = await Delivery.start({ port: sink.port, clock, timeouts: TIMEOUTS });
  let settled = false;
  const report = delivery.attempt({ to: ["b@there.test", "c@there.test"] }).finally(() => settled = true);
  await sink.said("MAIL");
  const [conversation] = delivery.office.conversations;
  for (const text of ["250 ok\r\n", "250 ok\r\n250-part", " of a"]) {
    clock.advance(text.startsWith("250") ? 150_000 : 50_000);
    sink.say(text);
    await eventually("it is read", () => conversation?.bytesIn === sink.saidBytes);
  }
  clock.advance(149_000);
  await settle();
  assert(!settled);
  clock.advance(2_000);
  const { outcomes: [first] } = await within(10_000, "the report", report);
  assertEquals([first?.action, first?.text], ["deferred", "no answer in time (recipient)"]);
});

Deno.test("nobody waits for the answer to QUIT", async () => {
  const clock = new FakeClock();
  await using sink = await SmtpSink.start({ answer: ({ verb }) => verb === "QUIT" ? "stall" : undefined });
  await using delivery = await Delivery.start({ port: sink.port, clock, timeouts: TIMEOUTS });
  assertEquals(outcomes(await delivery.attempt()), ["delivered 250 2.0.0 taken"]);
  await sink.said("QUIT");
  assertEquals(sink.open, 1);
  clock.advance(TIMEOUTS.quitMsMax + 500);
  await sink.when("it is closed", () => sink.open === 0);
});

Deno.test("a host that stops taking the content is given up, and only a little of the mail waits in memory for it", async () => {
  const clock = new FakeClock();
  await using sink = await SmtpSink.start({ pauseContent: true });
  const timeouts = { ...TIMEOUTS, blockMsMax: 180_000 };
  await using delivery = await Delivery.start({ port: sink.port, clock, timeouts });
  const line = `${"x".repeat(62)}\r\n`;
  const parts = new Array<Uint8Array>(512).fill(utf8(line.repeat(1_024))); // 32 MB
  let settled = false;
  const report = delivery.attempt({ parts }).finally(() => settled = true);
  await sink.said("DATA");
  const [conversation] = delivery.office.conversations;
  let most = 0;
  await eventually("it is given up", () => {
    most = Math.max(most, conversation?.pendingBytes ?? 0);
    clock.advance(timeouts.blockMsMax + 1_000);
    return settled;
  });
  assert(most > 0);
  assertLessOrEqual(most, 512 * 1_024);
  const { outcomes: [outcome], destinationFault } = await report;
  assertEquals([outcome?.action, outcome?.text, destinationFault], ["deferred", "the server took too long", false]);
});

Deno.test("an attempt turns to no further host when its time is over", async () => {
  const clock = new FakeClock();
  await using slow = await SmtpSink.start({
    host: "127.0.0.2",
    answer: ({ verb }) => verb === "CONNECT" ? "stall" : undefined,
  });
  await using fast = await SmtpSink.start({ host: "127.0.0.3", port: slow.port });
  await using delivery = await Delivery.start({
    port: slow.port,
    clock,
    names: oneHost("127.0.0.2", "127.0.0.3"),
    timeouts: { ...TIMEOUTS, attemptMsMax: 250_000 },
  });
  const report = delivery.attempt();
  await slow.said("(CONNECT)");
  clock.advance(TIMEOUTS.greetingMsMax + 500);
  assertEquals((await within(10_000, "the report", report)).outcomes[0]?.action, "deferred");
  assertEquals(fast.connections.length, 0);
});
