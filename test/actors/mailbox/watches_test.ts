import { assertEquals, assertRejects } from "@std/assert";
import { Failure, utf8 } from "../../../src/base/mod.ts";
import type { AccountId } from "../../../src/mail/account.ts";
import type { Tidings } from "../../../src/mail/watch.ts";
import { INBOX_NAME, type MailboxName } from "../../../src/mail/mailbox_name.ts";
import type { WatchGroup } from "../../../src/mail/watch.ts";
import { Atlases, Pending, WatchScope } from "../../../src/actors/mailbox/watches/mod.ts";
import { adding } from "../../storage/account_inputs.ts";
import { ALL, openSession, uids } from "./sessions.ts";
import { FRED, johns, named, setAcl } from "./shared_world.ts";
import {
  inMailbox,
  JOHN,
  type Listener,
  MAIL,
  type MailboxWorld,
  MARY,
  put,
  settle,
  spawnListener,
} from "./support.ts";

const MESSAGES = ["messages", "flags"] as const;
const TREE = ["names", "subscriptions", "metadata"] as const;

function group(filter: WatchGroup["filter"], events: WatchGroup["events"], ...names: string[]): WatchGroup {
  return { filter, names: names.map(named), events };
}

/** A session that watches, as its listener sees it. */
class Watcher {
  constructor(
    private readonly world: MailboxWorld,
    readonly listener: Listener,
    readonly account: AccountId,
    readonly watch: number,
  ) {}
  async tidings(): Promise<Tidings> {
    await settle();
    this.world.clock.advance(200);
    await settle();
    return await this.world.mailbox.ask("mailbox.tidings", { account: this.account, watch: this.watch });
  }
  /** In words, and whether the session was told that there is something. */
  async heard(): Promise<string[]> {
    await settle();
    this.world.clock.advance(200);
    await settle();
    const told = this.listener.stirred.splice(0).includes(this.watch);
    const { names, metadata, mailboxes, overflow } = await this.tidings();
    const words = [
      ...names.map(({ entry, oldName, noAccess, hasChildren }) =>
        [
          entry.mailbox > 0 ? "+" : "-",
          entry.name,
          ...(oldName === null ? [] : [`was ${oldName}`]),
          ...(entry.subscribed ? ["subscribed"] : []),
          ...(hasChildren ? ["parent"] : []),
          ...(noAccess ? ["noAccess"] : []),
        ].join(" ")
      ),
      ...metadata.map(({ name, entries }) => `${name || "account"}: ${entries.join(" ")}`),
      ...mailboxes.map(({ entry, events }) => `${entry.name} ${entry.status!.messages} (${events.join(" ")})`),
      ...(overflow ? ["overflow"] : []),
    ];
    assertEquals(told, words.length > 0, words.join(", ") || "nothing");
    return words;
  }
}

let sessions = 0;

async function watching(
  world: MailboxWorld,
  groups: readonly WatchGroup[],
  { account = JOHN, session = `w${++sessions}`, listener = null as Listener | null } = {},
): Promise<Watcher> {
  const heard = listener ?? await spawnListener(world, `front-${session}`);
  const of = { account, subscriber: heard.ref.address, session };
  const opened = await world.mailbox.ask("mailbox.watch", { ...of, groups, status: false });
  if (opened.type !== "watching") throw new Error("too many watches");
  return new Watcher(world, heard, account, opened.watch);
}

function create({ mailbox }: MailboxWorld, name: string, more: { account?: AccountId; by?: number } = {}) {
  return mailbox.ask("mailbox.create", { account: JOHN, name: named(name), specialUse: null, ...more });
}

function append({ mailbox }: MailboxWorld, name: MailboxName, more: { account?: AccountId; by?: number } = {}) {
  const messages = [{ parts: [MAIL], index: null, internalDateMs: null, flags: 0, keywords: [] }];
  const opId = `op/${++sessions}`;
  return mailbox.ask("mailbox.append", { account: JOHN, opId, name, quotaBytes: 0, messages, ...more });
}

