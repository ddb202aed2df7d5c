/** What becomes of mail for addresses here, whatever the directory and the mailboxes say. */
import { assert, assertEquals } from "@std/assert";
import { tryOnce } from "../../../src/actors/queue/attempt.ts";
import { deliverHere } from "../../../src/actors/queue/local_delivery.ts";
import type { QueueServices } from "../../../src/actors/queue/services.ts";
import { Failure, type FailureKind, FakeClock, SILENT, utf8 } from "../../../src/base/mod.ts";
import { type Address, formatAddress, parseMailbox } from "../../../src/mail/address.ts";
import { NO_PARAMETERS } from "../../../src/mail/envelope.ts";
import type { DeliverReply, RouteVerdict } from "../../../src/messages/mod.ts";

interface Asked {
  readonly domain: string;
  readonly opId: string;
  readonly accounts: readonly string[];
}

type Mailbox = (asked: Asked) => DeliverReply;
type Verdicts = Readonly<Record<string, RouteVerdict | null>>;

const KEPT: DeliverReply = { type: "delivered" } as DeliverReply;

/** A verdict that leads to mailboxes, addresses elsewhere, and lists. */
function local(
  accounts: readonly string[],
  forwards: readonly string[] = [],
  lists: readonly string[] = [],
): RouteVerdict {
  return {
    type: "local",
    accounts: accounts.map((address) => ({ id: address, address, disabled: false, quotaBytes: 0, createdAt: "" })),
    forwards: forwards.map((address) => parseMailbox(address, { utf8: true })!),
    lists: lists.map((list) => ({ list, role: "post" })),
  } as unknown as RouteVerdict;
}

/** One attempt at an item, and what the mailboxes and lists were asked. */
async function attempt(
  verdicts: Verdicts,
  { mailbox = () => KEPT, list = () => ({ type: "taken" }), item = 1 }: {
    readonly mailbox?: Mailbox;
    readonly list?: () => unknown;
    readonly item?: number;
  } = {},
) {
  const asked: Asked[] = [];
  const listed: string[] = [];
  const services = {
    routes: { resolve: (address: Address) => verdicts[formatAddress(address)] ?? null },
    mailboxes: {
      forDomain: (domain: string) => ({
        ask(_type: string, { opId, targets }: { opId: string; targets: { account: string }[] }) {
          const one = { domain, opId, accounts: targets.map(({ account }) => account) };
          asked.push(one);
          return Promise.resolve().then(() => mailbox(one));
        },
      }),
    },
    lists: {
      ask(_type: string, { id }: { id: string }) {
        listed.push(id);
        return Promise.resolve().then(list);
      },
    },
    srs: { forward: (address: Address) => address },
    clock: new FakeClock(),
    log: SILENT,
  } as unknown as QueueServices;
  const recipients = Object.keys(verdicts).map((address) => ({ address, notify: null, orcpt: null, last: null }));
  const envelope = { ...NO_PARAMETERS, id: "m", sender: "", account: null };
  const held = { item, message: 1, destination: "here.test", dueMs: 0, held: false, attempts: 0, warned: false };
  const result = await deliverHere({
    item: { ...held, recipients, notes: [] },
    message: { message: 1, envelope, size: 4, createdMs: 0 },
    parts: [utf8("mail")],
  }, services);
  const outcomes = result.type === "later" ? [] : result.report.outcomes;
  const forwards = result.type === "later" ? [] : result.forwards;
  return { result, ends: outcomes.map(({ action, status }) => `${action} ${status}`), forwards, asked, listed };
}

for (
  const [what, verdict, end] of [
    ["nobody can say yet where it leads", null, "deferred 4.3.0"],
    ["its mailbox is disabled", { type: "disabled" }, "deferred 4.2.1"],
    ["every mailbox behind it is disabled", local([]), "deferred 4.2.1"],
    ["its domain has left", { type: "relayDenied" }, "deferred 4.3.0"],
    ["nobody has it", { type: "unknownUser" }, "failed 5.1.1"],
    ["it leads round in a circle", { type: "loop" }, "failed 5.4.6"],
  ] as const
) {
  Deno.test(`mail to an address here: when ${what}, it is ${end}`, async () => {
    const { ends, asked } = await attempt({ "a@here.test": verdict as RouteVerdict | null });
    assertEquals([ends, asked], [[end], []]);
  });
}

