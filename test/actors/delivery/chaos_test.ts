import { assert, assertEquals } from "@std/assert";
import { seededRandom, systemClock } from "../../../src/base/mod.ts";
import { type SinkMail, SmtpSink } from "../../support/smtp_sink.ts";
import { within } from "../../support/eventually.ts";
import { Delivery, oneHost } from "./support.ts";

/** What a bad server may do instead of what it should. */
const WHIMS = [
  "drop",
  "close",
  "endless",
  "450 4.2.0 later",
  "550 5.1.1 no",
  "421 4.3.2 going",
  "250 2.0.0 yes",
  "354 what",
  "nonsense",
];

const MAILS = 12;

/** Two hosts full of whims and mails to them; everything that was taken, and the reports. */
async function run(seed: number, whimShare: number) {
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)]!;
  const answer = () => random.next() < whimShare ? pick(WHIMS) : undefined;
  const options = { answer, extensions: random.next() < 0.5 ? ["PIPELINING", "DSN"] : ["8BITMIME"] };
  await using first = await SmtpSink.start({ host: "127.0.0.2", ...options });
  await using second = await SmtpSink.start({ host: "127.0.0.3", port: first.port, ...options });
  await using delivery = await Delivery.start({
    port: first.port,
    names: oneHost("127.0.0.2", "127.0.0.3"),
    limits: { keepMsMax: 60_000 },
  });
  const reports = await within(
    20_000,
    `all reports of seed ${seed}`,
    Promise.all(Array.from({ length: MAILS }, async (_, i) => {
      const to = Array.from({ length: 1 + i % 3 }, (_, j) => `m${i}r${j}@there.test`);
      return { to, report: await delivery.attempt({ to }) };
    })),
  );
  assertEquals((await delivery.ref.ask("delivery.status", null)).active, 0);
  await delivery.office.drain(1_000, systemClock());
  await Promise.all([first, second].map((sink) => sink.when("no connection is left", () => sink.open === 0)));
  const taken: SinkMail[] = [...first.mails, ...second.mails];
  return { reports, taken };
}

Deno.test("whatever hosts do, every recipient gets a verdict, and the verdict is true", async () => {
  let delivered = 0;
  let refused = 0;
  for (let seed = 1; seed <= 200; seed++) {
    const { reports, taken } = await run(seed, seed % 3 === 0 ? 0.3 : 0.05);
    for (const { to, report } of reports) {
      assertEquals(report.outcomes.length, to.length);
      for (const [i, outcome] of report.outcomes.entries()) {
        const copies = taken.filter((mail) => mail.to.includes(to[i]!)).length;
        const where = `seed ${seed}, ${to[i]}: ${outcome.action} ${outcome.status} ${outcome.text}`;
        if (outcome.action === "delivered" || outcome.action === "relayed") {
          assertEquals(copies, 1, where);
          delivered++;
        } else {
          // A host that says no to what it has taken, or hangs up on it, is the only way to two copies.
          refused++;
          if (outcome.action === "failed") assertEquals(copies, 0, where);
        }
      }
    }
  }
  assert(delivered > 1_000 && refused > 200, `${delivered} delivered, ${refused} not`);
});
