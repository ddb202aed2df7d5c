import { assertEquals, assertRejects } from "@std/assert";
import { Failure, utf8 } from "../../../src/base/mod.ts";
import type { CopyOutcome } from "../../../src/mail/mailbox_view.ts";
import { Flag } from "../../../src/mail/flag.ts";
import { INBOX_NAME, type MailboxName } from "../../../src/mail/mailbox_name.ts";
import { numbersIn } from "../../../src/mail/ranges.ts";
import type { MailboxSubscriberProtocol } from "../../../src/messages/mod.ts";
import { defineActor } from "../../../src/runtime/mod.ts";
import { adding } from "../../storage/account_inputs.ts";
import { ALL, inTurns, openSession, sequence, type TestSession, uids } from "./sessions.ts";
import { inMailbox, JOHN, MAIL, type MailboxWorld, MARY, put, settle, spawnListener } from "./support.ts";

const NOTES = "Notes" as MailboxName;

async function putMany(world: MailboxWorld, count: number): Promise<void> {
  const { uidNext } = world.shard.status(JOHN, 1);
  await Promise.all(Array.from({ length: count }, (_, i) => put(world, `op/${uidNext + i}`)));
}

/** UIDs in the source and the target of a copy. */
function copies(outcome: CopyOutcome): [from: number[], to: number[]] | string {
  return outcome.type === "copied" ? [[...numbersIn(outcome.from)], [...numbersIn(outcome.to)]] : outcome.type;
}

async function expunge(session: TestSession, set: ReturnType<typeof uids>): Promise<void> {
  await session.store(set, "add", { flags: Flag.deleted });
  await inTurns(session.world, session.ask("mailbox.expungeDeleted", { set }));
}

async function kindOf(work: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => work, Failure)).kind;
}

Deno.test("opening a mailbox tells what is in it, and a name that is not there is missing", () =>
  inMailbox(async (world) => {
    await putMany(world, 3);
    await world.shard.storeFlags(JOHN, 1, [1], adding(Flag.seen));
    const { opened } = await openSession(world);
    assertEquals(opened.status.messages, 3);
    assertEquals([opened.firstUnseen, opened.readOnly, opened.vanished], [2, false, null]);
    const { ref } = await spawnListener(world, "other");
    const request = {
      account: JOHN,
      readOnly: true,
      since: null,
      subscriber: ref.address,
      session: "s",
      quotaBytes: 0,
    };
    assertEquals(await world.mailbox.ask("mailbox.open", { ...request, name: NOTES }), { type: "missing" });
  }));

Deno.test("sequence numbers stay what they were until the session is told", () =>
  inMailbox(async (world) => {
    await putMany(world, 5);
    const [a, b] = [await openSession(world), await openSession(world)];
    await expunge(a, uids(2, 3));
    await a.news();
    assertEquals((await a.rows(ALL)).map(({ sequence, uid }) => [sequence, uid]), [[1, 1], [2, 4], [3, 5]]);
    // B was told nothing: 4 is still the message with UID 4, and 2 and 3 are nobody.
    assertEquals((await b.rows(ALL)).map(({ sequence, uid }) => [sequence, uid]), [[1, 1], [4, 4], [5, 5]]);
    assertEquals((await b.rows(sequence(2, 3))).length, 0);
    assertEquals((await b.rows(sequence(4, 0))).map(({ uid }) => uid), [4, 5]);
    await b.news(false);
    assertEquals(b.uids, [1, 0, 0, 4, 5]);
    const news = await b.news();
    assertEquals(news.expunged.map(({ sequence, uid }) => [sequence, uid]), [[2, 2], [2, 3]]);
    assertEquals((await b.rows(ALL)).map(({ sequence, uid }) => [sequence, uid]), [[1, 1], [2, 4], [3, 5]]);
  }));

