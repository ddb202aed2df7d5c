import { assert, assertEquals } from "@std/assert";
import { newCounters } from "../../../src/actors/listener/counters.ts";
import { deliver } from "../../../src/actors/listener/delivery.ts";
import { SenderRewriting } from "../../../src/policy/mod.ts";
import type { FrontServices } from "../../../src/actors/listener/services.ts";
import { mailboxAccepts } from "../../../src/actors/mailbox/accepts/accepts.ts";
import { Failure, type FailureKind, FakeClock, SILENT } from "../../../src/base/mod.ts";
import { type Address, parseMailbox } from "../../../src/mail/address.ts";
import { NO_PARAMETERS } from "../../../src/mail/envelope.ts";
import type { AccountRecord } from "../../../src/messages/mod.ts";
import type { ReceivedMail, ReceivedRecipient } from "../../../src/protocol/smtp/mod.ts";
import { settle } from "../../runtime/support/system.ts";
import { aDelivery } from "./support.ts";

interface Asked {
  readonly type: string;
  readonly domain: string;
  readonly request: { readonly opId: string; readonly targets: readonly unknown[] };
}

/** How the mailbox of a domain answers: a failure of this kind, or all well. */
type Answers = (type: string, domain: string) => FailureKind | null;

/** A listener whose mailboxes and queue are only talked about; the queue's domain is "queue". */
function listener(
  accounts: readonly string[],
  answers: Answers = () => null,
  forwards: readonly (string | Address)[] = [],
  { sender = null, lists = [] }: { readonly sender?: Address | null; readonly lists?: readonly Address[] } = {},
) {
  const asked: Asked[] = [];
  const clock = new FakeClock();
  const counters = newCounters();
  const records = accounts.map((address, i) => ({ id: `a${i}`, address, quotaBytes: 0 }) as unknown as AccountRecord);
  const forDomain = (domain: string) => ({
    ask(type: string, request: Asked["request"]) {
      asked.push({ type, domain, request });
      const kind = answers(type, domain);
      return kind === null
        ? Promise.resolve({ type: "delivered", uids: [] })
        : Promise.reject(new Failure(kind, "test"));
    },
  });
  const services = {
    routes: {
      resolve: ({ domain }: Address) =>
        domain !== null && domain === sender?.domain
          ? { type: "relayDenied" }
          : { type: "local", accounts: records, forwards, lists: lists.map((address) => ({ address })), steps: [] },
    },
    mailboxes: { forDomain },
    srs: new SenderRewriting(new Uint8Array(32)),
    queue: forDomain("queue"),
    clock,
    counters,
    log: SILENT,
  } as unknown as FrontServices;
  const address = sender === null ? { local: "all", domain: null, literal: null } : addressOf("all@smith.test");
  const recipients: ReceivedRecipient[] = [{ address, notify: null, orcpt: null }];
  const mail: ReceivedMail = {
    helo: "x",
    protocol: "SMTP",
    user: null,
    parameters: NO_PARAMETERS,
    sender,
    recipients,
    body: [],
    size: 5,
  };
  const id = "m3k5v9x2abcdefgh";
  return { asked, clock, counters, send: () => deliver(aDelivery(id, mail), services) };
}

function addressOf(text: string): Address {
  return parseMailbox(text, { utf8: false })!;
}

function of(asked: readonly Asked[], type: string): Asked[] {
  return asked.filter((one) => one.type === type);
}

Deno.test("a mail for the longest domain there can be is asked for in a form that its mailbox accepts", async () => {
  const label = "x".repeat(63);
  const domain = `${label}.${label}.${label}.${"x".repeat(61)}`;
  const { asked, send } = listener([`john@${domain}`]);
  assertEquals((await send()).type, "accepted");
  assertEquals(domain.length, 253);
  assert(mailboxAccepts["mailbox.deliver"](asked[0]!.request));
});

Deno.test("10,000 recipients of a domain are one share, one more makes two of different opIds", async () => {
  for (const [count, shares] of [[10_000, [10_000]], [10_001, [10_000, 1]]] as const) {
    const { asked, send } = listener(Array.from({ length: count }, (_, i) => `u${i}@smith.test`));
    assertEquals((await send()).type, "accepted");
    assertEquals(asked.map(({ request }) => request.targets.length), [...shares]);
    assertEquals(new Set(asked.map(({ request }) => request.opId)).size, shares.length);
  }
});

Deno.test("a share that was surely not stored is not taken back, the others are", async () => {
  const full: Answers = (type, domain) => type === "mailbox.deliver" && domain === "b.test" ? "disk_full" : null;
  const { asked, send, counters } = listener(["x@a.test", "x@b.test"], full);
  assertEquals((await send()).type, "diskFull");
  await settle();
  assertEquals(of(asked, "mailbox.withdraw").map(({ domain }) => domain), ["a.test"]);
  assertEquals(counters.withdrawing, 0);
});

Deno.test("a share of which nobody knows whether it was stored is taken back, again and again until that is done", async () => {
  let down = true;
  const { asked, send, clock, counters } = listener(["x@a.test"], (type) => {
    return type === "mailbox.deliver" ? "disk" : down ? "down" : null;
  });
  assertEquals((await send()).type, "failed");
  for (let i = 0; i < 10; i++) {
    await settle();
    clock.advance(5_000);
  }
  assertEquals(counters.withdrawing, 1);
  down = false;
  await settle();
  clock.advance(5_000);
  await settle();
  const opIds = new Set(asked.map(({ request }) => request.opId));
  assert(of(asked, "mailbox.withdraw").length > 5);
  assertEquals([opIds.size, counters.withdrawing], [1, 0]);
});

