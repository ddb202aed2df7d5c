import { assertEquals } from "@std/assert";
import { type ReportSigning, signReport } from "../../../src/actors/queue/report_signing.ts";
import { Failure, FakeClock, utf8 } from "../../../src/base/mod.ts";
import { NO_PARAMETERS } from "../../../src/mail/envelope.ts";
import type { SigningDomain } from "../../../src/messages/mod.ts";
import { type Signable, signable } from "../../../src/policy/dkim/mod.ts";
import { readMessage } from "../../../src/policy/header/mod.ts";
import type { EnqueueInput } from "../../../src/storage/mod.ts";
import { recordingLog } from "../../runtime/support/system.ts";

const PARTS = [utf8("From: mailer-daemon@mail.smith.test\r\n\r\nin vain\r\n")];
const REPORT: EnqueueInput = {
  opId: "r1",
  envelope: { ...NO_PARAMETERS, id: "r1", sender: "", account: null },
  parts: PARTS,
  items: [{
    destination: "bob.test",
    recipients: [{ address: '"a@b"@bob.test', notify: [], orcpt: null }],
    dueMs: 0,
  }],
};

/** Signs with the keys of these domains, unless the policy actor is away. */
async function signed(domains: readonly string[], away = false) {
  const { log, lines } = recordingLog();
  const asked: (SigningDomain & Signable)[] = [];
  const signing = {
    signer: (domain: string) => domains.includes(domain) ? { domain, selectors: ["s"] } : null,
    policy: {
      ask(_type: string, request: (typeof asked)[number]) {
        asked.push(request);
        return away
          ? Promise.reject(new Failure("down", "test"))
          : Promise.resolve({ fields: ["A: 1\r\n", "B: 2\r\n"] });
      },
    },
  } as unknown as ReportSigning;
  const report = await signReport(REPORT, { hostname: "mail.smith.test", signing, clock: new FakeClock(), log });
  return { report, asked, events: lines.map(({ event }) => event) };
}

Deno.test("a report is signed by the server's own domain, else by that of whoever gets it, above its header", async () => {
  const { report, asked } = await signed(["mail.smith.test", "bob.test"]);
  assertEquals(asked, [{ domain: "mail.smith.test", selectors: ["s"], ...signable(readMessage(PARTS)) }]);
  assertEquals(report, { ...REPORT, parts: [utf8("A: 1\r\nB: 2\r\n"), ...PARTS] });
  assertEquals((await signed(["bob.test"])).asked.map(({ domain }) => domain), ["bob.test"]);
});

Deno.test("a report goes out unsigned when there is no key, and when signatures cannot be had", async () => {
  assertEquals(await signed(["other.test"]), { report: REPORT, asked: [], events: [] });
  const { report, events } = await signed(["bob.test"], true);
  assertEquals([report, events], [REPORT, ["report not signed"]]);
  const { log } = recordingLog();
  assertEquals(await signReport(REPORT, { hostname: "mail.smith.test", clock: new FakeClock(), log }), REPORT);
});