Deno.test("a session that names a message that is gone learns so, by number but not by UID", () =>
  inMailbox(async (world) => {
    await putMany(world, 3);
    const [a, b] = [await openSession(world), await openSession(world)];
    await expunge(a, uids(2, 2));
    const rows = (set: ReturnType<typeof uids>) =>
      b.ask("mailbox.rows", { set, after: 0, index: false, changedSince: null, vanished: false });
    assertEquals([(await rows(sequence(1, 2))).missing, (await rows(uids(1, 2))).missing], [true, false]);
    assertEquals((await b.store(sequence(2, 3), "add", { flags: Flag.seen })).missing, true);
    assertEquals((await b.store(uids(2, 3), "add", { flags: Flag.seen })).missing, false);
    await b.news();
    assertEquals((await b.store(sequence(2, 2), "add", { flags: Flag.seen })).missing, false);
  }));

Deno.test("what others store is told, what the session stores itself is not", () =>
  inMailbox(async (world) => {
    await putMany(world, 3);
    const [a, b] = [await openSession(world), await openSession(world)];
    const stored = await a.store(uids(1, 2), "add", { flags: Flag.seen, keywords: ["Later"] });
    assertEquals(stored.rows.map(({ uid, flags, keywords }) => [uid, flags, keywords]), [
      [1, Flag.seen, ["Later"]],
      [2, Flag.seen, ["Later"]],
    ]);
    const [ofA, ofB] = [await a.news(), await b.news()];
    assertEquals([ofA.changed, ofA.keywords], [[], ["Later"]]);
    assertEquals(ofB.changed.map(({ uid, flags, keywords }) => [uid, flags, keywords]), [
      [1, Flag.seen, ["Later"]],
      [2, Flag.seen, ["Later"]],
    ]);
    assertEquals(ofB.keywords, ["Later"]);
    assertEquals(ofA.highestModSeq, ofB.highestModSeq);
    assertEquals((await b.news()).keywords, null);
  }));

Deno.test("a session is woken once, and again after it asked", () =>
  inMailbox(async (world) => {
    const a = await openSession(world);
    await putMany(world, 3);
    await settle();
    assertEquals(a.listener.stirred, [a.opened.view]);
    assertEquals((await a.news()).exists, 3);
    await putMany(world, 1);
    await settle();
    assertEquals(a.listener.stirred.length, 2);
    await a.news();
    // What it does itself does not wake it.
    await a.store(ALL, "add", { flags: Flag.flagged });
    await settle();
    assertEquals(a.listener.stirred.length, 2);
    await (await openSession(world)).store(ALL, "remove", { flags: Flag.flagged });
    await settle();
    assertEquals(a.listener.stirred.length, 3);
  }));

Deno.test("a session whose worker takes nothing at the moment is woken when it does", () =>
  inMailbox(async (world) => {
    const stirred: number[] = [];
    let release: (() => void) | null = null;
    const definition = defineActor<MailboxSubscriberProtocol, null>({
      restart: "temporary",
      inboxMax: 1,
      init: () => null,
      receive: {
        "mailbox.stirred"(_state, { view }) {
          stirred.push(view);
          if (stirred.length === 1) return new Promise<void>((resolve) => release = resolve);
        },
      },
    });
    const ref = await world.system.spawn(definition, { name: "slow", args: undefined });
    const listener = { ref, told: [], stirred: [] };
    const views: number[] = [];
    for (let i = 0; i < 4; i++) views.push((await openSession(world, { listener })).opened.view);
    await putMany(world, 3);
    await settle();
    release!();
    await settle();
    assertEquals(stirred.length, 1);
    for (let i = 0; i < 3; i++) {
      world.clock.advance(1_000);
      await settle();
    }
    assertEquals(stirred, views);
  }));

Deno.test("messages that came are told as more, with their numbers at the end", () =>
  inMailbox(async (world) => {
    await putMany(world, 2);
    const a = await openSession(world);
    await a.rows(ALL);
    await putMany(world, 2);
    assertEquals((await a.rows(uids(1, 0))).map(({ uid }) => uid), [1, 2]);
    await a.news();
    assertEquals((await a.rows(sequence(3, 4))).map(({ sequence, uid }) => [sequence, uid]), [[3, 3], [4, 4]]);
  }));

