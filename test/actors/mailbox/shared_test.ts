import { assertEquals, assertRejects } from "@std/assert";
import { Failure, utf8 } from "../../../src/base/mod.ts";
import type { AccountId } from "../../../src/mail/account.ts";
import { Flag } from "../../../src/mail/flag.ts";
import type { MailboxName } from "../../../src/mail/mailbox_name.ts";
import type { Uid } from "../../../src/mail/uid.ts";
import type { TextSearch } from "../../../src/actors/mailbox/search/mod.ts";
import { NO_FIELDS } from "../../support/no_texts.ts";
import { ALL, inTurns, openSession, uids } from "./sessions.ts";
import { FRED, johns, named, othersOf, rights, setAcl } from "./shared_world.ts";
import { inMailbox, JOHN, MAIL, type MailboxWorld, MARY, put, settle, spawnListener } from "./support.ts";

const INBOX = johns("INBOX");
const WHOLE = { uidValidity: null, uid: 1, offset: 0, length: 9, index: false };

async function kindOf(work: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => work, Failure)).kind;
}

function create({ mailbox }: MailboxWorld, account: AccountId, name: MailboxName) {
  return mailbox.ask("mailbox.create", { account, name, specialUse: null });
}

function append(
  { mailbox }: MailboxWorld,
  account: AccountId,
  name: MailboxName,
  { flags = 0, keywords = [], ...more }: {
    readonly flags?: number;
    readonly keywords?: readonly string[];
    readonly replaces?: { readonly view: number; readonly uid: Uid };
  } = {},
) {
  const message = { parts: [MAIL], index: null, internalDateMs: null, flags, keywords };
  return mailbox.ask("mailbox.append", {
    ...{ account, opId: crypto.randomUUID(), name, quotaBytes: 0, messages: [message] },
    ...more,
  });
}

for (const disk of [false, true]) {
  Deno.test(`what is shared is seen by those it is shared with, and by nobody else${disk ? ", on the disk" : ""}`, () =>
    inMailbox(async (world) => {
      await create(world, JOHN, named("Plans/Secret"));
      assertEquals(await othersOf(world, MARY), []);
      assertEquals(await setAcl(world, "mary@smith.test", "lr"), { type: "done" });
      assertEquals(await setAcl(world, "mary@smith.test", "lr", { name: named("Plans/Secret") }), { type: "done" });
      assertEquals(await othersOf(world, MARY), [
        "(Other Users)",
        "(Other Users/john@smith.test)",
        `${INBOX} lr`,
        "(Other Users/john@smith.test/Plans)",
        `${johns("Plans/Secret")} lr`,
      ]);
      assertEquals([await othersOf(world, FRED), await othersOf(world, JOHN)], [[], []]);
      await setAcl(world, "mary@smith.test", "");
      await setAcl(world, "mary@smith.test", "", { name: named("Plans/Secret") });
      assertEquals(await othersOf(world, MARY), []);
      assertEquals([...world.shard.shared()], []);
    }, { disk }));
}

Deno.test("an access list survives the actor, and one of another domain of the shard is not seen", () =>
  inMailbox(async (world) => {
    await world.shard.setAcl("out1" as AccountId, 1, [["boss@other.test", "lrswipkxtea out1"], ["anyone", "lr"]]);
    await world.shard.setAcl(JOHN, 1, [["john@smith.test", `lrswipkxtea ${JOHN}`], ["anyone", "lr"]]);
    assertEquals(await othersOf(world, MARY), ["(Other Users)", "(Other Users/john@smith.test)", `${INBOX} lr`]);
    assertEquals(await othersOf(world, "out2" as AccountId), await othersOf(world, MARY));
    const foreign = named("Other Users/boss@other.test/INBOX");
    assertEquals(await world.mailbox.ask("mailbox.statusOf", { account: MARY, names: [foreign] }), { entries: [null] });
  }));

