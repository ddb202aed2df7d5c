import { assert, assertEquals } from "@std/assert";
import { deliverSource, type Target } from "../../bench/target.ts";
import { mailsCounted, startSmtpSink } from "../../bench/smtp_programs.ts";
import { testWith } from "../support/programs.ts";

Deno.test("the last whole line of smtp-sink's counters counts", () => {
  assertEquals(mailsCounted(""), 0);
  assertEquals(mailsCounted("sess=1 quit=0 mesg=0\r"), 0);
  assertEquals(mailsCounted("sit=9 mesg=9\rsess=10 quit=9 mesg=10\rsess=11 quit=10 mesg=1"), 10);
});

testWith(
  { programs: ["smtp-source", "smtp-sink"] },
  "what smtp-source sends is counted at smtp-sink to the last mail",
  async () => {
    const sink = await startSmtpSink();
    try {
      const target: Target = {
        name: "nobody between",
        smtpPort: sink.port,
        delivered: () => sink.taken(),
        cpu: () => null,
      };
      const load = { sessions: 5, messageBytes: 600, sender: "a@source.test", recipient: "b@sink.test" };
      for (const [count, kept] of [[50, true], [37, false]] as const) {
        const before = sink.taken();
        const { deliveredPerSecond, cpuUsPerMessage } = await deliverSource(target, { ...load, count, kept });
        assertEquals(sink.taken() - before, count);
        assert(deliveredPerSecond > 0 && cpuUsPerMessage === null);
      }
    } finally {
      await sink.close();
    }
  },
);