Deno.test("a conditional store leaves alone what others changed, and says which", () =>
  inMailbox(async (world) => {
    await putMany(world, 3);
    const [a, b] = [await openSession(world), await openSession(world)];
    const since = a.opened.status.highestModSeq;
    await b.store(uids(2, 2), "add", { flags: Flag.flagged });
    const stored = await a.store(ALL, "add", { flags: Flag.seen, unchangedSince: since });
    assertEquals(stored.modified.map(({ sequence, uid }) => [sequence, uid]), [[2, 2]]);
    assertEquals(stored.rows.map(({ uid }) => uid), [1, 3]);
    assertEquals((await a.news()).changed.map(({ uid, flags }) => [uid, flags]), [[2, Flag.flagged]]);
  }));

Deno.test("only what has \\Deleted goes, and only what the session knows of", () =>
  inMailbox(async (world) => {
    await putMany(world, 3);
    const a = await openSession(world);
    await a.store(uids(1, 2), "add", { flags: Flag.deleted });
    await world.mailbox.ask("mailbox.deliver", {
      opId: "late",
      targets: [{ account: JOHN, quotaBytes: 0 }],
      parts: [MAIL],
      flags: Flag.deleted,
    });
    await inTurns(world, a.ask("mailbox.expungeDeleted", { set: uids(2, 4) }));
    assertEquals((await a.news()).expunged.map(({ uid }) => uid), [2]);
    await inTurns(world, a.ask("mailbox.expungeDeleted", { set: null }));
    assertEquals((await a.news()).expunged.map(({ uid }) => uid), [1, 4]);
    assertEquals((await a.rows(ALL)).map(({ uid }) => uid), [3]);
  }));

Deno.test("a message whose \\Deleted is being taken back is not removed", () =>
  inMailbox(async (world) => {
    await putMany(world, 2);
    const [a, b] = [await openSession(world), await openSession(world)];
    await a.store(ALL, "add", { flags: Flag.deleted });
    world.hold = true;
    const saved = b.store(uids(1, 1), "remove", { flags: Flag.deleted });
    const expunged = a.ask("mailbox.expungeDeleted", { set: null });
    await settle();
    world.hold = false;
    world.flush();
    await Promise.all([saved, inTurns(world, expunged)]);
    assertEquals((await a.news()).expunged.map(({ uid }) => uid), [2]);
  }));

Deno.test("copies come into the other mailbox, moves leave this one, and others see both", () =>
  inMailbox(async (world) => {
    await putMany(world, 3);
    await world.mailbox.ask("mailbox.create", { account: JOHN, name: NOTES, specialUse: null });
    const [a, b] = [await openSession(world), await openSession(world, { name: NOTES })];
    const copied = await a.ask("mailbox.copy", { set: sequence(1, 2), to: NOTES, move: false });
    assertEquals(copies(copied), [[1, 2], [1, 2]]);
    assertEquals((await b.news()).exists, 2);
    const moved = await a.ask("mailbox.copy", { set: sequence(3, 0), to: NOTES, move: true });
    assertEquals(copies(moved), [[3], [3]]);
    assertEquals((await a.news()).expunged.map(({ uid }) => uid), [3]);
    assertEquals((await b.news()).exists, 3);
    const [source, target] = [await a.rows(uids(1, 1)), await b.rows(uids(1, 1))];
    assertEquals(source[0]!.objectId, target[0]!.objectId);
    const elsewhere = await a.ask("mailbox.copy", { set: ALL, to: "No" as MailboxName, move: false });
    assertEquals(elsewhere, { type: "missing" });
  }));

Deno.test("a copy keeps to the quota of the session's account", () =>
  inMailbox(async (world) => {
    await putMany(world, 2);
    const a = await openSession(world, { quotaBytes: 3 * MAIL.length });
    const copy = () => a.ask("mailbox.copy", { set: ALL, to: INBOX_NAME, move: false });
    assertEquals(await copy(), { type: "full" });
  }));