Deno.test("a mailbox that may not be looked up is answered for as one that is not there, whatever is asked (I20)", () =>
  inMailbox(async (world) => {
    await put(world, "op/1");
    await setAcl(world, "fred@smith.test", "lrswipkxtea");
    const session = await openSession(world, { account: MARY });
    const names = [INBOX, johns("nothing"), named("Other Users/nobody@smith.test/INBOX"), named("Other Users/x")];
    const answers = await Promise.all(names.map(async (name) => {
      const of = { account: MARY, name };
      const ask = async (work: Promise<unknown>) => {
        try {
          return await work;
        } catch (error) {
          return (error as Failure).kind;
        }
      };
      const { mailbox } = world;
      const [one, ...rest] = [
        await ask(mailbox.ask("mailbox.statusOf", { account: MARY, names: [name] })),
        await ask(append(world, MARY, name)),
        await ask(session.ask("mailbox.copy", { set: ALL, to: name, move: false })),
        await ask(mailbox.ask("mailbox.remove", of)),
        await ask(mailbox.ask("mailbox.rename", { account: MARY, from: name, to: johns("other") })),
        await ask(create(world, MARY, named(`${name}/below`))),
        await ask(mailbox.ask("mailbox.acl", of)),
        await ask(setAcl(world, "anyone", "lr", { as: MARY, name })),
        await ask(mailbox.ask("mailbox.metadata", { account: MARY, names: [name], entries: ["/shared"], depth: "1" })),
        await ask(mailbox.ask("mailbox.setMetadata", { ...of, values: [{ entry: "/shared/x", value: null }] })),
        await ask(mailbox.ask("mailbox.open", {
          ...{ ...of, readOnly: false, since: null, session: "s", quotaBytes: 0 },
          subscriber: session.listener.ref.address,
        })),
      ];
      return [one, ...rest];
    }));
    for (const answer of answers) assertEquals(answer, answers[1]);
    assertEquals(answers[0]!.slice(5, 7), ["refused", { type: "missing" }]);
  }));

Deno.test("each right lets do what it is for, and nothing else", () =>
  inMailbox(async (world) => {
    await put(world, "op/1");
    await create(world, JOHN, named("Box/Sub"));
    const name = johns("Box");
    const of = { account: MARY, name };
    const own = await openSession(world, { account: MARY });
    const open = {
      ...{ ...of, readOnly: false, since: null, session: "s", quotaBytes: 0 },
      subscriber: own.listener.ref.address,
    };
    const tries: readonly (readonly [right: string, attempt: () => Promise<unknown>])[] = [
      ["r", () => world.mailbox.ask("mailbox.open", open)],
      ["r", () => world.mailbox.ask("mailbox.urlToken", { ...of, uidValidity: null, rump: "imap:" })],
      ["r", () => world.mailbox.ask("mailbox.resetKey", of)],
      ["r", () => world.mailbox.ask("mailbox.readNamed", { ...of, ...WHOLE })],
      ["i", () => append(world, MARY, name)],
      ["i", () => own.ask("mailbox.copy", { set: ALL, to: name, move: false })],
      ["k", () => create(world, MARY, named(`${name}/made`))],
      ["a", () => world.mailbox.ask("mailbox.acl", of)],
      ["a", () => setAcl(world, "fred@smith.test", "l", { as: MARY, name })],
      ["x", () => world.mailbox.ask("mailbox.remove", of)],
    ];
    for (const given of ["l", "lr", "li", "lk", "la", "lx"]) {
      await setAcl(world, "mary@smith.test", given, { name: named("Box") });
      for (const [right, attempt] of tries) {
        if (right !== "x" && given.includes(right)) await attempt();
        else if (!given.includes(right)) assertEquals(await kindOf(attempt()), "refused", `${right} with ${given}`);
      }
    }
    assertEquals((await world.mailbox.ask("mailbox.remove", of)).type, "done");
    assertEquals(await othersOf(world, MARY), [
      "(Other Users)",
      "(Other Users/john@smith.test)",
      "(Other Users/john@smith.test/Box)",
      `${johns("Box/made")} lk`,
    ]);
  }));