Deno.test("however much happens to a mailbox, a watch tells it once, as it is when it is asked", () =>
  inMailbox(async (world) => {
    const john = await watching(world, [group("personal", MESSAGES)]);
    for (let i = 0; i < 3; i++) await put(world, `op/a${i}`);
    await append(world, named("Sent"));
    assertEquals(await john.heard(), ["INBOX 3 (messages flags)", "Sent 1 (messages flags)"]);
    assertEquals(await john.heard(), []);
    await world.shard.storeFlags(JOHN, 1, [1], adding(1));
    await world.mailbox.ask("mailbox.expunge", { account: JOHN, mailbox: 1, uids: [2 as never] });
    assertEquals(await john.heard(), ["INBOX 2 (messages flags)"]);
    await put(world, "op/mary", [MARY]);
    assertEquals(await john.heard(), []);
  }));

Deno.test("a burst is told at its beginning and at its end", () =>
  inMailbox(async (world) => {
    const john = await watching(world, [group("personal", MESSAGES)]);
    await put(world, "op/1");
    await settle();
    assertEquals(john.listener.stirred, [john.watch]);
    await world.mailbox.ask("mailbox.tidings", { account: JOHN, watch: john.watch });
    for (let i = 2; i < 20; i++) await put(world, `op/${i}`);
    await settle();
    assertEquals(john.listener.stirred, [john.watch]);
    world.clock.advance(100);
    await settle();
    assertEquals(john.listener.stirred, [john.watch, john.watch]);
    assertEquals((await john.tidings()).mailboxes.map(({ entry }) => entry.status!.messages), [19]);
  }));