Deno.test("what is appended is told to others, once, and asked twice it is stored once", () =>
  inMailbox(async (world) => {
    const a = await openSession(world);
    const message = {
      parts: [utf8("Subject: x\r\n\r\n"), MAIL],
      index: null,
      internalDateMs: null,
      flags: Flag.seen,
      keywords: ["a"],
    };
    const request = { account: JOHN, opId: "append/1", name: INBOX_NAME, quotaBytes: 0, messages: [message, message] };
    const first = await world.mailbox.ask("mailbox.append", request);
    assertEquals(first.type === "appended" ? [...first.uids] as number[] : [], [1, 2]);
    assertEquals(await world.mailbox.ask("mailbox.append", request), first);
    assertEquals((await a.news()).exists, 2);
    const [row] = await a.rows(ALL);
    assertEquals([row!.flags, row!.keywords, row!.internalDateMs], [Flag.seen, ["a"], world.clock.wallMs()]);
    const missing = await world.mailbox.ask("mailbox.append", { ...request, opId: "append/2", name: NOTES });
    assertEquals(missing, { type: "missing" });
  }));

Deno.test("a view of a mailbox that was removed or emptied for good says so, and nothing else", () =>
  inMailbox(async (world) => {
    await world.mailbox.ask("mailbox.create", { account: JOHN, name: NOTES, specialUse: null });
    const [a, b] = [await openSession(world, { name: NOTES }), await openSession(world)];
    await world.mailbox.ask("mailbox.remove", { account: JOHN, name: NOTES });
    await world.mailbox.ask("mailbox.create", { account: JOHN, name: NOTES, specialUse: null });
    await settle();
    assertEquals(a.listener.stirred, [a.opened.view]);
    assertEquals((await a.ask("mailbox.news", { expunges: true })).gone, true);
    assertEquals(await kindOf(a.rows(ALL)), "not_found");
    assertEquals(await kindOf(a.store(ALL, "add", { flags: 1 })), "not_found");
    await a.close();
    assertEquals((await openSession(world, { name: NOTES })).opened.status.messages, 0);
    await putMany(world, 1);
    await world.mailbox.ask("mailbox.purge", { account: JOHN });
    assertEquals((await b.ask("mailbox.news", { expunges: true })).gone, true);
  }));

Deno.test("a view ends with its session's worker and when it is closed; another account never had it", () =>
  inMailbox(async (world) => {
    const [a, b] = [await openSession(world), await openSession(world)];
    const asMary = world.mailbox.ask("mailbox.news", { account: MARY, view: a.opened.view, expunges: true });
    assertEquals(await kindOf(asMary), "not_found");
    await world.system.stop(a.listener.ref.address.actor);
    await settle();
    assertEquals(await kindOf(a.news()), "not_found");
    await b.close();
    await b.close();
    assertEquals(await kindOf(b.news()), "not_found");
  }));

Deno.test("views are forgotten when the actor starts again, and new ones have other numbers", () =>
  inMailbox(async (world) => {
    const a = await openSession(world);
    await world.system.stop("domain/smith.test");
    assertEquals(await kindOf(a.news()), "not_found");
    const b = await openSession(world);
    assertEquals(a.opened.view === b.opened.view, false);
  }));

Deno.test("an actor does not go to sleep while a view is open", () =>
  inMailbox(async (world) => {
    const a = await openSession(world);
    world.clock.advance(3_600_000);
    await settle();
    await a.news();
    await a.close();
  }));

Deno.test("a session may have 16 views and an account 250", () =>
  inMailbox(async (world) => {
    const listener = await spawnListener(world, "front");
    const open = (session: string) => openSession(world, { listener, session });
    const first = await open("s1");
    for (let i = 1; i < 16; i++) await open("s1");
    assertEquals(await kindOf(open("s1")), "busy");
    for (let i = 16; i < 250; i++) await open(`t${i}`);
    assertEquals(await kindOf(open("u1")), "busy");
    await openSession(world, { account: MARY, listener });
    await first.close();
    await open("s1");
  }));

Deno.test("a piece of a message is read by its UID until it is gone", () =>
  inMailbox(async (world) => {
    await putMany(world, 2);
    const [a, b] = [await openSession(world), await openSession(world)];
    const read = (uid: number) => b.ask("mailbox.read", { uid: uid as never, offset: 0, length: 8 });
    assertEquals((await read(1)).bytes, MAIL.slice(0, 8));
    await expunge(a, uids(1, 1));
    assertEquals(await kindOf(read(1)), "not_found");
    assertEquals((await read(2)).size, MAIL.length);
  }));