Deno.test("names are told to who may look them up, counts and annotations to who may read besides (RFC 4314 §4)", () =>
  inMailbox(async (world) => {
    await put(world, "op/1");
    const of = { account: MARY, name: INBOX };
    const value = { entry: "/shared/comment", value: utf8("all's") };
    await world.mailbox.ask("mailbox.setMetadata", { account: JOHN, name: named("INBOX"), values: [value] });
    const seen = async (given: string) => {
      await setAcl(world, "mary@smith.test", given);
      const { entries: [entry] } = await world.mailbox.ask("mailbox.statusOf", { account: MARY, names: [INBOX] });
      const asked = { account: MARY, names: [INBOX], entries: [value.entry], depth: "0" } as const;
      const { found: [annotations] } = await world.mailbox.ask("mailbox.metadata", asked);
      const set = world.mailbox.ask("mailbox.setMetadata", { ...of, values: [value] });
      const outcome = await set.then(({ type }) => type, (error: Failure) => error.kind);
      return [entry === null ? "none" : entry!.status?.messages ?? "unread", annotations!.type, outcome];
    };
    assertEquals(await seen("l"), ["unread", "denied", "refused"]);
    assertEquals(await seen("lr"), [1, "found", "refused"]);
    assertEquals(await seen("lrw"), [1, "found", "done"]);
    assertEquals(await seen("rw"), [1, "missing", "missing"]);
    assertEquals(await seen("swte"), ["none", "missing", "missing"]);
  }));

Deno.test("flags change as far as each right goes, and a view of somebody who may change nothing is read-only", () =>
  inMailbox(async (world) => {
    await put(world, "op/1");
    await setAcl(world, "mary@smith.test", "lr");
    assertEquals((await openSession(world, { account: MARY, name: INBOX })).opened.readOnly, true);
    await setAcl(world, "mary@smith.test", "lrs");
    const session = await openSession(world, { account: MARY, name: INBOX });
    assertEquals([session.opened.readOnly, session.opened.rights], [false, rights("lrs")]);
    const flagsNow = () => world.shard.list(JOHN, 1, 0, 9).rows.map(({ flags, keywords }) => [flags, ...keywords]);
    await session.store(ALL, "add", { flags: Flag.seen | Flag.deleted | Flag.flagged, keywords: ["$Forwarded"] });
    assertEquals(flagsNow(), [[Flag.seen]]);
    assertEquals(await kindOf(session.store(ALL, "add", { flags: Flag.deleted })), "refused");
    assertEquals(await kindOf(session.store(ALL, "add", { keywords: ["a"] })), "refused");
    const owner = await openSession(world);
    await owner.store(ALL, "replace", { flags: Flag.flagged | Flag.deleted, keywords: ["own"] });
    // What may not be changed stays when all is replaced.
    await session.store(ALL, "replace", { flags: Flag.seen });
    assertEquals(flagsNow(), [[Flag.seen | Flag.flagged | Flag.deleted, "own"]]);
    await setAcl(world, "mary@smith.test", "lrw");
    await session.store(ALL, "replace", { flags: Flag.answered, keywords: ["hers"] });
    assertEquals(flagsNow(), [[Flag.seen | Flag.answered | Flag.deleted, "hers"]]);
    assertEquals(await kindOf(session.ask("mailbox.expungeDeleted", { set: null })), "refused");
    await setAcl(world, "mary@smith.test", "lre");
    await inTurns(world, session.ask("mailbox.expungeDeleted", { set: null }));
    assertEquals(flagsNow(), []);
  }));