Deno.test("whatever keeps a mailbox from taking a mail, the mail waits for it", async () => {
  const kinds: FailureKind[] = ["down", "closed", "busy", "deadline", "disk", "disk_full", "refused", "corrupt"];
  for (const kind of kinds) {
    const mailbox = () => {
      throw new Failure(kind, "test");
    };
    const { ends } = await attempt({ "a@here.test": local(["a@here.test"]) }, { mailbox });
    assertEquals(ends, [kind === "disk_full" ? "deferred 4.3.1" : "deferred 4.3.0"], kind);
  }
  const full = () => ({ type: "full", accounts: [] }) as DeliverReply;
  assertEquals((await attempt({ "a@here.test": local(["a@here.test"]) }, { mailbox: full })).ends, ["deferred 4.2.2"]);
});

Deno.test("an address of several accounts has it when all their domains have, each asked once and under its own opId", async () => {
  const verdicts = { "all@here.test": local(["a@here.test", "c@there.test", "b@here.test"]) };
  const { ends, asked } = await attempt(verdicts);
  assertEquals(ends, ["delivered 2.0.0"]);
  assertEquals(asked.map(({ domain, accounts }) => [domain, accounts]), [
    ["here.test", ["a@here.test", "b@here.test"]],
    ["there.test", ["c@there.test"]],
  ]);
  assert(asked[0]!.opId !== asked[1]!.opId, "a shard that keeps both keeps both");
  const mailbox: Mailbox = ({ domain }) => {
    if (domain === "here.test") return KEPT;
    throw new Failure("down", "test");
  };
  const half = await attempt(verdicts, { mailbox });
  assertEquals([half.ends, half.asked], [["deferred 4.3.0"], asked], "and asked again under the same ones");
});

Deno.test("no two recipients, items or forwards of a mail share an opId, and an attempt that is repeated has the same", async () => {
  const verdicts = {
    "a@here.test": local(["x@here.test"], ["a@far.test"]),
    "b@here.test": local(["x@here.test"], ["b@far.test"]),
  };
  const first = await attempt(verdicts);
  const other = await attempt(verdicts, { item: 2 });
  const opIds = [first, other].flatMap(({ asked, forwards }) => [...asked, ...forwards].map(({ opId }) => opId));
  assertEquals(new Set(opIds).size, 8);
  assertEquals(first.forwards.length, 2);
  const again = await attempt({ "b@here.test": verdicts["b@here.test"] });
  assertEquals(
    [again.asked[0], again.forwards[0]],
    [first.asked[1], first.forwards[1]],
    "though it is the first by now",
  );
});

Deno.test("a list gets a mail when the mailboxes of the address have it; while it is away the whole item waits", async () => {
  const verdicts = { "list@here.test": local(["x@here.test"], [], ["one", "two"]) };
  const taken = await attempt(verdicts);
  assertEquals([taken.ends, taken.asked.length, new Set(taken.listed).size], [["delivered 2.0.0"], 1, 2]);
  const down = () => {
    throw new Failure("down", "test");
  };
  const waits = await attempt(verdicts, { mailbox: down });
  assertEquals([waits.ends, waits.listed], [["deferred 4.3.0"], []]);
  const away = await attempt({ "a@here.test": local(["a@here.test"]), ...verdicts }, { list: down });
  assertEquals(away.result, { type: "later" });
  const broken = () => {
    throw new Failure("disk", "test");
  };
  assertEquals((await attempt(verdicts, { list: broken })).ends, ["deferred 4.3.0"]);
  const refused = () => ({ type: "refused", status: "5.7.1", text: "members only" });
  const alone = { "list@here.test": local([], [], ["one"]) };
  assertEquals((await attempt(alone, { list: refused })).ends, ["failed 5.7.1"]);
});

Deno.test("while the directory has not answered no attempt is made, here or elsewhere", async () => {
  const services = { routes: { resolve: () => null } } as unknown as QueueServices;
  const recipients = [{ address: "a@here.test", notify: null, orcpt: null, last: null }];
  const held = { item: 1, message: 1, destination: "here.test", dueMs: 0, held: false, attempts: 0, warned: false };
  const envelope = { ...NO_PARAMETERS, id: "m", sender: "", account: null };
  const message = { message: 1, envelope, size: 4, createdMs: 0 };
  const attempted = await tryOnce({ item: { ...held, recipients, notes: [] }, message, parts: [] }, services);
  assertEquals(attempted, { type: "later" });
});
