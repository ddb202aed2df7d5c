import { assertEquals, assertRejects } from "@std/assert";
import { Failure, utf8 } from "../../../src/base/mod.ts";
import type { AccountId } from "../../../src/mail/account.ts";
import type { MailboxName } from "../../../src/mail/mailbox_name.ts";
import type { MessageAnnotation, MessageAnnotationChange } from "../../../src/mail/message_annotation.ts";
import type { SearchProgram } from "../../../src/mail/search_program.ts";
import { ALL, inTurns, openSession, type TestSession, uids } from "./sessions.ts";
import { johns, named, setAcl } from "./shared_world.ts";
import { inMailbox, JOHN, MAIL, type MailboxWorld, MARY, put } from "./support.ts";

function note(value: string, entry = "/comment", scope: "priv" | "shared" = "priv"): MessageAnnotation {
  return { entry, scope, value: utf8(value) };
}

function annotate(session: TestSession, set: typeof ALL, ...changes: MessageAnnotationChange[]) {
  return session.ask("mailbox.annotate", { set, changes, unchangedSince: null });
}

async function kindOf(work: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => work, Failure)).kind;
}

/** Annotations as a session reads them, by UID. */
async function shown(session: TestSession, set = uids(1, 0)): Promise<Record<number, string[]>> {
  const text = ({ scope, entry, value }: MessageAnnotation) => `${scope}${entry}=${new TextDecoder().decode(value)}`;
  const request = { set, after: 0, changedSince: null, vanished: false, index: "none", headBytes: 0 } as const;
  const page = await session.ask("mailbox.page", { ...request, annotations: true });
  const told = (page.annotations ?? []).map(({ uid, annotations }) => [uid, annotations.map(text)]);
  const rows = await session.rows(set, { annotations: true });
  const same = rows.flatMap(({ uid, annotations }) => annotations === undefined ? [] : [[uid, annotations.map(text)]]);
  assertEquals(same, told);
  return Object.fromEntries(told);
}

async function find(session: TestSession, program: SearchProgram): Promise<number[]> {
  const { found } = await inTurns(
    session.world,
    session.ask("mailbox.search", { program, save: "none", modSeq: false }),
  );
  return found.flatMap(({ uid, count }) => Array.from({ length: count }, (_, i) => uid + i));
}

async function appended(
  { mailbox }: MailboxWorld,
  account: AccountId,
  name: MailboxName,
  annotation: MessageAnnotation,
) {
  const message = { parts: [MAIL], index: null, internalDateMs: null, flags: 0, keywords: [] };
  const messages = [{ ...message, annotations: [annotation] }];
  const outcome = await mailbox.ask("mailbox.append", {
    account,
    opId: crypto.randomUUID(),
    name,
    quotaBytes: 0,
    messages,
  });
  return outcome.type;
}

const COMMENT = { type: "annotation", entry: "/comment", scopes: ["priv", "shared"] } as const;