Deno.test("messages are copied and moved between one's own mailboxes and shared ones, without the flags one may not set", () =>
  inMailbox(async (world) => {
    const flags = Flag.seen | Flag.flagged | Flag.deleted;
    await append(world, MARY, named("INBOX"), { flags, keywords: ["mine"] });
    const own = await openSession(world, { account: MARY });
    await setAcl(world, "mary@smith.test", "lrsi");
    const told: string[] = [];
    const stop = world.shard.onChange((account, mailbox, { kind }) => told.push(`${account} ${mailbox} ${kind}`));
    const copied = await own.ask("mailbox.copy", { set: ALL, to: INBOX, move: false });
    stop();
    // Never others for a moment.
    assertEquals(told, [`${JOHN} 1 delivered`]);
    assertEquals(copied.type === "copied" && [...copied.to], [1, 1]);
    const [row] = world.shard.rowsAt(JOHN, 1, 0, { limit: 9, index: false }).rows;
    assertEquals([row!.flags, [...row!.keywords]], [Flag.seen, []]);
    await append(world, MARY, INBOX, { flags: Flag.seen | Flag.answered, keywords: ["a"] });
    const stored = world.shard.list(JOHN, 1, 1, 9).rows.map(({ flags, keywords }) => [flags, [...keywords]]);
    assertEquals(stored, [[Flag.seen, []]]);
    const shared = await openSession(world, { account: MARY, name: INBOX });
    for (const given of ["lrsi", "lrsit", "lrsie"]) {
      await setAcl(world, "mary@smith.test", given);
      const moved = shared.ask("mailbox.copy", { set: ALL, to: named("Trash"), move: true });
      assertEquals(await kindOf(moved), "refused", given);
      const replaces = { view: shared.opened.view, uid: 1 as Uid };
      assertEquals(await kindOf(append(world, MARY, INBOX, { replaces })), "refused", given);
    }
    await setAcl(world, "mary@smith.test", "t", { how: "add" });
    const moved = await shared.ask("mailbox.copy", { set: ALL, to: named("Trash"), move: true });
    assertEquals(moved.type === "copied" && [...moved.from], [1, 2]);
    assertEquals([world.shard.status(JOHN, 1).messages, world.shard.status(MARY, 4).messages], [0, 2]);
    assertEquals([world.shard.usage(JOHN).messages, world.shard.usage(MARY).messages], [0, 3]);
    await setAcl(world, "mary@smith.test", "lrwi");
    await own.ask("mailbox.copy", { set: ALL, to: INBOX, move: true });
    const came = world.shard.rowsAt(JOHN, 1, 0, { limit: 9, index: false }).rows;
    assertEquals(came.map(({ flags, keywords }) => [flags, [...keywords]]), [[Flag.flagged, ["mine"]]]);
    assertEquals([world.shard.status(JOHN, 1).unseen, world.shard.status(MARY, 1).messages], [1, 0]);
  }));

Deno.test("a copy into a shared mailbox counts for its owner", () =>
  inMailbox(async (world) => {
    await put(world, "op/1", [MARY]);
    await setAcl(world, "mary@smith.test", "lri");
    const own = await openSession(world, { account: MARY, quotaBytes: 0 });
    const to = { set: ALL, to: INBOX, move: false };
    assertEquals((await own.ask("mailbox.copy", { ...to, quotaBytes: MAIL.length - 1 })).type, "full");
    assertEquals((await own.ask("mailbox.copy", { ...to, quotaBytes: MAIL.length })).type, "copied");
    assertEquals((await own.ask("mailbox.copy", { ...to, quotaBytes: MAIL.length })).type, "full");
  }));