Deno.test("only what is asked for is told: by name, below a name, subscribed, and not where a group says nothing", () =>
  inMailbox(async (world) => {
    for (const name of ["Lists/a", "Lists/b", "Other", "Plain"]) await create(world, name);
    await world.mailbox.ask("mailbox.subscription", { account: JOHN, name: named("Other"), subscribed: true });
    const fill = async () => {
      for (const name of ["INBOX", "Lists/a", "Lists/b", "Other", "Plain", "Junk"]) await append(world, named(name));
    };
    const cases: readonly (readonly [WatchGroup[], string[]])[] = [
      [[group("mailboxes", ["messages"], "Plain", "Lists", "nowhere")], ["Plain"]],
      [[group("subtree", ["messages"], "Lists")], ["Lists/a", "Lists/b"]],
      [[group("subscribed", ["messages"]), group("mailboxes", [], "Junk", "INBOX")], ["Other"]],
      [[group("inboxes", ["messages"]), group("subtree", [], "Lists")], ["INBOX", "Other", "Plain", "Junk"]],
      [[group("personal", ["names"])], []],
    ];
    for (const [groups, names] of cases) {
      const watcher = await watching(world, groups);
      await fill();
      const told = (await watcher.heard()).map((line) => line.replace(/ \d+ \(.*$/, ""));
      assertEquals(told, names);
      await world.mailbox.ask("mailbox.close", { account: JOHN, view: watcher.watch });
    }
  }));

Deno.test("a mailbox that the session has open is its view's affair, and others' of the same account are not", () =>
  inMailbox(async (world) => {
    const john = await watching(world, [group("personal", MESSAGES)], { session: "s-open" });
    const session = await openSession(world, { session: "s-open", listener: john.listener });
    const other = await watching(world, [group("personal", MESSAGES)]);
    await put(world, "op/1");
    await settle();
    assertEquals(john.listener.stirred, [session.opened.view]);
    assertEquals(await other.heard(), ["INBOX 1 (messages flags)"]);
    await session.close();
    await put(world, "op/2");
    assertEquals(await john.heard(), ["INBOX 2 (messages flags)"]);
  }));

Deno.test("a session is not told of what it did itself, but of what happened besides", () =>
  inMailbox(async (world) => {
    const groups = [group("personal", [...MESSAGES, ...TREE])];
    const john = await watching(world, groups, { session: "s-own" });
    const other = await watching(world, groups);
    const by = { by: john.watch };
    await append(world, named("Sent"), by);
    await create(world, "New", by);
    const session = await openSession(world, { session: "s-own", listener: john.listener });
    john.listener.stirred.length = 0;
    await put(world, "op/1");
    await session.news();
    await session.ask("mailbox.copy", { set: uids(1, 1), to: named("New"), move: false, ...by });
    await session.close();
    const annotation = { name: named("New"), values: [{ entry: "/private/comment", value: utf8("x") }] };
    await world.mailbox.ask("mailbox.setMetadata", { account: JOHN, ...annotation, ...by });
    await world.mailbox.ask("mailbox.subscription", { account: JOHN, name: named("New"), subscribed: true, ...by });
    await world.mailbox.ask("mailbox.rename", { account: JOHN, from: named("New"), to: named("Newer"), ...by });
    await world.mailbox.ask("mailbox.remove", { account: JOHN, name: named("Newer"), ...by });
    await settle();
    assertEquals(await john.tidings(), { names: [], metadata: [], mailboxes: [], more: false, overflow: false });
    assertEquals((await other.heard()).includes("Sent 1 (messages flags)"), true);
    // Two messages come at once, one of them by somebody else.
    world.hold = true;
    const both = [append(world, named("Sent"), by), append(world, named("Sent"))];
    await settle();
    world.hold = false;
    world.flush();
    await Promise.all(both);
    assertEquals(await john.heard(), ["Sent 3 (messages flags)"]);
  }));

Deno.test("names are told as they are made, removed and renamed, with the name above, and INBOX stays", () =>
  inMailbox(async (world) => {
    const john = await watching(world, [group("personal", ["names"])]);
    await create(world, "a/b/c");
    assertEquals(await john.heard(), ["+ a parent", "+ a/b parent", "+ a/b/c"]);
    await world.mailbox.ask("mailbox.remove", { account: JOHN, name: named("a/b/c") });
    assertEquals(await john.heard(), ["+ a/b", "- a/b/c"]);
    await create(world, "a/b/c");
    await john.heard();
    await world.mailbox.ask("mailbox.rename", { account: JOHN, from: named("a/b"), to: named("x/y") });
    assertEquals(await john.heard(), ["+ x parent", "+ x/y was a/b parent"]);
    await world.mailbox.ask("mailbox.rename", { account: JOHN, from: named("x/y"), to: named("y") });
    await world.mailbox.ask("mailbox.rename", { account: JOHN, from: named("y"), to: named("z") });
    assertEquals(await john.heard(), ["+ z was x/y parent"]);
    await put(world, "op/1");
    await world.mailbox.ask("mailbox.rename", { account: JOHN, from: INBOX_NAME, to: named("Old") });
    assertEquals(await john.heard(), ["+ Old was INBOX"]);
    assertEquals(await create(world, "a"), { type: "exists" });
    assertEquals(await john.heard(), []);
  }));

Deno.test("subscriptions are told when they change, also of names without a mailbox", () =>
  inMailbox(async (world) => {
    const john = await watching(world, [group("subscribed", ["subscriptions", "messages"])]);
    const subscribe = (name: string, subscribed: boolean) =>
      world.mailbox.ask("mailbox.subscription", { account: JOHN, name: named(name), subscribed });
    await subscribe("nowhere", true);
    await subscribe("nowhere", true);
    assertEquals(await john.heard(), ["- nowhere subscribed"]);
    await subscribe("INBOX", false);
    assertEquals(await john.heard(), ["+ INBOX"]);
    await put(world, "op/1");
    assertEquals(await john.heard(), []);
    await subscribe("INBOX", true);
    await put(world, "op/2");
    assertEquals(await john.heard(), ["+ INBOX subscribed", "INBOX 2 (messages)"]);
  }));

Deno.test("annotations are told by the names of their entries, those of the account to whom it asked", () =>
  inMailbox(async (world) => {
    const john = await watching(world, [group("mailboxes", ["metadata"], "INBOX")]);
    const server = await watching(world, [group("mailboxes", ["accountMetadata"], "nowhere")]);
    const set = (name: MailboxName | "", ...entries: string[]) =>
      world.mailbox.ask("mailbox.setMetadata", {
        ...{ account: JOHN, name },
        values: entries.map((entry) => ({ entry, value: utf8("x") })),
      });
    await set(INBOX_NAME, "/private/a", "/shared/b");
    await set(INBOX_NAME, "/private/a");
    await set(named("Sent"), "/private/a");
    await set("", "/private/vendor/x");
    assertEquals(await john.heard(), ["INBOX: /private/a /shared/b"]);
    assertEquals(await server.heard(), ["account: /private/vendor/x"]);
  }));

for (const disk of [false, true]) {
  Deno.test(`what others share is told under the name that it is seen by, while it may be read${disk ? ", on the disk" : ""}`, () =>
    inMailbox(async (world) => {
      await create(world, "Plans");
      const root = "Other Users/john@smith.test";
      const mary = await watching(world, [group("subtree", [...MESSAGES, ...TREE], root)], { account: MARY });
      const fred = await watching(world, [group("subtree", [...MESSAGES, ...TREE], root)], { account: FRED });
      const plans = { name: named("Plans") };
      await append(world, named("Plans"));
      assertEquals(await mary.heard(), []);
      await setAcl(world, "mary@smith.test", "lr", plans);
      assertEquals(await mary.heard(), [`- ${root} parent`, `+ ${root}/Plans`]);
      await append(world, named("Plans"));
      await append(world, named("Sent"));
      assertEquals(await mary.heard(), [`${root}/Plans 2 (messages flags)`]);
      const values = [{ entry: "/private/a", value: utf8("x") }, { entry: "/shared/a", value: utf8("x") }];
      await world.mailbox.ask("mailbox.setMetadata", { account: JOHN, ...plans, values });
      assertEquals(await mary.heard(), [`${root}/Plans: /shared/a`]);
      await create(world, "Plans/Sub");
      assertEquals(await mary.heard(), [`+ ${root}/Plans parent`, `+ ${root}/Plans/Sub`]);
      await world.mailbox.ask("mailbox.rename", { account: JOHN, from: named("Plans"), to: named("Dreams") });
      assertEquals(await mary.heard(), [`+ ${root}/Dreams was ${root}/Plans parent`]);
      // What came while it might be read is not told any more.
      await append(world, named("Dreams"));
      await setAcl(world, "mary@smith.test", "l", { name: named("Dreams") });
      assertEquals(await mary.heard(), [`+ ${root}/Dreams parent noAccess`]);
      await append(world, named("Dreams"));
      await world.mailbox.ask("mailbox.setMetadata", { account: JOHN, name: named("Dreams"), values });
      assertEquals(await mary.heard(), []);
      await setAcl(world, "mary@smith.test", "", { name: named("Dreams/Sub") });
      assertEquals(await mary.heard(), [`+ ${root}/Dreams noAccess`, `- ${root}/Dreams/Sub`]);
      await world.mailbox.ask("mailbox.remove", { account: JOHN, name: named("Dreams") });
      assertEquals(await mary.heard(), [`- ${root}`, `- ${root}/Dreams`]);
      assertEquals(await fred.heard(), []);
    }, { disk }));
}

Deno.test("annotations of messages are told to those that watch for them, private ones to their owner alone (RFC 5465 §5.1)", () =>
  inMailbox(async (world) => {
    await put(world, "op/1");
    await setAcl(world, "mary@smith.test", "lrn");
    const all = [...MESSAGES, "annotations"] as const;
    const john = await watching(world, [group("personal", all)]);
    const flags = await watching(world, [group("personal", MESSAGES)]);
    const mary = await watching(world, [group("mailboxes", all, johns("INBOX"))], { account: MARY });
    const session = await openSession(world);
    const annotate = (scope: "priv" | "shared") =>
      session.ask("mailbox.annotate", {
        ...{ set: ALL, unchangedSince: null },
        changes: [{ entry: "/comment", scope, value: utf8(scope) }],
      });
    const heard = async () => [await john.heard(), await flags.heard(), await mary.heard()];
    await annotate("shared");
    assertEquals(await heard(), [
      ["INBOX 1 (messages flags annotations)"],
      [],
      [`${johns("INBOX")} 1 (messages flags annotations)`],
    ]);
    await annotate("priv");
    assertEquals(await heard(), [["INBOX 1 (messages flags annotations)"], [], []]);
    await session.store(ALL, "add", { flags: 1 });
    assertEquals((await heard()).map(({ length }) => length), [1, 1, 1]);
  }));

Deno.test("who watches messages alone is told of a right that goes, and of one that comes back (RFC 5465 §5.9)", () =>
  inMailbox(async (world) => {
    await setAcl(world, "mary@smith.test", "lr");
    const mary = await watching(world, [group("mailboxes", MESSAGES, johns("INBOX"))], { account: MARY });
    await setAcl(world, "mary@smith.test", "");
    assertEquals(await mary.heard(), [`- ${johns("INBOX")} noAccess`]);
    await put(world, "op/1");
    assertEquals(await mary.heard(), []);
    await setAcl(world, "mary@smith.test", "lr");
    await put(world, "op/2");
    assertEquals(await mary.heard(), [`+ ${johns("INBOX")}`, `${johns("INBOX")} 2 (messages flags)`]);
  }));

Deno.test("a watch begins with the state of what it watches, but for what is open, and with what is out of reach", () =>
  inMailbox(async (world) => {
    await put(world, "op/1");
    await setAcl(world, "mary@smith.test", "l", { name: named("Sent") });
    await setAcl(world, "mary@smith.test", "lr", { name: named("Drafts") });
    const session = await openSession(world, { account: MARY, session: "s-first" });
    const groups = [group("personal", MESSAGES), group("subtree", ["messages"], "Other Users")];
    const of = { account: MARY, subscriber: session.listener.ref.address, session: "s-first", groups };
    const first = async (status: boolean) => {
      const opened = await world.mailbox.ask("mailbox.watch", { ...of, status });
      if (opened.type !== "watching") throw new Error("too many watches");
      return opened.mailboxes.map(({ entry, events }) => `${entry.name} ${entry.status?.messages ?? "?"} ${events}`);
    };
    const others = [`${johns("Drafts")} 0 messages`, `${johns("Sent")} ? messages`];
    assertEquals(await first(true), [
      ...["Archive", "Drafts", "Junk", "Sent", "Trash"].map((name) => `${name} 0 messages,flags`),
      ...others,
    ]);
    assertEquals(await first(false), others.slice(1));
    // A session has one watch, and one that takes its place.
    assertEquals(await world.mailbox.ask("mailbox.watch", { ...of, status: false }), { type: "tooMany" });
  }));

Deno.test("more than a watch may keep ends it, and it says so once", () =>
  inMailbox(async (world) => {
    const john = await watching(world, [group("personal", ["metadata"])]);
    for (let i = 0; i < 50; i++) {
      const values = Array.from({ length: 100 }, (_, at) => ({ entry: `/private/e${i}-${at}`, value: null }));
      await world.mailbox.ask("mailbox.setMetadata", { account: JOHN, name: INBOX_NAME, values });
    }
    assertEquals((await john.tidings()).overflow, true);
    const gone = { account: JOHN, watch: john.watch };
    assertEquals((await assertRejects(() => world.mailbox.ask("mailbox.tidings", gone), Failure)).kind, "not_found");
  }));

Deno.test("the watches of a listener that is gone are gone, and an account has so many at most", () =>
  inMailbox(async (world) => {
    const first = await watching(world, [group("personal", MESSAGES)]);
    const { listener } = first;
    for (let i = 1; i < 250; i++) await watching(world, [group("personal", MESSAGES)], { listener, session: `l${i}` });
    await assertRejects(() => watching(world, [group("personal", MESSAGES)], { listener, session: "l250" }));
    // Another account has its own.
    await watching(world, [group("personal", MESSAGES)], { listener, session: "m", account: MARY });
    await world.system.stop(listener.ref.address.actor);
    await settle();
    await watching(world, [group("personal", MESSAGES)], { session: "l251" });
    const gone = { account: JOHN, watch: first.watch };
    assertEquals((await assertRejects(() => world.mailbox.ask("mailbox.tidings", gone), Failure)).kind, "not_found");
  }));

Deno.test("an account that is removed leaves nothing to watch", () =>
  inMailbox(async (world) => {
    const john = await watching(world, [group("personal", MESSAGES)]);
    await put(world, "op/1");
    await world.mailbox.ask("mailbox.purge", { account: JOHN });
    assertEquals(await john.heard(), ["overflow"]);
  }));

Deno.test("another account's watch is not known", () =>
  inMailbox(async (world) => {
    const john = await watching(world, [group("personal", MESSAGES)]);
    const asked = { account: MARY, watch: john.watch };
    assertEquals((await assertRejects(() => world.mailbox.ask("mailbox.tidings", asked), Failure)).kind, "not_found");
    await world.mailbox.ask("mailbox.close", { account: MARY, view: john.watch });
    await put(world, "op/1");
    assertEquals(await john.heard(), ["INBOX 1 (messages flags)"]);
  }));

Deno.test("a name is looked up in as many steps as it has levels, and a group without events silences it", () => {
  const below = Array.from({ length: 999 }, (_, i) => `m${i}`);
  const scope = new WatchScope([group("subtree", ["messages"], ...below), group("mailboxes", [], "m5/x")]);
  assertEquals(
    [named("m998/a/b"), named("m5/x"), named("m5/x/y"), named("m5"), named("other")].map((name) =>
      scope.eventsOf(name, false)
    ),
    [1, 0, 1, 1, 0],
  );
  assertEquals([scope.others, scope.bySubscription], [false, false]);
});

Deno.test("what is pending is taken in pages, names before messages, and a name that comes back is told once", () => {
  const pending = new Pending(5);
  for (const mailbox of [1, 2, 3]) pending.mark(JOHN, mailbox, 1);
  pending.mark(JOHN, 2, 2);
  for (const name of ["a", "b", "a"]) pending.name(named(name));
  assertEquals(pending.isOver, false);
  const taken = pending.take(1);
  assertEquals([taken.names.map(({ name }) => name), taken.marks], [["b" as MailboxName], []]);
  assertEquals(pending.take(2).marks.map(({ mailbox, events }) => [mailbox, events]), [[1, 1], [2, 3]]);
  assertEquals(pending.isEmpty, false);
  pending.annotated("", ["/private/a", "/private/b", "/private/c", "/private/d"]);
  assertEquals(pending.isOver, false);
  pending.annotated("", ["/private/e"]);
  assertEquals(pending.isOver, true);
});

Deno.test("atlases are read again when a number is new, and the oldest goes when there are too many names", () => {
  const trees = new Map([[JOHN, 3], [MARY, 3]]);
  let reads = 0;
  const mailboxes = (account: AccountId) => {
    reads++;
    const count = trees.get(account)!;
    return Array.from({ length: count }, (_, i) => ({
      ...{ mailbox: i + 1, name: named(`m${i + 1}`), objectId: "", specialUse: null, subscribed: i === 0 },
    }));
  };
  const atlases = new Atlases({ mailboxes }, 5);
  assertEquals([atlases.node(JOHN, 2)?.name, atlases.node(JOHN, 3)?.name, reads], [named("m2"), named("m3"), 1]);
  trees.set(JOHN, 4);
  assertEquals([atlases.node(JOHN, 4)?.name, reads], [named("m4"), 2]);
  atlases.of(MARY);
  atlases.of(MARY);
  assertEquals(reads, 3);
  atlases.of(JOHN);
  assertEquals(reads, 4);
});