for (const disk of [false, true]) {
  const where = disk ? ", on the disk" : "";
  Deno.test(`annotations are told with rows, found by SEARCH, and news to other sessions${where}`, () =>
    inMailbox(async (world) => {
      for (let i = 0; i < 4; i++) await put(world, `op/${i}`);
      const [a, b] = [await openSession(world), await openSession(world)];
      const before = b.opened.status.highestModSeq;
      const stored = await annotate(a, uids(1, 2), note("Grüße an alle"), note("group", "/comment", "shared"));
      assertEquals([stored.type, stored.rows.map(({ uid }) => uid as number)], ["stored", [1, 2]]);
      await annotate(a, uids(3, 3), note("other", "/1/comment"));
      assertEquals(await shown(b), {
        1: ["priv/comment=Grüße an alle", "shared/comment=group"],
        2: ["priv/comment=Grüße an alle", "shared/comment=group"],
        3: ["priv/1/comment=other"],
      });
      const { changed } = await b.news();
      assertEquals(changed.map(({ uid, modSeq }) => [uid as number, modSeq > before]), [[1, true], [2, true], [
        3,
        true,
      ]]);
      assertEquals((await a.news()).changed, []);
      assertEquals(await find(a, { ...COMMENT, text: "gRÜßE AN" }), [1, 2]);
      assertEquals(await find(a, { ...COMMENT, scopes: ["shared"], text: "Grüße" }), []);
      assertEquals(await find(a, { ...COMMENT, entry: "*", text: "O" }), [1, 2, 3]);
      assertEquals(await find(a, { ...COMMENT, entry: "/%", text: "" }), [1, 2]);
      assertEquals(await find(a, { ...COMMENT, text: null }), [3, 4]);
      const often = (keys: number): SearchProgram => ({
        type: "or",
        of: Array(keys).fill({ ...COMMENT, text: "group" }),
      });
      assertEquals(await find(a, often(20)), [1, 2]);
      assertEquals(await kindOf(find(a, often(21))), "invalid");
      assertEquals(await find(a, { type: "not", of: { ...COMMENT, entry: "*", text: "" } }), [4]);
      const late = await a.ask("mailbox.annotate", { set: ALL, changes: [note("new")], unchangedSince: before });
      assertEquals([late.rows.map(({ uid }) => uid as number), late.modified.map(({ uid }) => uid as number)], [[4], [
        1,
        2,
        3,
      ]]);
      const many = Array.from({ length: 33 }, (_, i) => note("x", `/vendor/${i}`));
      assertEquals((await annotate(a, uids(4, 4), ...many.slice(1), note("y"))).type, "limit");
    }, { disk }));
}

Deno.test("what is private is the owner's; what is shared is read with r and written with n (RFC 5257 §3.4)", () =>
  inMailbox(async (world) => {
    await put(world, "op/1");
    await setAcl(world, "mary@smith.test", "lrsi");
    const john = await openSession(world);
    await annotate(john, ALL, note("mine"), note("ours", "/comment", "shared"));
    const open = () => openSession(world, { account: MARY, name: johns("INBOX") });
    const mary = await open();
    assertEquals(await shown(mary), { 1: ["shared/comment=ours"] });
    assertEquals(await find(mary, { ...COMMENT, text: "mine" }), []);
    assertEquals(await find(mary, { ...COMMENT, text: "ours" }), [1]);
    assertEquals(await kindOf(annotate(mary, ALL, note("hers", "/comment", "shared"))), "refused");
    assertEquals(await kindOf(appended(world, MARY, johns("INBOX"), note("x", "/comment", "shared"))), "refused");
    assertEquals((await annotate(mary, ALL, note("hers"))).type, "noPrivate");
    assertEquals(await kindOf(appended(world, MARY, johns("INBOX"), note("x"))), "refused");
    await setAcl(world, "mary@smith.test", "lrsin");
    assertEquals((await annotate(mary, ALL, note("hers", "/comment", "shared"))).type, "stored");
    assertEquals(await appended(world, MARY, johns("INBOX"), note("x", "/altsubject", "shared")), "appended");
    await john.news();
    assertEquals(await shown(john), { 1: ["priv/comment=mine", "shared/comment=hers"], 2: ["shared/altsubject=x"] });
    const reader = await openSession(world, { account: MARY, name: johns("INBOX"), readOnly: true });
    assertEquals(await kindOf(annotate(reader, ALL, note("x", "/comment", "shared"))), "refused");
    // With n alone something can be changed, so that the mailbox is not read-only.
    await setAcl(world, "mary@smith.test", "lrn");
    assertEquals((await open()).opened.readOnly, false);
    await setAcl(world, "mary@smith.test", "lr");
    assertEquals((await open()).opened.readOnly, true);
  }));