Deno.test("rights are those of now: what is revoked while a mailbox is selected is gone at once, and who waits is told (I19)", () =>
  inMailbox(async (world) => {
    await put(world, "op/1");
    await setAcl(world, "mary@smith.test", "lrswite");
    const session = await openSession(world, { account: MARY, name: INBOX });
    assertEquals((await session.rows(ALL)).length, 1);
    await setAcl(world, "mary@smith.test", "ste", { how: "remove" });
    await settle();
    assertEquals(session.listener.stirred, [session.opened.view]);
    assertEquals((await session.ask("mailbox.news", { expunges: true })).rights, rights("lrwi"));
    assertEquals(await kindOf(session.store(ALL, "add", { flags: Flag.deleted })), "refused");
    await setAcl(world, "-mary@smith.test", "r");
    await settle();
    assertEquals(session.listener.stirred.length, 2);
    const { view } = session.opened;
    for (
      const work of [
        () => session.rows(ALL),
        () => session.ask("mailbox.read", { uid: 1 as never, offset: 0, length: 9 }),
        () => session.store(ALL, "add", { flags: Flag.flagged }),
        () => session.ask("mailbox.copy", { set: ALL, to: named("Trash"), move: false }),
        () => session.ask("mailbox.search", { program: { type: "all" }, save: "none", modSeq: false }),
        () => session.ask("mailbox.expungeDeleted", { set: null }),
      ]
    ) assertEquals(await kindOf(work()), "not_found");
    assertEquals((await world.mailbox.ask("mailbox.news", { account: MARY, view, expunges: true })).gone, true);
    // Nothing that others have is lost by it, and given back it is there again.
    assertEquals((await (await openSession(world)).rows(ALL)).length, 1);
    await setAcl(world, "-mary@smith.test", "");
    assertEquals((await (await openSession(world, { account: MARY, name: INBOX })).rows(ALL)).length, 1);
  }));

Deno.test("a search that is under way ends when its reader may not read any more", () => {
  const gate = Promise.withResolvers<void>();
  const texts: TextSearch = {
    find: ({ contents }) => gate.promise.then(() => [new Set(contents)]),
    grade: () => Promise.reject(new Error("nothing is looked for with tolerance")),
    ...NO_FIELDS,
    forget() {},
  };
  return inMailbox(async (world) => {
    await put(world, "op/1");
    await setAcl(world, "anyone", "lr");
    const session = await openSession(world, { account: MARY, name: INBOX });
    const program = { type: "body", text: "hello" } as const;
    const ended = kindOf(session.ask("mailbox.search", { program, save: "none", modSeq: false }));
    await setAcl(world, "-anyone", "r");
    gate.resolve();
    assertEquals(await inTurns(world, ended), "not_found");
  }, { texts });
});

Deno.test("who gets an address that another account had gets nothing with it", () =>
  inMailbox(async (world) => {
    await setAcl(world, "mary@smith.test", "lr");
    assertEquals(await othersOf(world, "mary2" as AccountId), []);
    const again = await world.mailbox.ask("mailbox.setAcl", {
      ...{ account: JOHN, name: named("INBOX"), identifier: "mary@smith.test", how: "add", address: "john@smith.test" },
      rights: rights("s"),
      grantee: { id: "mary2" as AccountId, address: "mary@smith.test" },
    });
    assertEquals(again, { type: "done" });
    assertEquals((await othersOf(world, "mary2" as AccountId)).length, 0);
    assertEquals(await othersOf(world, MARY), []);
  }));

Deno.test("the owner keeps all rights, nobody beyond the domain is given any, and unknown names are refused", () =>
  inMailbox(async (world) => {
    assertEquals(await setAcl(world, "john@smith.test", "l"), { type: "owner" });
    await setAcl(world, "-anyone", "lrswipkxtea");
    assertEquals((await openSession(world)).opened.rights, rights("lrswipkxtean"));
    assertEquals(await setAcl(world, "nobody@smith.test", "l"), { type: "unknown" });
    for (const address of ["boss@other.test", "boss@blacksmith.test", "boss@in.smith.test"]) {
      const request = { account: JOHN, name: named("INBOX"), identifier: address, how: "add" } as const;
      const grantee = { id: "out1" as AccountId, address };
      const outcome = await world.mailbox.ask("mailbox.setAcl", {
        ...{ ...request, rights: rights("lr"), address: "john@smith.test", grantee },
      });
      assertEquals(outcome, { type: "unknown" }, address);
    }
  }));

