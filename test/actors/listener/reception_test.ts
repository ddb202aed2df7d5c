/** What is reported of mail that was taken in here, and when (NOTIFY=SUCCESS, RFC 3461 §5.2.3). */
import { assertEquals } from "@std/assert";
import { newCounters } from "../../../src/actors/listener/counters.ts";
import { receive } from "../../../src/actors/listener/reception.ts";
import type { FrontServices } from "../../../src/actors/listener/services.ts";
import { Failure, FakeClock, SILENT, utf8 } from "../../../src/base/mod.ts";
import { type Address, NO_PARAMETERS, parseMailbox } from "../../../src/mail/mod.ts";
import type { QueueProtocol } from "../../../src/messages/mod.ts";
import { SenderRewriting } from "../../../src/policy/mod.ts";
import type { ReceivedMail } from "../../../src/protocol/smtp/mod.ts";
import { settle } from "../../runtime/support/system.ts";
import { NO_SCANS } from "../../support/no_scans.ts";

type Report = QueueProtocol["queue.report"]["request"];
type Success = readonly ("success" | "failure" | "delay")[] | null;

/** An account of its own name for each address, but for aliases that lead elsewhere. */
const FORWARDS: Readonly<
  Record<string, { readonly accounts: readonly string[]; readonly forwards: readonly string[] }>
> = {
  one: { accounts: [], forwards: ["me@far.test"] },
  several: { accounts: ["ann@a.test"], forwards: ["me@far.test"] },
};

/** A listener whose mailboxes are full, and whose queue answers a report as told. */
function listener({ full = [], report = () => Promise.resolve(null) }: {
  readonly full?: readonly string[];
  readonly report?: () => Promise<unknown>;
} = {}) {
  const reports: Report[] = [];
  const mailbox = (_type: string, { targets = [] }: { targets?: readonly { account: string }[] }) => {
    const over = targets.map(({ account }) => account).filter((account) => full.includes(account));
    return Promise.resolve(over.length > 0 ? { type: "full", accounts: over } : { type: "delivered", uids: [] });
  };
  const queue = (type: string, request: Report) => {
    if (type !== "queue.report") return Promise.resolve(null);
    reports.push(request);
    return report();
  };
  const parsed = (text: string) => parseMailbox(text, { utf8: false })!;
  const resolve = ({ local, domain }: Address) => {
    const { accounts, forwards } = FORWARDS[local] ?? { accounts: [`${local}@${domain}`], forwards: [] };
    const records = accounts.map((address) => ({ id: address, address, quotaBytes: 0 }));
    return { type: "local", steps: [], lists: [], accounts: records, forwards: forwards.map(parsed) };
  };
  const services = {
    routes: { resolve },
    mailboxes: { forDomain: () => ({ ask: mailbox }) },
    queue: { ask: queue },
    srs: new SenderRewriting(new Uint8Array(32)),
    content: NO_SCANS,
    hostname: "mx.here.test",
    clock: new FakeClock(),
    counters: newCounters(),
    log: SILENT,
  } as unknown as FrontServices;
  const send = (each: boolean, to: Readonly<Record<string, Success>>, sender: string | null = "from@there.test") => {
    const mail: ReceivedMail = {
      helo: "x",
      protocol: each ? "LMTP" : "ESMTP",
      user: null,
      parameters: NO_PARAMETERS,
      sender: sender === null ? null : parsed(sender),
      recipients: Object.entries(to).map(([text, notify]) => ({ address: parsed(text), notify, orcpt: null })),
      body: [utf8("Subject: x\r\n\r\nhello\r\n")],
      size: 21,
    };
    const client = { address: null, name: null };
    const from = { client, tlsVersion: null, account: null, hideClient: false, senders: null };
    return receive({ id: "m", mail, each, ...from }, services);
  };
  const told = () => reports.map(({ action, recipients }) => [action, ...recipients.map(({ address }) => address)]);
  return { send, told };
}

const BOTH = { "ann@a.test": ["success"], "bob@b.test": ["success"], "carl@a.test": null } as const;

for (const each of [false, true]) {
  Deno.test(`by ${each ? "LMTP" : "SMTP"} whoever asked for it is told of each recipient who has the mail`, async () => {
    const { send, told } = listener();
    const outcomes = await send(each, BOTH);
    assertEquals(outcomes.map(({ type }) => type), Array(each ? 3 : 1).fill("accepted"));
    assertEquals(told(), [["delivered", "ann@a.test", "bob@b.test"]]);
  });
}

Deno.test("nobody is told of a recipient who has not got the mail: by LMTP of that one, by SMTP of none", async () => {
  const lmtp = listener({ full: ["ann@a.test"] });
  assertEquals((await lmtp.send(true, BOTH)).map(({ type }) => type), ["mailboxFull", "accepted", "accepted"]);
  assertEquals(lmtp.told(), [["delivered", "bob@b.test"]]);
  const smtp = listener({ full: ["ann@a.test"] });
  assertEquals((await smtp.send(false, BOTH)).map(({ type }) => type), ["mailboxFull"]);
  assertEquals(smtp.told(), []);
});

Deno.test("an alias of several is told of as expanded, one of a single address elsewhere not here, a report of nobody never", async () => {
  const { send, told } = listener();
  await send(false, { "several@a.test": ["success"], "one@a.test": ["success"] });
  assertEquals(told(), [["expanded", "several@a.test"]]);
  await send(false, BOTH, null);
  assertEquals(told().length, 1);
});

Deno.test("a mail is acknowledged when its report is queued; a queue that takes none does not undo the mail", async () => {
  const queued = Promise.withResolvers<null>();
  const { send } = listener({ report: () => queued.promise });
  let answered = false;
  const sent = send(false, BOTH).then((outcomes) => (answered = true, outcomes));
  await settle();
  assertEquals(answered, false);
  queued.resolve(null);
  assertEquals((await sent)[0]?.type, "accepted");
  const broken = listener({ report: () => Promise.reject(new Failure("disk_full", "test")) });
  assertEquals((await broken.send(false, BOTH))[0]?.type, "accepted");
});