Deno.test("the first bytes of messages go with their rows when they are wanted", () =>
  inMailbox(async (world) => {
    await putMany(world, 3);
    const a = await openSession(world);
    const rows = {
      set: { by: "uid", pairs: [1, 3] },
      after: 0,
      index: false,
      changedSince: null,
      vanished: false,
    } as const;
    for (const headBytes of [4, 1_000]) {
      const page = await a.ask("mailbox.rows", { ...rows, headBytes });
      assertEquals(page.rows.map(({ head }) => head), Array(3).fill(MAIL.slice(0, headBytes)));
    }
    assertEquals((await a.ask("mailbox.rows", rows)).rows.map((row) => "head" in row), [false, false, false]);
  }));

Deno.test("messages are recent for the first that may write", () =>
  inMailbox(async (world) => {
    await putMany(world, 2);
    const a = await openSession(world);
    await putMany(world, 2);
    assertEquals((await a.news()).recent, a.opened.recent + 2);
    await a.close();
    await putMany(world, 1);
    // STATUS tells what a session that opened the mailbox would be told, and changes nothing of it.
    const recentNow = async () => {
      const { entries: [entry] } = await world.mailbox.ask("mailbox.statusOf", {
        ...{ account: JOHN, names: [INBOX_NAME], recent: true },
      });
      const { entries } = await world.mailbox.ask("mailbox.tree", { account: JOHN, status: true, recent: true });
      assertEquals(entries.find(({ name }) => name === INBOX_NAME)?.recent, entry?.recent);
      return entry?.recent;
    };
    assertEquals(await recentNow(), 3);
    const looking = await openSession(world, { readOnly: true });
    assertEquals(looking.opened.recent, 3);
    const b = await openSession(world);
    assertEquals([b.opened.recent, (await b.rows(ALL)).map(({ recent }) => recent)], [3, [
      false,
      false,
      true,
      true,
      true,
    ]]);
    assertEquals((await openSession(world)).opened.recent, 0);
    assertEquals(await recentNow(), 0);
    await putMany(world, 700);
    assertEquals(await recentNow(), 700);
  }));

Deno.test("a client that comes back learns what vanished, by the history or without it", () =>
  inMailbox(async (world) => {
    await putMany(world, 10);
    const a = await openSession(world);
    const { uidValidity, highestModSeq: modSeq } = a.opened.status;
    await expunge(a, uids(3, 5));
    const back = async (since: Partial<{ uidValidity: number; modSeq: number; known: number[] | null }>) => {
      const session = await openSession(world, { since: { uidValidity, modSeq, known: null, match: null, ...since } });
      return session.opened.vanished;
    };
    assertEquals(await back({}), [3, 5]);
    assertEquals(await back({ known: [4, 4, 9, 9] }), [4, 4]);
    assertEquals(await back({ uidValidity: uidValidity + 1 }), null);
    // MODSEQ 0 lies before all history.
    assertEquals(await back({ modSeq: 0 }), [3, 5]);
    assertEquals(await back({ modSeq: 0, known: [1, 4] }), [3, 4]);
  }));

Deno.test("what a client saw under the same number it has not missed, when the history does not reach back", () =>
  inMailbox(async (world) => {
    await putMany(world, 10);
    const a = await openSession(world);
    await expunge(a, uids(3, 5, 8, 8));
    const { uidValidity } = a.opened.status;
    const back = async (sequence: number[], known: number[]) => {
      const since = { uidValidity, modSeq: 0, known: null, match: { sequence, uids: known } };
      return (await openSession(world, { since })).opened.vanished;
    };
    // Before 8 went the client saw 7 as its fourth message.
    assertEquals(await back([1, 3, 4, 5], [1, 6, 7, 8]), [8, 8]);
    assertEquals(await back([1, 3, 4], [1, 3, 4]), [3, 5, 8, 8]);
    assertEquals(await back([900], [900]), [3, 5, 8, 8]);
  }));

Deno.test("a view that only looks changes nothing, and may copy", () =>
  inMailbox(async (world) => {
    await putMany(world, 2);
    const a = await openSession(world, { readOnly: true });
    assertEquals(await kindOf(a.store(ALL, "add", { flags: Flag.seen })), "refused");
    assertEquals(await kindOf(a.ask("mailbox.expungeDeleted", { set: null })), "refused");
    const copy = (move: boolean) => a.ask("mailbox.copy", { set: ALL, to: INBOX_NAME, move });
    assertEquals(await kindOf(copy(true)), "refused");
    assertEquals(copies(await copy(false)), [[1, 2], [3, 4]]);
  }));