Deno.test("changes of one access list at the same time are all kept", () =>
  inMailbox(async (world) => {
    await Promise.all([
      setAcl(world, "mary@smith.test", "l", { how: "add" }),
      setAcl(world, "mary@smith.test", "r", { how: "add" }),
      setAcl(world, "fred@smith.test", "lr", { how: "add" }),
      setAcl(world, "anyone", "p", { how: "add" }),
    ]);
    const listed = await world.mailbox.ask("mailbox.acl", { account: JOHN, name: named("INBOX") });
    assertEquals(listed.type === "acl" && listed.entries, [
      ["anyone", rights("p")],
      ["fred@smith.test", rights("lr")],
      ["mary@smith.test", rights("lr")],
    ]);
  }));

Deno.test("who administers a mailbox shares it on in the owner's name; new mailboxes are shared as those above them", () =>
  inMailbox(async (world) => {
    await create(world, JOHN, named("Team"));
    await setAcl(world, "mary@smith.test", "lrka", { name: named("Team") });
    await setAcl(world, "fred@smith.test", "lr", { as: MARY, name: johns("Team") });
    assertEquals(await create(world, MARY, johns("Team/a/b")).then(({ type }) => type), "done");
    assertEquals(await othersOf(world, FRED), [
      "(Other Users)",
      "(Other Users/john@smith.test)",
      ...["Team", "Team/a", "Team/a/b"].map((name) => `${johns(name)} lr`),
    ]);
    const listed = await world.mailbox.ask("mailbox.acl", { account: MARY, name: johns("Team/a") });
    assertEquals(listed.type === "acl" && listed.owner, "john@smith.test");
    // A name is the owner's; nobody makes mailboxes of his own among those of others.
    assertEquals(await kindOf(create(world, MARY, named("Other Users/mary@smith.test/x"))), "refused");
    assertEquals(await kindOf(create(world, MARY, named("Other Users"))), "refused");
    const rename = (from: MailboxName, to: MailboxName) =>
      world.mailbox.ask("mailbox.rename", { account: MARY, from, to });
    assertEquals(await kindOf(rename(johns("Team/a"), johns("Team/c"))), "refused");
    await setAcl(world, "mary@smith.test", "x", { as: JOHN, name: named("Team/a"), how: "add" });
    assertEquals((await rename(johns("Team/a"), johns("Team/c"))).type, "done");
    assertEquals((await rename(johns("Team/c"), named("Mine"))).type, "cannot");
    // What stays behind in an INBOX that is renamed is its owner's to say (RFC 9051 §6.3.6).
    await setAcl(world, "mary@smith.test", "lx");
    assertEquals((await rename(INBOX, johns("Team/in"))).type, "cannot");
    assertEquals(world.shard.mailboxNamed(JOHN, named("Team/c/b"))?.name, named("Team/c/b"));
  }));

Deno.test("news of a shared mailbox reach whoever has it open, and subscriptions are each account's own", () =>
  inMailbox(async (world) => {
    await setAcl(world, "anyone", "lrst");
    const mary = await openSession(world, { account: MARY, name: INBOX });
    const fred = await openSession(world, { account: FRED, name: INBOX });
    await put(world, "op/1");
    await settle();
    assertEquals([mary.listener.stirred.length, fred.listener.stirred.length], [1, 1]);
    assertEquals([(await mary.news()).exists, (await fred.news()).exists], [1, 1]);
    await mary.store(uids(1, 1), "add", { flags: Flag.seen });
    // \Seen is shared like every flag.
    assertEquals((await fred.news()).changed.map(({ flags }) => flags), [Flag.seen]);
    await world.mailbox.ask("mailbox.subscription", { account: MARY, name: INBOX, subscribed: true });
    assertEquals((await othersOf(world, MARY)).at(-1), `${INBOX} lrst subscribed`);
    assertEquals((await othersOf(world, FRED)).at(-1), `${INBOX} lrst`);
    await setAcl(world, "anyone", "");
    assertEquals(await othersOf(world, MARY), [`(${INBOX}) subscribed`]);
  }));