Deno.test("taking back ends after ten minutes, and beyond 10,000 at a time it does not begin", async () => {
  const { asked, send, clock, counters } = listener(
    ["x@a.test"],
    (type) => type === "mailbox.deliver" ? "disk" : "down",
  );
  await send();
  for (let i = 0; i < 130; i++) {
    await settle();
    clock.advance(5_000);
  }
  assertEquals(counters.withdrawing, 0);
  const before = asked.length;
  counters.withdrawing = 10_000;
  await send();
  await settle();
  assertEquals(of(asked.slice(before), "mailbox.withdraw"), []);
  counters.withdrawing = 9_999;
  await send();
  await settle();
  assertEquals(counters.withdrawing, 10_000);
});

Deno.test("a mailbox that is away for a minute makes a mail wait no longer than that", async () => {
  const { send, clock } = listener(["x@a.test"], () => "down");
  let outcome: string | null = null;
  send().then(({ type }) => outcome = type);
  for (let i = 0; i < 400 && outcome === null; i++) {
    await settle();
    clock.advance(150);
  }
  assertEquals(outcome, "busy");
  assert(clock.monotonicMs() <= 61_000);
});

Deno.test("what goes to other servers is queued when every mailbox has it, and not before", async () => {
  const world = listener(["a@smith.test"], undefined, ["me@elsewhere.test"]);
  assertEquals((await world.send()).type, "accepted");
  assertEquals(world.asked.map(({ type, domain }) => `${domain} ${type}`), [
    "smith.test mailbox.deliver",
    "queue queue.enqueue",
  ]);
  const full = listener(["a@smith.test"], (_type, domain) => domain === "queue" ? null : "disk_full", [
    "me@elsewhere.test",
  ]);
  assertEquals((await full.send()).type, "diskFull");
  assertEquals(of(full.asked, "queue.enqueue"), []);
});

Deno.test("a mail that the queue refuses is nowhere: the mailboxes give their copies back", async () => {
  const world = listener(
    ["a@smith.test"],
    (type) => type === "queue.enqueue" ? "disk_full" : null,
    ["me@elsewhere.test"],
  );
  assertEquals((await world.send()).type, "diskFull");
  await settle();
  assertEquals(world.asked.map(({ type }) => type), ["mailbox.deliver", "queue.enqueue", "mailbox.withdraw"]);
});

Deno.test("a queue that is away is asked again under the same opId, until it is back", async () => {
  let away = 3;
  const world = listener([], (type) => type === "queue.enqueue" && away-- > 0 ? "down" : null, ["me@elsewhere.test"]);
  const sent = world.send();
  for (let i = 0; i < 5; i++) {
    await settle();
    world.clock.advance(200);
  }
  assertEquals((await sent).type, "accepted");
  const asked = of(world.asked, "queue.enqueue");
  assertEquals([asked.length, new Set(asked.map(({ request }) => request.opId)).size], [4, 1]);
});

for (const kind of ["down", "closed", "deadline", "disk", "corrupt"] as const) {
  Deno.test(`a share whose mailbox answered "${kind}" may be stored, and is taken back`, async () => {
    const { asked, send, clock } = listener(["x@a.test"], (type) => type === "mailbox.deliver" ? kind : null);
    await outcomeOf(send(), clock);
    assertEquals(of(asked, "mailbox.withdraw").length, 1);
  });
}

for (const kind of ["busy", "disk_full", "invalid", "refused", "not_found"] as const) {
  Deno.test(`a share whose mailbox answered "${kind}" is not stored, and nothing is taken back`, async () => {
    const { asked, send, clock } = listener(["x@a.test"], (type) => type === "mailbox.deliver" ? kind : null);
    await outcomeOf(send(), clock);
    assertEquals(of(asked, "mailbox.deliver").length > 1, kind === "busy", "one that is busy is asked again");
    assertEquals(of(asked, "mailbox.withdraw"), []);
  });
}

Deno.test("a share whose mailbox was lost, and then is busy for as long as it is waited for, is taken back", async () => {
  let first = true;
  const { asked, send, clock } = listener(["x@a.test"], (type) => {
    if (type !== "mailbox.deliver") return null;
    const kind = first ? "down" : "busy";
    first = false;
    return kind;
  });
  assertEquals(await outcomeOf(send(), clock), "busy");
  assertEquals(of(asked, "mailbox.withdraw").length, 1);
});

/** How a delivery ends, however long it takes. */
async function outcomeOf(sent: Promise<{ readonly type: string }>, clock: FakeClock): Promise<string | null> {
  let outcome: string | null = null;
  sent.then(({ type }) => outcome = type);
  for (let i = 0; i < 500 && outcome === null; i++) {
    await settle();
    clock.advance(150);
  }
  await settle();
  return outcome;
}

Deno.test("what goes on under several senders is queued for each of them, under opIds of their own", async () => {
  const world = listener([], undefined, [addressOf("me@elsewhere.test")], {
    sender: addressOf("from@stranger.test"),
    lists: [addressOf("list@smith.test")],
  });
  assertEquals((await world.send()).type, "accepted");
  const queued = of(world.asked, "queue.enqueue").map(({ request }) => request);
  assertEquals([queued.length, new Set(queued.map(({ opId }) => opId)).size], [2, 2]);
});