Deno.test("copies have what whoever copies may read and set there, and never what is private of others (RFC 5257 §4.6)", () =>
  inMailbox(async (world) => {
    await put(world, "op/1");
    await world.mailbox.ask("mailbox.create", { account: JOHN, name: named("Team"), specialUse: null });
    const john = await openSession(world);
    await annotate(john, ALL, note("mine"), note("ours", "/comment", "shared"));
    await john.ask("mailbox.copy", { set: ALL, to: named("Team"), move: false });
    assertEquals(await shown(await openSession(world, { name: named("Team") })), {
      1: ["priv/comment=mine", "shared/comment=ours"],
    });
    for (
      const [letters, expected] of [["lri", undefined], ["lrin", ["shared/comment=ours"]]] as [
        string,
        string[] | undefined,
      ][]
    ) {
      await setAcl(world, "mary@smith.test", "lr");
      await setAcl(world, "mary@smith.test", letters, { name: named("Team") });
      const mary = await openSession(world, { account: MARY, name: johns("INBOX") });
      await mary.ask("mailbox.copy", { set: ALL, to: johns("Team"), move: false });
      await mary.ask("mailbox.copy", { set: ALL, to: named("INBOX"), move: false });
      const next = await openSession(world, { name: named("Team") });
      const uid = next.opened.status.uidNext - 1;
      assertEquals((await shown(next, uids(uid, uid)))[uid], expected);
    }
    assertEquals(await shown(await openSession(world, { account: MARY })), {
      1: ["shared/comment=ours"],
      2: ["shared/comment=ours"],
    });
  }));

Deno.test("news name the entries that others changed, never values, and to nobody else private ones", () =>
  inMailbox(async (world) => {
    await put(world, "op/1");
    await setAcl(world, "mary@smith.test", "lrsn");
    const john = await openSession(world);
    const other = await openSession(world);
    const mary = await openSession(world, { account: MARY, name: johns("INBOX") });
    const told = async (session: TestSession) => (await session.news()).changed.map(({ annotated }) => annotated);
    await annotate(
      other,
      ALL,
      note("mine"),
      note("ours", "/vendor/x", "shared"),
      note("ours", "/altsubject", "shared"),
    );
    assertEquals(await told(john), [["/altsubject", "/comment", "/vendor/x"]]);
    assertEquals(await told(mary), [["/altsubject", "/vendor/x"]]);
    assertEquals(await told(other), []);
    await other.store(ALL, "add", { flags: 1 });
    assertEquals([await told(john), await told(mary)], [[undefined], [undefined]]);
    await annotate(john, ALL, note("new"));
    assertEquals([await told(john), await told(other), await told(mary)], [[], [["/comment"]], [undefined]]);
  }));

Deno.test("of a thousand messages the entries that changed are named, and of more it is said that there are more", () =>
  inMailbox(async (world) => {
    await Promise.all(Array.from({ length: 1_001 }, (_, i) => put(world, `op/${i}`)));
    const session = await openSession(world);
    const other = await openSession(world);
    const named = async () => {
      const { changed, annotatedMore = false } = await session.ask("mailbox.news", { expunges: true });
      return [changed.filter(({ annotated }) => annotated?.length === 1).length, annotatedMore];
    };
    await annotate(other, uids(1, 1_000), note("x", "/comment", "shared"));
    assertEquals(await named(), [1_000, false]);
    await annotate(other, uids(1, 1_001), note("y", "/comment", "shared"));
    const [first, more] = await named();
    assertEquals([first, more], [1_000, true]);
    assertEquals(await named(), [0, true]);
    await annotate(other, uids(1_001, 1_001), note("z", "/comment", "shared"));
    assertEquals(await named(), [1, false]);
  }));

Deno.test("a page of rows ends before its annotations are too long, and the rest comes with the next", () =>
  inMailbox(async (world) => {
    for (let i = 0; i < 40; i++) await put(world, `op/${i}`);
    const a = await openSession(world);
    const long = Array.from({ length: 5 }, (_, i) => note("x".repeat(4_096), `/vendor/${i}`));
    await annotate(a, ALL, ...long);
    const request = { set: ALL, changedSince: null, vanished: false, index: "none", headBytes: 0 } as const;
    const found: number[] = [];
    let pages = 0;
    for (let after: number | null = 0; after !== null; pages++) {
      const page: { next: number | null; annotations?: readonly { uid: number }[] } = await a.ask("mailbox.page", {
        ...{ ...request, after, annotations: true },
      });
      found.push(...(page.annotations ?? []).map(({ uid }) => uid));
      after = page.next;
    }
    assertEquals([found, pages], [Array.from({ length: 40 }, (_, i) => i + 1), 2]);
  }));