Deno.test("views count for who looks, not for whose mailbox it is", () =>
  inMailbox(async (world) => {
    await setAcl(world, "anyone", "lr");
    const listener = await spawnListener(world, "front");
    const hers = { account: MARY, name: INBOX, session: "m", listener };
    for (let i = 0; i < 16; i++) await openSession(world, hers);
    assertEquals(await kindOf(openSession(world, hers)), "busy");
    await openSession(world, { session: "m", listener });
  }));

Deno.test("annotations are kept, private ones for the owner alone, and limits hold", () =>
  inMailbox(async (world) => {
    const of = { account: JOHN, name: named("Sent") } as const;
    const set = (account: AccountId, name: MailboxName | "", entry: string, text: string | null) =>
      world.mailbox.ask("mailbox.setMetadata", {
        ...{ account, name, values: [{ entry, value: text === null ? null : utf8(text) }] },
      });
    const get = async (
      account: AccountId,
      name: MailboxName | "",
      entry: string,
      depth: "0" | "1" | "infinity" = "0",
    ) => {
      const { found } = await world.mailbox.ask("mailbox.metadata", {
        account,
        names: [name],
        entries: [entry],
        depth,
      });
      const [one] = found;
      if (one?.type !== "found") return one?.type;
      return one.values.map(([name, value]) => [name, value === null ? null : new TextDecoder().decode(value)]);
    };
    assertEquals(await set(JOHN, of.name, "/private/comment", "mine"), { type: "done" });
    assertEquals(await set(JOHN, of.name, "/shared/comment", "all's"), { type: "done" });
    assertEquals(await set(JOHN, "", "/private/vendor/x/y", "z"), { type: "done" });
    assertEquals(await kindOf(set(JOHN, "", "/shared/comment", "z")), "refused");
    assertEquals(await get(JOHN, "", "/private", "infinity"), [["/private/vendor/x/y", "z"]]);
    assertEquals(await get(MARY, "", "/private", "infinity"), []);
    assertEquals(await get(JOHN, of.name, "/private/specialuse"), [["/private/specialuse", "\\Sent"]]);
    assertEquals(await set(JOHN, of.name, "/private/specialuse", "\\Junk"), { type: "cannot" });
    assertEquals(await get(JOHN, of.name, "/shared/other"), [["/shared/other", null]]);
    const sent = johns("Sent");
    assertEquals(await get(MARY, sent, "/shared/comment"), "missing");
    await setAcl(world, "mary@smith.test", "lx", { name: of.name });
    assertEquals(await get(MARY, sent, "/shared/comment"), "denied");
    await setAcl(world, "mary@smith.test", "lr", { name: of.name });
    assertEquals(await get(MARY, sent, "/shared/comment"), [["/shared/comment", "all's"]]);
    assertEquals(await get(MARY, sent, "/private", "infinity"), []);
    assertEquals(await set(MARY, sent, "/private/comment", "hers"), { type: "noPrivate" });
    assertEquals(await kindOf(set(MARY, sent, "/shared/comment", "hers")), "refused");
    await setAcl(world, "mary@smith.test", "lrw", { name: of.name });
    assertEquals(await set(MARY, sent, "/shared/comment", null), { type: "done" });
    assertEquals(await get(JOHN, of.name, "/shared/comment"), [["/shared/comment", null]]);
    for (let i = 0; i < 99; i++) await set(JOHN, of.name, `/private/n${i}`, "x");
    assertEquals(await set(JOHN, of.name, "/private/more", "x"), { type: "tooMany" });
  }));

Deno.test("an account that is purged shares nothing any more", () =>
  inMailbox(async (world) => {
    await setAcl(world, "anyone", "lr");
    await world.mailbox.ask("mailbox.purge", { account: JOHN });
    assertEquals([await othersOf(world, MARY), [...world.shard.shared()]], [[], []]);
  }));
