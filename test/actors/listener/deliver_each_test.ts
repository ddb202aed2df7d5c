import { assertEquals } from "@std/assert";
import { newCounters } from "../../../src/actors/listener/counters.ts";
import { deliverEach } from "../../../src/actors/listener/deliver_each.ts";
import { SenderRewriting } from "../../../src/policy/mod.ts";
import type { FrontServices } from "../../../src/actors/listener/services.ts";
import { Failure, FakeClock, SILENT } from "../../../src/base/mod.ts";
import { type Address, NO_PARAMETERS, parseMailbox } from "../../../src/mail/mod.ts";
import type { ReceivedMail } from "../../../src/protocol/smtp/mod.ts";
import { settle } from "../../runtime/support/system.ts";
import { aDelivery } from "./support.ts";

interface Asked {
  readonly type: string;
  readonly domain: string;
  readonly opId: string;
  readonly accounts: readonly string[];
}

/** Aliases by local part; every other address is an account of its own name. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  both: ["ann@a.test", "bob@b.test"],
  nobody: [],
};

/** A listener whose mailboxes are full, broken or well, by account or domain. */
function listener({ full = [], broken = [] }: { full?: readonly string[]; broken?: readonly string[] }) {
  const asked: Asked[] = [];
  const forDomain = (domain: string) => ({
    ask(type: string, request: { opId: string; targets?: readonly { account: string }[] }) {
      const accounts = (request.targets ?? []).map(({ account }) => account);
      asked.push({ type, domain, opId: request.opId, accounts });
      if (type !== "mailbox.deliver") return Promise.resolve(null);
      if (broken.includes(domain)) return Promise.reject(new Failure("disk_full", "test"));
      const over = accounts.filter((account) => full.includes(account));
      return Promise.resolve(over.length > 0 ? { type: "full", accounts: over } : { type: "delivered", uids: [] });
    },
  });
  const resolve = ({ local, domain }: Address) => ({
    type: "local",
    steps: [],
    forwards: [],
    lists: [],
    accounts: (ALIASES[local] ?? [`${local}@${domain}`]).map((address) => ({ id: address, address, quotaBytes: 0 })),
  });
  const services = {
    routes: { resolve },
    mailboxes: { forDomain },
    srs: new SenderRewriting(new Uint8Array(32)),
    clock: new FakeClock(),
    counters: newCounters(),
    log: SILENT,
  } as unknown as FrontServices;
  return {
    asked,
    async send(...to: readonly string[]) {
      const mail: ReceivedMail = {
        helo: "x",
        protocol: "LMTP",
        user: null,
        parameters: NO_PARAMETERS,
        sender: null,
        recipients: to.map((text) => ({ address: parseMailbox(text, { utf8: false })!, notify: null, orcpt: null })),
        body: [],
        size: 5,
      };
      const outcomes = await deliverEach(aDelivery("m", mail), services);
      await settle();
      return outcomes.map((outcome) => outcome.type === "accepted" ? outcome.id : outcome.type);
    },
  };
}

function deliveries(asked: readonly Asked[]): (readonly string[])[] {
  return asked.filter(({ type }) => type === "mailbox.deliver").map(({ accounts }) => accounts);
}

Deno.test("each recipient has its own outcome, and what is stored for one is not taken back for another", async () => {
  const { asked, send } = listener({ broken: ["b.test"] });
  const to = ["ann@a.test", "bob@b.test", "cid@c.test", "nobody@a.test", "ann@a.test"];
  assertEquals(await send(...to), ["m", "diskFull", "m", "failed", "m"]);
  assertEquals(asked.filter(({ type }) => type === "mailbox.withdraw"), []);
});

Deno.test("recipients of one domain share one copy, and each account gets one", async () => {
  const { asked, send } = listener({});
  assertEquals(await send("ann@a.test", "dan@a.test", "ann@a.test"), ["m", "m", "m"]);
  assertEquals(deliveries(asked), [["ann@a.test", "dan@a.test"]]);
});

Deno.test("a full mailbox leaves the others of its domain theirs", async () => {
  const { asked, send } = listener({ full: ["ann@a.test"] });
  assertEquals(await send("ann@a.test", "dan@a.test", "ann@a.test", "eve@a.test"), [
    "mailboxFull",
    "m",
    "mailboxFull",
    "m",
  ]);
  const [together, ...alone] = deliveries(asked);
  assertEquals(together, ["ann@a.test", "dan@a.test", "eve@a.test"]);
  assertEquals(alone, [["ann@a.test"], ["dan@a.test"], ["eve@a.test"]]);
  assertEquals(new Set(asked.map(({ opId }) => opId)).size, asked.length);
});

Deno.test("a recipient of several mailboxes has all of them or none", async () => {
  const { asked, send } = listener({ full: ["bob@b.test"] });
  assertEquals(await send("both@a.test", "cid@c.test"), ["mailboxFull", "m"]);
  assertEquals(asked.filter(({ type }) => type === "mailbox.withdraw").map(({ domain }) => domain), ["a.test"]);
});

Deno.test("who shares an account with a recipient that fails, fails with it: the account has one copy", async () => {
  const { asked, send } = listener({ full: ["bob@b.test"] });
  assertEquals(await send("both@a.test", "ann@a.test", "dan@a.test"), ["mailboxFull", "mailboxFull", "m"]);
  const kept = asked.filter(({ type, domain }) => type === "mailbox.deliver" && domain === "a.test").length -
    asked.filter(({ type, domain }) => type === "mailbox.withdraw" && domain === "a.test").length;
  assertEquals(kept, 1);
});

Deno.test("an alias of accounts that are recipients, too, gives none of them a second copy, in whatever order they come", async () => {
  const [ann, bob, both] = ["ann@a.test", "bob@b.test", "both@a.test"] as const;
  for (const order of [[ann, bob, both], [both, bob, ann], [bob, both, ann]]) {
    const { asked, send } = listener({});
    assertEquals(await send(...order), ["m", "m", "m"]);
    assertEquals(deliveries(asked).flat().sort(), [ann, bob], order.join());
  }
});

Deno.test("a thousand recipients of a domain are one delivery", async () => {
  const { asked, send } = listener({});
  const outcomes = await send(...Array.from({ length: 1_000 }, (_, i) => `u${i}@a.test`));
  assertEquals([outcomes.length, new Set(outcomes).size, deliveries(asked).length], [1_000, 1, 1]);
});
