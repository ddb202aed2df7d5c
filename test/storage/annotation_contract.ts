import { assertEquals } from "@std/assert";
import { utf8 } from "../../src/base/mod.ts";
import type { MailboxName } from "../../src/mail/mailbox_name.ts";
import type { MessageAnnotation, MessageAnnotationChange } from "../../src/mail/message_annotation.ts";
import type { AnnotationsCopied, MailboxChange, ShardStore } from "../../src/storage/mod.ts";
import { ANNA, BERT, casesOf, kindOf, mail, type Open, targets, type Test } from "./support.ts";

function note(value: string | Uint8Array, entry = "/comment", scope: "priv" | "shared" = "priv"): MessageAnnotation {
  return { entry, scope, value: typeof value === "string" ? utf8(value) : value };
}

function gone(entry = "/comment", scope: "priv" | "shared" = "priv"): MessageAnnotationChange {
  return { entry, scope, value: null };
}

function annotate(
  shard: ShardStore,
  uids: number[],
  changes: MessageAnnotationChange[],
  unchangedSince: number | null = null,
) {
  return shard.annotate(ANNA, 1, uids, { changes, unchangedSince });
}

/** Texts of a mailbox's annotations by UID. */
function shown(shard: ShardStore, mailbox = 1, account = ANNA): Record<number, string[]> {
  const texts = ({ scope, entry, value }: MessageAnnotation) => `${scope}${entry}=${new TextDecoder().decode(value)}`;
  return Object.fromEntries(
    shard.annotations(account, mailbox, 1, 0xffff_ffff).map(({ uid, annotations }) => [uid, annotations.map(texts)]),
  );
}

async function deliver(shard: ShardStore, ...texts: string[]): Promise<void> {
  for (const text of texts) await shard.deliver(mail(text));
}

function copy(shard: ShardStore, to: number, annotations: AnnotationsCopied, more = {}) {
  const from = { account: ANNA, mailbox: 1 };
  const input = { from, to: { account: ANNA, mailbox: to }, uids: [1, 2, 3], quotaBytes: 0, move: false, savedMs: 5 };
  return shard.copy({ ...input, annotations, ...more });
}

/** What every mail store must do with annotations of messages (RFC 5257). */
export function annotationContractTests(store: string, open: Open): void {
  const test = casesOf(store, open);
  changeTests(test);
  carryTests(test);
}

function changeTests(test: Test): void {
  test("annotations are set, replaced and taken away, and are a change of the message each time", async ({ shard }) => {
    await deliver(shard, "a", "b", "c");
    const told: MailboxChange[] = [];
    shard.onChange((_account, _mailbox, change) => told.push(change));
    const set = [note("one"), note("group", "/comment", "shared"), note("x", "/1.2/flags/seen")];
    const answer = await annotate(shard, [1, 3, 9], set);
    assertEquals(answer, { type: "stored", changed: [1, 3], modified: [], missing: [9], modSeq: 5 } as never);
    const all = ["priv/1.2/flags/seen=x", "priv/comment=one", "shared/comment=group"];
    assertEquals(shown(shard), { 1: all, 3: all });
    const annotations = set.map(({ entry, scope }) => ({ entry, scope }));
    assertEquals(told, [{ kind: "flags", uids: [1, 1, 3, 3], modSeq: 5, annotations }] as never);
    assertEquals(shard.changes(ANNA, 1, 4)?.changed, [1, 3] as never);
    // What is so already is no change.
    assertEquals((await annotate(shard, [1], [note("one"), gone("/none")])).type, "stored");
    assertEquals(shard.status(ANNA, 1).highestModSeq, 5 as never);
    assertEquals(await annotate(shard, [1, 2], [gone(), note("2", "/1.2/flags/seen")], 4), {
      ...{ type: "stored", changed: [2], modified: [1], missing: [], modSeq: 6 },
    } as never);
    await annotate(shard, [1], [gone(), gone("/comment", "shared"), gone("/1.2/flags/seen")]);
    assertEquals(shown(shard), { 2: ["priv/1.2/flags/seen=2"], 3: all });
    assertEquals(shard.annotations(ANNA, 1, 2, 2).length + shard.annotations(ANNA, 1, 4, 9).length, 1);
    assertEquals(await shard.annotate(BERT, 1, [1], { changes: set, unchangedSince: null }), {
      ...{ type: "stored", changed: [], modified: [], missing: [1], modSeq: 1 },
    } as never);
  });

  test("a value of any bytes stays as it is, up to its limit", async ({ shard }) => {
    await deliver(shard, "a");
    const value = Uint8Array.from({ length: 4_096 }, (_, i) => i);
    await annotate(shard, [1], [note(value), note(new Uint8Array(), "/altsubject")]);
    assertEquals(shard.annotations(ANNA, 1, 1, 1)[0]?.annotations, [
      note(new Uint8Array(), "/altsubject"),
      note(value),
    ]);
    assertEquals(await kindOf(() => annotate(shard, [1], [note(new Uint8Array(4_097))])), "invalid");
    assertEquals(await kindOf(() => annotate(shard, [1], [note("x", "comment")])), "invalid");
    assertEquals(await kindOf(() => annotate(shard, [1], [note("x", `/${"x".repeat(200)}`)])), "invalid");
    assertEquals(await kindOf(() => annotate(shard, [1], [note("x", "/a\0b")])), "invalid");
  });

  test("a message has so many annotations and no more; what is too much changes nothing", async ({ shard }) => {
    await deliver(shard, "a", "b");
    await annotate(shard, [2], [note("1", "/1"), note("2", "/2")]);
    assertEquals(await annotate(shard, [1, 2], [note("3", "/3"), note("4", "/4")]), { type: "limit" });
    assertEquals(shown(shard), { 2: ["priv/1=1", "priv/2=2"] });
    assertEquals((await annotate(shard, [2], [note("3", "/3"), gone("/1"), note("4", "/2")])).type, "stored");
    assertEquals(shown(shard), { 2: ["priv/2=4", "priv/3=3"] });
  }, { annotationsMax: 3 });

  test("they count among an account's settings until they or their messages go", async ({ shard }) => {
    await deliver(shard, "a", "b");
    const fits = async () => {
      const outcome = await shard.setMetadata(ANNA, 0, [["/private/x", new Uint8Array(500)]]);
      await shard.setMetadata(ANNA, 0, [["/private/x", null]]);
      return outcome.type;
    };
    const made = await shard.createMailbox(ANNA, "a" as MailboxName, null);
    const mailbox = made.type === "done" ? made.mailbox : 0;
    const fill = () => annotate(shard, [1], [note(new Uint8Array(300)), note(new Uint8Array(300), "/altsubject")]);
    await fill();
    assertEquals([await fits(), (await annotate(shard, [2], [note(new Uint8Array(500))])).type], ["limit", "limit"]);
    await annotate(shard, [1], [gone()]);
    assertEquals(await fits(), "done");
    await fill();
    await shard.expunge(ANNA, 1, [1]);
    assertEquals([await fits(), shown(shard)], ["done", {}]);
    const parts = [utf8("x")];
    const message = { parts, index: null, flags: 0, keywords: [], internalDateMs: 1 };
    const append = (opId: string, bytes: number) =>
      shard.append({
        ...{ opId, account: ANNA, mailbox, quotaBytes: 0, savedMs: 1 },
        messages: [{ ...message, annotations: [note(new Uint8Array(bytes))] }, message],
      });
    assertEquals((await append("one", 1_000)).type, "limit");
    assertEquals([(await append("two", 700)).type, await fits()], ["appended", "limit"]);
    assertEquals(shard.annotations(ANNA, mailbox, 1, 9).map(({ uid }) => uid), [1]);
    await shard.removeMailbox(ANNA, "a" as MailboxName);
    assertEquals([await fits(), shard.annotations(ANNA, mailbox, 1, 9)], ["done", []]);
    await annotate(shard, [2], [note(new Uint8Array(700))]);
    await shard.purge(ANNA);
    await deliver(shard, "again");
    assertEquals([await fits(), shown(shard)], ["done", {}]);
  }, { accountSettingsBytesMax: 1_000 });
}

