import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../src/base/mod.ts";
import { Flag } from "../../src/mail/flag.ts";
import type { MailboxName } from "../../src/mail/mailbox_name.ts";
import type { MailboxChange, ShardStore } from "../../src/storage/mod.ts";
import { adding, append, copy, message, names, NOW_MS, removing, rows } from "./account_inputs.ts";
import { flagTests } from "./flag_contract.ts";
import { settingTests } from "./setting_contract.ts";
import { ANNA, BERT, casesOf, kindOf, made, mail, type Open, targets, type Test, text, uids } from "./support.ts";

const name = (text: string) => text as MailboxName;

/** What every mail store must do with many mailboxes per account. */
export function accountContractTests(store: string, open: Open): void {
  const test = casesOf(store, open);

  treeTests(test);
  messageTests(test);
  flagTests(test);
  settingTests(test);
}

function treeTests(test: Test): void {
  test("an account has its six mailboxes from the first day on, subscribed", async ({ shard }) => {
    assertEquals(names(shard), ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"]);
    assertEquals(shard.mailboxNamed(ANNA, name("Sent")), {
      mailbox: 2,
      name: name("Sent"),
      objectId: "M2-anna",
      specialUse: "sent",
      subscribed: true,
    });
    assertEquals(shard.mailboxNamed(ANNA, name("sent")), null);
    assertEquals(shard.status(ANNA, 4).uidNext, 1 as never);
    await shard.deliver(mail("spam", { mailbox: 5 }));
    assertEquals(shard.status(ANNA, 5).messages, 1);
  });

  test("making a mailbox makes its parents, with numbers that are never used again", async ({ shard }) => {
    assertEquals(await shard.createMailbox(ANNA, name("work/2026/May"), "archive"), {
      type: "done",
      mailbox: 9,
      objectId: "M9-anna",
    });
    assertEquals(names(shard).slice(6), ["work", "work/2026", "work/2026/May"]);
    assertEquals(shard.mailboxNamed(ANNA, name("work/2026/May"))?.specialUse, "archive");
    assertEquals(shard.mailboxNamed(ANNA, name("work"))?.subscribed, false);
    assertEquals(await shard.createMailbox(ANNA, name("work/2026"), null), { type: "exists" });
    await shard.removeMailbox(ANNA, name("work/2026/May"));
    assertEquals(await made(shard, "work/2026/May"), 10);
  });

  test("what was removed is gone at once, its bytes are free, and its children and subscription stay", async ({ shard }) => {
    const parent = await made(shard, "a");
    const child = await made(shard, "a/b");
    await shard.subscribe(ANNA, name("a"), true);
    await shard.append(append(parent, [message("12345", { keywords: ["k"] })]));
    await shard.append(append(child, [message("123")]));
    await shard.setMetadata(ANNA, parent, [["/private/comment", utf8("mine")]]);
    const told: [number, MailboxChange][] = [];
    shard.onChange((_account, mailbox, change) => told.push([mailbox, change]));
    assertEquals((await shard.removeMailbox(ANNA, name("a"))).type, "done");
    assertEquals(told, [[parent, { kind: "ended" }]]);
    assertEquals(names(shard).filter((each) => /a/.test(each) && each.length < 5), ["(a)", "a/b"]);
    assertEquals(shard.usage(ANNA), { bytes: 3, messages: 1 });
    assertEquals(rows(shard, parent), []);
    assertEquals([shard.keywords(ANNA, parent), shard.metadata(ANNA, parent)], [[], []]);
    assertEquals(shard.status(ANNA, parent).messages, 0);
    assertEquals(await kindOf(() => shard.fetch(ANNA, parent, { uid: 1, offset: 0, length: 1 })), "not_found");
    assertEquals(await shard.removeMailbox(ANNA, name("a")), { type: "missing" });
    assertEquals(await shard.removeMailbox(ANNA, name("INBOX")), { type: "cannot" });
    assertEquals(await shard.append(append(parent, [message("x")])), { type: "missing" });
  });

  test("mail for a mailbox that was removed goes into INBOX", async ({ shard }) => {
    await shard.removeMailbox(ANNA, name("Junk"));
    const input = mail("spam", { mailbox: 5, targets: targets(ANNA, BERT) });
    assertEquals(uids(await shard.deliver(input)), [1, 1]);
    assertEquals([shard.status(ANNA, 1).messages, shard.status(BERT, 5).messages], [1, 1]);
    assertEquals(uids(await shard.deliver(input)), [1, 1]);
    await shard.withdraw(input.opId);
    assertEquals([shard.status(ANNA, 1).messages, shard.status(BERT, 5).messages], [0, 0]);
  });

  test("a mailbox made anew has a higher UIDVALIDITY than any of its name before", async ({ shard }) => {
    const seen: number[] = [];
    for (let i = 0; i < 3; i++) {
      seen.push(shard.status(ANNA, await made(shard, "x")).uidValidity) && await shard.removeMailbox(ANNA, name("x"));
    }
    assert(seen[0]! < seen[1]! && seen[1]! < seen[2]!, seen.join());
    const sent = shard.status(ANNA, 2).uidValidity;
    await shard.removeMailbox(ANNA, name("Sent"));
    assert(shard.status(ANNA, await made(shard, "Sent")).uidValidity > sent);
  });

  test("a renamed mailbox keeps its UIDVALIDITY, unless the name had it before", async ({ shard }) => {
    const before = shard.status(ANNA, 4).uidValidity;
    assertEquals(before, shard.status(ANNA, 2).uidValidity);
    assertEquals((await shard.renameMailbox(ANNA, name("Trash"), name("Bin"))).type, "done");
    assertEquals(shard.status(ANNA, 4).uidValidity, before);
    await shard.removeMailbox(ANNA, name("Sent"));
    const told: [number, MailboxChange][] = [];
    shard.onChange((_account, mailbox, change) => told.push([mailbox, change]));
    await shard.renameMailbox(ANNA, name("Bin"), name("Sent"));
    assert(shard.status(ANNA, 4).uidValidity > before);
    assertEquals(told, [[4, { kind: "ended" }]]);
  });

  test("renaming takes the children along, makes parents, and keeps numbers and messages", async ({ shard }) => {
    const [a, b] = [await made(shard, "a"), await made(shard, "a/b")];
    await made(shard, "ab");
    await shard.subscribe(ANNA, name("a/b"), true);
    await shard.append(append(b, [message("kept")]));
    assertEquals(await shard.renameMailbox(ANNA, name("a"), name("x/y")), {
      type: "done",
      mailbox: a,
      objectId: `M${a}-anna`,
    });
    assertEquals(names(shard).slice(6), ["(a/b)", "ab", "x", "x/y", "x/y/b"]);
    const node = shard.mailboxNamed(ANNA, name("x/y/b"));
    assertEquals([node?.mailbox, node?.subscribed], [b, true]);
    assertEquals(text(shard, 1, ANNA, b), "kept");
    assertEquals(await shard.renameMailbox(ANNA, name("x"), name("x/z")), { type: "cannot" });
    assertEquals(await shard.renameMailbox(ANNA, name("x"), name("ab")), { type: "exists" });
    assertEquals(await shard.renameMailbox(ANNA, name("nothing"), name("z")), { type: "missing" });
    assertEquals(await shard.renameMailbox(ANNA, name("x"), name("INBOX")), { type: "exists" });
    assertEquals(await shard.renameMailbox(ANNA, name("x"), name("y".repeat(399))), { type: "limit" });
  });

  test("renaming INBOX moves its messages into a new mailbox and leaves it there, with its children", async ({ shard }) => {
    await made(shard, "INBOX/child");
    for (let i = 0; i < 3; i++) {
      await shard.append(append(1, [message(`${i}`, { flags: Flag.seen, keywords: [`k${i}`] })]));
    }
    await shard.expunge(ANNA, 1, [2]);
    const outcome = await shard.renameMailbox(ANNA, name("INBOX"), name("old"));
    assert(outcome.type === "done");
    assertEquals([shard.status(ANNA, 1).messages, shard.status(ANNA, 1).uidNext], [0, 4]);
    assertEquals(rows(shard, outcome.mailbox).map(({ uid, keywords, savedMs }) => [uid, keywords, savedMs]), [
      [1, ["k0"], NOW_MS],
      [2, ["k2"], NOW_MS],
    ] as never);
    assertEquals(names(shard).filter((each) => /INBOX|old/.test(each)), ["INBOX", "INBOX/child", "old"]);
    assertEquals(shard.keywords(ANNA, 1), []);
  });

  test("a name is subscribed without a mailbox, and as long as nobody unsubscribes", async ({ shard }) => {
    assertEquals(await shard.subscribe(ANNA, name("news"), true), { type: "done", mailbox: 0, objectId: "" });
    assertEquals(names(shard).at(-1), "(news)");
    const number = await made(shard, "news");
    assertEquals(shard.mailboxNamed(ANNA, name("news"))?.subscribed, true);
    await shard.removeMailbox(ANNA, name("news"));
    assertEquals(shard.mailboxNamed(ANNA, name("news"))?.mailbox, 0);
    await shard.subscribe(ANNA, name("news"), false);
    assertEquals(shard.mailboxNamed(ANNA, name("news")), null);
    assert(await made(shard, "news") > number);
  });

  test("an account has as many names as the limit says, and not one more", async ({ shard }) => {
    await made(shard, "a");
    assertEquals(await shard.createMailbox(ANNA, name("b/c"), null), { type: "limit" });
    assertEquals(shard.mailboxNamed(ANNA, name("b")), null);
    await made(shard, "b");
    assertEquals(await shard.createMailbox(ANNA, name("c"), null), { type: "limit" });
    assertEquals(await shard.subscribe(ANNA, name("c"), true), { type: "limit" });
    await shard.removeMailbox(ANNA, name("b"));
    await made(shard, "c");
  }, { mailboxesMax: 8 });

  test("purge leaves nothing of an account, and its names begin in a new epoch", async ({ shard }) => {
    const number = await made(shard, "a");
    await shard.append(append(number, [message("x", { keywords: ["k"] })]));
    await shard.setMetadata(ANNA, 0, [["/shared/x", utf8("y")]]);
    await shard.setAcl(ANNA, number, [["bert", "lr"]]);
    const { uidValidity } = shard.status(ANNA, number);
    assertEquals(await shard.purge(ANNA), { messages: 1 });
    assertEquals(names(shard), ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"]);
    assertEquals([shard.metadata(ANNA, 0), shard.acl(ANNA, number), shard.keywords(ANNA, number)], [[], [], []]);
    assert(shard.status(ANNA, 1).uidValidity > uidValidity);
    assertEquals(await made(shard, "a"), 7);
  });
}

function messageTests(test: Test): void {
  test("what is appended and delivered at once, each has its own bytes", async ({ shard }) => {
    await Promise.all([
      shard.append(append(1, [message("one"), message("two!")])),
      shard.append(append(1, [message("three")])),
      shard.deliver(mail("fourth")),
      shard.append(append(1, [message("fifth mail")])),
    ]);
    assertEquals([1, 2, 3, 4, 5].map((uid) => text(shard, uid)), ["one", "two!", "three", "fourth", "fifth mail"]);
  });

  test("an append stores several messages in order, with flags, keywords, dates and index, or none", async ({ shard }) => {
    const input = append(3, [
      message("one", {
        flags: Flag.draft,
        keywords: ["$MDNSent", "Work"],
        internalDateMs: 86_400_000,
        index: utf8("index"),
      }),
      message("two", { keywords: ["work"] }),
    ]);
    const answer = await shard.append(input);
    assertEquals(answer, { type: "appended", uidValidity: shard.status(ANNA, 3).uidValidity, uids: [1, 2] } as never);
    assertEquals(await shard.append(input), answer);
    // Whoever asks once only need not say who asks: nothing is remembered of it.
    const { opId, ...once } = input;
    for (const uid of [3, 4]) {
      const again = await shard.append({ ...once, messages: [message("three")] });
      assertEquals(again.type === "appended" && [...again.uids] as number[], [uid]);
    }
    await shard.expunge(ANNA, 3, [3, 4]);
    assertEquals(await kindOf(() => shard.append({ ...once, opId: "" })), "invalid");
    const [first, second] = rows(shard, 3);
    assertEquals([first?.flags, first?.keywords, first?.internalDateMs, first?.savedMs], [
      Flag.draft,
      ["$MDNSent", "Work"],
      86_400_000,
      NOW_MS,
    ]);
    assertEquals([first?.index, second?.index], [utf8("index"), null]);
    assertEquals([second?.keywords, text(shard, 2, ANNA, 3)], [["Work"], "two"]);
    const full = append(3, [message("x".repeat(60)), message("x".repeat(40))], { quotaBytes: 105 });
    assertEquals(await shard.append(full), { type: "full" });
    assertEquals(shard.status(ANNA, 3).messages, 2);
    await shard.withdraw(opId!);
    assertEquals(shard.usage(ANNA), { bytes: 0, messages: 0 });
    assertEquals(await kindOf(() => shard.append(input)), "refused");
  });

  test("an append replaces a message in one change, and counts only what it adds (RFC 8508)", async ({ shard }) => {
    await shard.append(append(3, [message("old draft"), message("another")]));
    const told: [number, MailboxChange["kind"]][] = [];
    const stop = shard.onChange((_account, mailbox, { kind }) => told.push([mailbox, kind]));
    const replaces = { account: ANNA, mailbox: 3, uid: 1 };
    const input = append(3, [message("new draft!")], { replaces, quotaBytes: 17 });
    const answer = await shard.append(input);
    assertEquals(answer, { type: "appended", uidValidity: shard.status(ANNA, 3).uidValidity, uids: [3] } as never);
    assertEquals([told, rows(shard, 3).map(({ uid }) => uid)], [[[3, "delivered"], [3, "expunged"]], [2, 3] as never]);
    assertEquals(shard.usage(ANNA), { bytes: 17, messages: 2 });
    const { highestModSeq } = shard.status(ANNA, 3);
    assertEquals(rows(shard, 3)[1]!.modSeq < highestModSeq, true);
    assertEquals(shard.changes(ANNA, 3, 2), { changed: [3], expunged: [1], highestModSeq } as never);
    assertEquals(await shard.append(input), answer);
    assertEquals(await shard.append(append(3, [message("x")], { replaces })), { type: "gone" });
    const over = { replaces: { ...replaces, uid: 3 }, quotaBytes: 17 };
    assertEquals(await shard.append(append(3, [message("new draft!!")], over)), { type: "full" });
    assertEquals(await shard.append(append(77, [message("x")], over)), { type: "missing" });
    assertEquals([rows(shard, 3).length, text(shard, 3, ANNA, 3)], [2, "new draft!"]);
    const sent = await shard.append(append(2, [message("sent")], { replaces: { ...replaces, uid: 3 } }));
    assertEquals([sent.type, rows(shard, 2).length, rows(shard, 3).map(({ uid }) => uid)], [
      "appended",
      1,
      [2] as never,
    ]);
    stop();
  });

  test("an index comes with a delivery and stays with copies; one that is too large is not kept", async ({ shard }) => {
    await shard.deliver(mail("a", { index: utf8("made by the listener") }));
    await shard.deliver(mail("b", { index: new Uint8Array(101) }));
    await shard.deliver(mail("c"));
    await shard.copy(copy(1, 6, [1]));
    await shard.expunge(ANNA, 1, [1]);
    assertEquals(shard.fetchIndex(ANNA, 6, 1), utf8("made by the listener"));
    assertEquals([shard.fetchIndex(ANNA, 1, 2), shard.fetchIndex(ANNA, 1, 3)], [null, null]);
    assertEquals(await kindOf(() => shard.fetchIndex(ANNA, 1, 1)), "not_found");
    assertEquals(shard.rowsAt(ANNA, 1, 0, { limit: 9, index: false }).rows[0]?.index, undefined);
  }, { mimeIndexBytesMax: 100 });

  test("rows with indexes end when they are enough bytes", async ({ shard }) => {
    for (let i = 0; i < 4; i++) await shard.deliver(mail(`${i}`, { index: new Uint8Array(60) }));
    const page = shard.rowsAt(ANNA, 1, 0, { limit: 9, index: true });
    assertEquals([page.rows.length, page.more], [2, true]);
    assertEquals(shard.rowsAt(ANNA, 1, 2, { limit: 9, index: true }).more, false);
    assertEquals(shard.rowsAt(ANNA, 1, 0, { limit: 3, index: false }).more, true);
  }, { rowsIndexBytesMax: 100 });

  test("a copy keeps flags, keywords, date and content, and counts on its own", async ({ shard }) => {
    await shard.append(append(1, [message("one", { flags: Flag.flagged, keywords: ["K"] }), message("two")]));
    const answer = await shard.copy(copy(1, 6, [2, 1, 9]));
    assertEquals(
      answer,
      { type: "copied", uidValidity: shard.status(ANNA, 6).uidValidity, from: [1, 2], to: [1, 2] } as never,
    );
    const [original, copied] = [rows(shard, 1)[0]!, rows(shard, 6)[0]!];
    assertEquals({ ...copied, modSeq: 0, savedMs: 0 }, { ...original, modSeq: 0, savedMs: 0 } as never);
    assertEquals([shard.usage(ANNA).bytes, shard.keywords(ANNA, 6)], [12, ["K"]]);
    await shard.expunge(ANNA, 1, [1, 2]);
    assertEquals(text(shard, 2, ANNA, 6), "two");
    assertEquals(
      await shard.copy(copy(1, 6, [1])),
      { type: "copied", uidValidity: copiedValidity(shard), from: [], to: [] } as never,
    );
    assertEquals(await shard.copy(copy(1, 77, [1])), { type: "missing" });
    assertEquals(await shard.copy(copy(77, 1, [1])), { type: "missing" });
  });

  test("a copy is answered with ranges, one UID for one, however they lie in the source", async ({ shard }) => {
    await shard.append(append(1, Array.from({ length: 200 }, () => message("a"))));
    await shard.expunge(ANNA, 1, [3, ...Array.from({ length: 70 }, (_, i) => 100 + i)]);
    const uids = Array.from({ length: 250 }, (_, i) => 250 - i);
    const answer = await shard.copy(copy(1, 6, uids));
    assertEquals(answer.type === "copied" && [answer.from, answer.to], [[1, 2, 4, 99, 170, 200], [1, 129]] as never);
    const moved = await shard.copy(copy(1, 6, [1, 2, 180, 300], { move: true }));
    assertEquals(moved.type === "copied" && [moved.from, moved.to], [[1, 2, 180, 180], [130, 132]] as never);
    assertEquals([shard.status(ANNA, 1).messages, shard.status(ANNA, 6).messages], [126, 132]);
  });

  for (const move of [false, true]) {
    test(`what is ${move ? "moved" : "copied"} comes with the flags and keywords that may go with it, in one change`, async ({ shard }) => {
      const flags = Flag.seen | Flag.flagged | Flag.deleted;
      await shard.append(
        append(1, [message("a", { flags, keywords: ["k", "l"] }), message("b", { flags: Flag.draft })]),
      );
      const told: [string, number, MailboxChange["kind"]][] = [];
      const stop = shard.onChange((account, mailbox, { kind }) => told.push([account, mailbox, kind]));
      const to = { account: BERT, mailbox: 1 };
      const within = { flags: Flag.flagged | Flag.draft, keywords: false };
      assertEquals((await shard.copy(copy(1, 1, [1, 2], { to, within, move }))).type, "copied");
      stop();
      assertEquals(told as unknown, [
        ...[[BERT, 1, "delivered"], [BERT, 1, "delivered"]],
        ...(move ? [[ANNA, 1, "expunged"]] : []),
      ]);
      const came = () => rows(shard, 1, BERT).map(({ flags, keywords }) => [flags, keywords.join()]);
      assertEquals(came(), [[Flag.flagged, ""], [Flag.draft, ""]]);
      const { unseen, deleted, highestModSeq } = shard.status(BERT, 1);
      assertEquals([unseen, deleted, highestModSeq, shard.keywords(BERT, 1)], [2, 0, 2 as never, []]);
      if (move) return;
      // Each for itself; and what they have here stays.
      await shard.copy(copy(1, 1, [1], { to, within: { flags: 0, keywords: true } }));
      await shard.copy(copy(1, 1, [1], { to, within: { flags: Flag.seen | Flag.deleted, keywords: true } }));
      assertEquals(came().slice(2), [[0, "k,l"], [Flag.seen | Flag.deleted, "k,l"]]);
      assertEquals(rows(shard, 1).map(({ flags }) => flags), [flags, Flag.draft]);
      const none = { to, within: { flags: 32, keywords: true } };
      assertEquals(await kindOf(() => shard.copy(copy(1, 1, [1], none))), "invalid");
    });
  }

  test("keywords that do not go with a copy do not count where it comes to", async ({ shard }) => {
    await shard.append(append(1, [message("a", { keywords: ["a", "b"] })]));
    await shard.append(append(6, [message("b", { keywords: ["c", "d"] })]));
    const within = { flags: 0, keywords: false };
    assertEquals(await shard.copy(copy(1, 6, [1])), { type: "limit" });
    assertEquals((await shard.copy(copy(1, 6, [1], { within }))).type, "copied");
    assertEquals(shard.keywords(ANNA, 6), ["c", "d"]);
  }, { keywordsMax: 3 });

  test("a copy that does not fit copies nothing; a move within the account always fits", async ({ shard }) => {
    await shard.append(append(1, [message("12345"), message("12345")]));
    assertEquals(await shard.copy(copy(1, 6, [1, 2], { quotaBytes: 19 })), { type: "full" });
    assertEquals(shard.status(ANNA, 6).messages, 0);
    assertEquals((await shard.copy(copy(1, 6, [1], { quotaBytes: 15 }))).type, "copied");
    assertEquals((await shard.copy(copy(1, 4, [1, 2], { quotaBytes: 1, move: true }))).type, "copied");
    assertEquals([shard.status(ANNA, 1).messages, shard.status(ANNA, 4).messages], [0, 2]);
    assertEquals(shard.usage(ANNA), { bytes: 15, messages: 3 });
  });

  test("an append or a copy beyond the number of messages adds none; a move within the account adds none anyway", async ({ shard }) => {
    const of = (quotaMessages: number) => ({ quotaBytes: 0, quotaMessages });
    assertEquals(await shard.append(append(1, [message("1"), message("2")], of(1))), { type: "full" });
    const group = [1, 1, 6].map((mailbox) => shard.append(append(mailbox, [message("a"), message("b")], of(4))));
    assertEquals((await Promise.all(group)).map(({ type }) => type), ["appended", "appended", "full"]);
    assertEquals(await shard.copy(copy(1, 6, [1, 2], of(5))), { type: "full" });
    assertEquals((await shard.copy(copy(1, 6, [1], of(5)))).type, "copied");
    assertEquals((await shard.copy(copy(1, 4, [1, 2], { ...of(1), move: true }))).type, "copied");
    const to = { account: BERT, mailbox: 1 };
    assertEquals(await shard.copy(copy(1, 1, [3, 4], { to, ...of(1), move: true })), { type: "full" });
    assertEquals([shard.usage(ANNA).messages, shard.usage(BERT).messages], [5, 0]);
  });

  test("a move tells both mailboxes, and also works within one", async ({ shard }) => {
    await shard.append(append(1, [message("a"), message("b")]));
    const told: [number, MailboxChange][] = [];
    shard.onChange((_account, mailbox, change) => told.push([mailbox, change]));
    await shard.copy(copy(1, 1, [1], { move: true }));
    await shard.copy(copy(1, 6, [2, 3], { move: true }));
    assertEquals(told as unknown, [
      [1, { kind: "delivered", uid: 3, modSeq: 3 }],
      [1, { kind: "expunged", uids: [1], modSeq: 4 }],
      [6, { kind: "delivered", uid: 1, modSeq: 2 }],
      [6, { kind: "delivered", uid: 2, modSeq: 2 }],
      [1, { kind: "expunged", uids: [2, 3], modSeq: 5 }],
    ]);
    assertEquals(shard.changes(ANNA, 1, 2), { changed: [], expunged: [1, 2, 3], highestModSeq: 5 } as never);
    assertEquals(shard.changes(ANNA, 6, 1), { changed: [1, 2], expunged: [], highestModSeq: 2 } as never);
  });

  test("keys for tokens are kept by whom they are for, replaced and removed, and go with their mailbox", async ({ shard }) => {
    const key = (fill: number) => new Uint8Array(32).fill(fill);
    const outcome = await shard.createMailbox(ANNA, name("Keys"), null);
    const mailbox = outcome.type === "done" ? outcome.mailbox : 0;
    await shard.setAccessKeys(ANNA, mailbox, [[BERT, key(1)], [ANNA, key(2)]]);
    assertEquals(await shard.setAccessKeys(ANNA, 1, [[ANNA, key(3)]]), { type: "done" });
    assertEquals(shard.accessKeys(ANNA, mailbox), [[ANNA, key(2)], [BERT, key(1)]]);
    await shard.setAccessKeys(ANNA, mailbox, [[BERT, null], [ANNA, key(4)]]);
    assertEquals(shard.accessKeys(ANNA, mailbox), [[ANNA, key(4)]]);
    assertEquals(await kindOf(() => shard.setAccessKeys(ANNA, 1, [[ANNA, new Uint8Array(31)]])), "invalid");
    assertEquals(await shard.setAccessKeys(ANNA, 77, [[ANNA, key(1)]]), { type: "missing" });
    await shard.removeMailbox(ANNA, name("Keys"));
    assertEquals([shard.accessKeys(ANNA, mailbox), shard.accessKeys(ANNA, 1)], [[], [[ANNA, key(3)]]]);
  });

  test("messages are copied into the mailbox of another account, against its quota", async ({ shard }) => {
    await shard.append(append(1, [message("shared", { keywords: ["k"] })]));
    const to = { account: BERT, mailbox: 1 };
    assertEquals(await shard.copy(copy(1, 1, [1], { to, quotaBytes: 5 })), { type: "full" });
    assertEquals((await shard.copy(copy(1, 1, [1], { to, move: true }))).type, "copied");
    assertEquals([shard.usage(ANNA).bytes, shard.usage(BERT).bytes], [0, 6]);
    assertEquals([text(shard, 1, BERT), shard.keywords(BERT, 1)], ["shared", ["k"]]);
  });

  test("a block is counted once the next one has begun, though nothing of it changed then", async ({ shard }) => {
    const counts = () => {
      const { blocks, rows } = shard.blockCounts(ANNA, 1);
      return [...blocks].map((block, i) => [block, rows[i]]);
    };
    await shard.append(append(1, Array.from({ length: 63 }, () => message("x"))));
    await shard.storeFlags(ANNA, 1, [1, 63], adding(Flag.seen));
    assertEquals(counts(), [[0, 63]]);
    await shard.append(append(1, [message("y")]));
    assertEquals(counts(), [[0, 63], [1, 1]]);
    await shard.storeFlags(ANNA, 1, [1, 63, 64], removing(Flag.seen));
    assertEquals(counts(), [[0, 63], [1, 1]]);
    await shard.expunge(ANNA, 1, [2]);
    assertEquals(counts(), [[0, 62], [1, 1]]);
  });

  test("rows are counted by blocks of 64 UIDs, over what was expunged", async ({ shard }) => {
    await Promise.all(Array.from({ length: 400 }, (_, i) => shard.deliver(mail(`${i}`))));
    const gone = Array.from({ length: 400 }, (_, i) => i + 1).filter((uid) => uid >= 60 && uid < 200);
    await shard.expunge(ANNA, 1, gone);
    const { blocks, rows } = shard.blockCounts(ANNA, 1);
    assertEquals([[...blocks], [...rows]], [[0, 3, 4, 5, 6], [59, 56, 64, 64, 17]]);
    await shard.expunge(ANNA, 1, Array.from({ length: 17 }, (_, i) => 384 + i));
    assertEquals([...shard.blockCounts(ANNA, 1).rows], [59, 56, 64, 64]);
    assertEquals(shard.blockCounts(BERT, 1).blocks.length, 0);
  });
}

function copiedValidity(shard: ShardStore): number {
  return shard.status(ANNA, 6).uidValidity;
}