Deno.test("a keyword that is new in the mailbox is told to whoever brought it, too", () =>
  inMailbox(async (world) => {
    await putMany(world, 1);
    const a = await openSession(world);
    await a.store(ALL, "add", { keywords: ["New"] });
    await settle();
    assertEquals(a.listener.stirred.length, 1);
    assertEquals((await a.news()).keywords, ["New"]);
    await a.store(ALL, "remove", { keywords: ["New"] });
    await settle();
    assertEquals(a.listener.stirred.length, 1);
  }));

Deno.test("rows that changed since are found, and what vanished", () =>
  inMailbox(async (world) => {
    await putMany(world, 6);
    const [a, b] = [await openSession(world), await openSession(world)];
    const since = a.opened.status.highestModSeq;
    await a.store(uids(2, 2, 5, 5), "add", { flags: Flag.flagged });
    await expunge(a, uids(4, 4));
    const ask = (session: TestSession, vanished: boolean) =>
      session.ask("mailbox.rows", { set: uids(1, 0), after: 0, index: false, changedSince: since, vanished });
    const fromB = await ask(b, true);
    assertEquals(fromB.rows.map(({ sequence, uid }) => [sequence, uid]), [[2, 2], [5, 5]]);
    // B still counts 4: it will be told when it leaves.
    assertEquals(fromB.vanished, []);
    await b.news();
    const later = await ask(b, true);
    assertEquals([later.rows.map(({ sequence, uid }) => [sequence, uid]), later.vanished], [[[2, 2], [4, 5]], [4, 4]]);
  }));

Deno.test("rows come in pages", () =>
  inMailbox(async (world) => {
    await putMany(world, 2_500);
    const a = await openSession(world);
    const page = await a.ask("mailbox.rows", { set: ALL, after: 0, index: false, changedSince: null, vanished: false });
    assertEquals([page.rows.length, page.next], [1_000, 1_000]);
    assertEquals((await a.rows(ALL)).map(({ sequence }) => sequence), Array.from({ length: 2_500 }, (_, i) => i + 1));
    assertEquals((await a.rows(sequence(900, 1_100, 2_400, 0))).length, 302);
    const stored = await a.store(ALL, "add", { flags: Flag.seen });
    assertEquals([stored.rows.length, stored.next], [1_000, 1_000]);
    assertEquals((await a.news()).changed.length, 0);
  }));

Deno.test("the tree has a new account's mailboxes, and follows what is created, subscribed, renamed and removed", () =>
  inMailbox(async (world) => {
    const { mailbox } = world;
    const names = async (status = false) =>
      (await mailbox.ask("mailbox.tree", { account: JOHN, status })).entries.map(({ name }) => name as string);
    assertEquals(await names(), ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"]);
    const name = "Work/Old" as MailboxName;
    assertEquals((await mailbox.ask("mailbox.create", { account: JOHN, name, specialUse: null })).type, "done");
    assertEquals((await mailbox.ask("mailbox.create", { account: JOHN, name, specialUse: null })).type, "exists");
    await mailbox.ask("mailbox.subscription", { account: JOHN, name, subscribed: true });
    await mailbox.ask("mailbox.rename", { account: JOHN, from: "Work" as MailboxName, to: "Home" as MailboxName });
    assertEquals((await names()).filter((name) => /Home|Work/.test(name)).includes("Home/Old"), true);
    const [inbox, none] =
      (await mailbox.ask("mailbox.statusOf", { account: JOHN, names: [INBOX_NAME, NOTES] })).entries;
    assertEquals([inbox!.status!.messages, none], [0, null]);
    assertEquals(
      (await mailbox.ask("mailbox.remove", { account: JOHN, name: "Home/Old" as MailboxName })).type,
      "done",
    );
    assertEquals((await mailbox.ask("mailbox.remove", { account: JOHN, name: INBOX_NAME })).type, "cannot");
  }));