function carryTests(test: Test): void {
  test("a copy has those that are asked for, a moved message takes them along (RFC 5257 §4.6)", async ({ shard }) => {
    await deliver(shard, "a", "b", "c");
    const both = [note("mine"), note("ours", "/comment", "shared")];
    await annotate(shard, [1, 3], both);
    await copy(shard, 2, "all");
    await copy(shard, 3, "shared");
    await copy(shard, 4, "none");
    const [mine, ours] = ["priv/comment=mine", "shared/comment=ours"];
    assertEquals(shown(shard, 2), { 1: [mine, ours], 3: [mine, ours] });
    assertEquals([shown(shard, 3), shown(shard, 4)], [{ 1: [ours], 3: [ours] }, {}]);
    await annotate(shard, [1], [note("other")]);
    assertEquals(shown(shard, 2)[1], [mine, ours]);
    await copy(shard, 5, "all", { move: true, uids: [1, 2] });
    assertEquals([shown(shard, 5), shown(shard)], [{ 1: ["priv/comment=other", ours] }, { 3: [mine, ours] }]);
    await shard.deliver(mail("d", { targets: targets(BERT) }));
    await copy(shard, 1, "shared", { to: { account: BERT, mailbox: 1 }, uids: [3] });
    assertEquals(shown(shard, 1, BERT), { 2: [ours] });
    await shard.renameMailbox(ANNA, "INBOX" as MailboxName, "Old" as MailboxName);
    const old = shard.mailboxNamed(ANNA, "Old" as MailboxName)!.mailbox;
    assertEquals([shown(shard), shown(shard, old)], [{}, { 1: [mine, ours] }]);
  });

  test("a copy whose annotations do not fit is not made; a move within the account always fits", async ({ shard }) => {
    await deliver(shard, "a", "b", "c");
    await annotate(shard, [1], [note(new Uint8Array(700))]);
    assertEquals(await copy(shard, 2, "all"), { type: "limit" });
    assertEquals([shard.status(ANNA, 2).messages, (await copy(shard, 2, "none")).type], [0, "copied"]);
    assertEquals([(await copy(shard, 3, "all", { move: true })).type, Object.keys(shown(shard, 3))], ["copied", ["1"]]);
  }, { accountSettingsBytesMax: 1_000 });

  test("changes that are asked for at once are made one after the other", async ({ shard }) => {
    await deliver(shard, "a", "b", "c");
    const work = [
      annotate(shard, [1, 2], [note("first")]),
      annotate(shard, [1], [note("second")]),
      copy(shard, 2, "all"),
      shard.expunge(ANNA, 1, [2]),
      annotate(shard, [2, 3], [note("third")]),
    ];
    await Promise.all(work);
    assertEquals(shown(shard), { 1: ["priv/comment=second"], 3: ["priv/comment=third"] });
    assertEquals(shown(shard, 2), { 1: ["priv/comment=second"], 2: ["priv/comment=first"] });
  });
}
