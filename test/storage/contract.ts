import { assert, assertEquals } from "@std/assert";
import { Flag } from "../../src/mail/flag.ts";
import type { MailboxChange } from "../../src/storage/mod.ts";
import { adding, removing, replacing } from "./account_inputs.ts";
import { account, ANNA, BERT, casesOf, kindOf, mail, type Open, targets, text, uids } from "./support.ts";

/** What every mail store must do, whatever it is made of. */
export function contractTests(name: string, open: Open): void {
  const test = casesOf(name, open);

  test("a delivered message can be read back byte for byte", async ({ shard }) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const result = await shard.deliver(mail(bytes, { parts: [bytes, new Uint8Array(0), bytes.subarray(7)] }));
    assertEquals(uids(result), [1]);
    const whole = shard.fetch(ANNA, 1, { uid: 1, offset: 0, length: 10_000 });
    assertEquals(whole.size, 505);
    assertEquals([...whole.bytes], [...bytes, ...bytes.subarray(7)]);
  });

  test("an empty message is a message", async ({ shard }) => {
    await shard.deliver(mail("", { parts: [] }));
    assertEquals(shard.fetch(ANNA, 1, { uid: 1, offset: 0, length: 10 }), { bytes: new Uint8Array(0), size: 0 });
  });

  test("UIDs and MODSEQs rise from 1 and 2 in each mailbox", async ({ shard }) => {
    for (const body of ["a", "bb", "ccc"]) await shard.deliver(mail(body));
    await shard.deliver(mail("dddd", { mailbox: 7 }));
    const { rows } = shard.list(ANNA, 1, 0, 10);
    assertEquals(rows.map(({ uid, modSeq, size }) => [uid, modSeq, size]), [[1, 2, 1], [2, 3, 2], [3, 4, 3]]);
    assertEquals(shard.list(ANNA, 7, 0, 10).rows.map(({ uid }) => uid), [1]);
  });

  test("a mailbox without mail has counters too", async ({ shard }) => {
    const status = shard.status(ANNA, 1);
    assertEquals({ ...status, uidValidity: 0 }, {
      uidValidity: 0,
      uidNext: 1,
      highestModSeq: 1,
      messages: 0,
      unseen: 0,
      deleted: 0,
      size: 0,
    });
    await shard.deliver(mail("a"));
    assertEquals(shard.status(ANNA, 1).uidValidity, status.uidValidity);
  });

  test("the counters follow deliveries, flags and expunges", async ({ shard }) => {
    await shard.deliver(mail("12345"));
    await shard.deliver(mail("123", { flags: Flag.seen | Flag.deleted }));
    await shard.deliver(mail("1"));
    await shard.storeFlags(ANNA, 1, [1], adding(Flag.seen));
    await shard.storeFlags(ANNA, 1, [2, 3], replacing(Flag.deleted));
    const status = shard.status(ANNA, 1);
    assertEquals([status.messages, status.unseen, status.deleted, status.size], [3, 2, 2, 9]);
    await shard.expunge(ANNA, 1, [2]);
    const after = shard.status(ANNA, 1);
    assertEquals([after.messages, after.unseen, after.deleted, after.size, after.uidNext], [2, 1, 1, 6, 4]);
    assertEquals(shard.usage(ANNA), { bytes: 6, messages: 2 });
  });

  test("one message for many recipients is there for each, with a UID in the order asked", async ({ shard }) => {
    await shard.deliver(mail("first", { targets: targets(BERT) }));
    const result = await shard.deliver(mail("second", { targets: targets(ANNA, BERT, ANNA) }));
    assertEquals(uids(result), [1, 2, 2]);
    await shard.expunge(ANNA, 1, [1]);
    assertEquals(text(shard, 2), "second");
    assertEquals(text(shard, 2, BERT), "second");
  });

  test("the same opId is stored once and gets the same answer", async ({ shard }) => {
    const input = mail("once", { targets: targets(ANNA, BERT) });
    const answers = await Promise.all([shard.deliver(input), shard.deliver(input)]);
    const later = await shard.deliver(input);
    assertEquals([...answers, later].map(uids), [[1, 1], [1, 1], [1, 1]]);
    assertEquals(shard.status(ANNA, 1).messages, 1);
  });

  test("the same opId gets its answer after the message was expunged, and is not stored again", async ({ shard }) => {
    const input = mail("once");
    await shard.deliver(input);
    await shard.expunge(ANNA, 1, [1]);
    assertEquals(uids(await shard.deliver(input)), [1]);
    assertEquals(shard.status(ANNA, 1).messages, 0);
  });

  test("a delivery that fits exactly is taken, one more byte is not, and nothing is stored for anybody", async ({ shard }) => {
    const to = [{ account: BERT, quotaBytes: 0 }, { account: ANNA, quotaBytes: 10 }];
    assertEquals((await shard.deliver(mail("1234567890", { targets: to }))).type, "delivered");
    const input = mail("1", { targets: to });
    assertEquals(await shard.deliver(input), { type: "full", accounts: [ANNA] });
    assertEquals(shard.usage(BERT), { bytes: 10, messages: 1 });
    await shard.expunge(ANNA, 1, [1]);
    assertEquals(uids(await shard.deliver(input)), [2, 2]);
  });

  test("as many messages are taken as the quota says, whatever their size, each copy counted", async ({ shard }) => {
    const to = [{ account: BERT, quotaBytes: 0 }, { account: ANNA, quotaBytes: 100, quotaMessages: 2 }];
    const results = await Promise.all([
      shard.deliver(mail("", { targets: to })),
      shard.deliver(mail("1", { targets: [...to, ...to] })),
      shard.deliver(mail("1", { targets: to })),
      shard.deliver(mail("1", { targets: to })),
      shard.expunge(ANNA, 1, [1]),
      shard.deliver(mail("12", { targets: to })),
      shard.deliver(mail("1", { targets: to })),
    ]);
    const types = results.map((result) => "type" in result ? result.type : result.expunged);
    assertEquals(types, ["delivered", "full", "delivered", "full", [1], "delivered", "full"]);
    assertEquals(shard.usage(ANNA), { bytes: 3, messages: 2 });
    assertEquals(
      await kindOf(() => shard.deliver(mail("x", { targets: [{ ...to[1]!, quotaMessages: -1 }] }))),
      "invalid",
    );
  });

  test("the quota counts what the same group delivers and frees", async ({ shard }) => {
    const to = [{ account: ANNA, quotaBytes: 10 }];
    const results = await Promise.all([
      shard.deliver(mail("123456", { targets: to })),
      shard.deliver(mail("12345", { targets: to })),
      shard.deliver(mail("1234", { targets: to })),
      shard.expunge(ANNA, 1, [1]),
      shard.deliver(mail("12345", { targets: to })),
      shard.deliver(mail("12", { targets: [...to, ...to] })),
    ]);
    const types = results.map((result) => "type" in result ? result.type : result.expunged);
    assertEquals(types, ["delivered", "full", "delivered", [1], "delivered", "full"]);
  });

  test("a delivery that was taken back is gone, and its opId is refused from then on", async ({ shard }) => {
    await shard.deliver(mail("stays"));
    const input = mail("goes", { targets: targets(ANNA, BERT) });
    await shard.deliver(input);
    await shard.withdraw(input.opId);
    await shard.withdraw(input.opId);
    assertEquals([shard.status(ANNA, 1).messages, shard.status(BERT, 1).messages], [1, 0]);
    assertEquals(shard.status(BERT, 1).uidNext, 2);
    assertEquals(await kindOf(() => shard.deliver(input)), "refused");
  });

  test("taking back in the same turn as the delivery removes it", async ({ shard }) => {
    const input = mail("goes");
    await Promise.all([shard.deliver(input), shard.withdraw(input.opId)]);
    assertEquals(shard.status(ANNA, 1).messages, 0);
  });

  test("an unknown opId that was taken back is refused when it comes late", async ({ shard }) => {
    const input = mail("late");
    await shard.withdraw(input.opId);
    assertEquals(await kindOf(() => shard.deliver(input)), "refused");
    assertEquals(shard.usage(ANNA), { bytes: 0, messages: 0 });
  });

  test("expunge passes over what is gone and answers what went", async ({ shard }) => {
    for (let i = 0; i < 5; i++) await shard.deliver(mail(`${i}`));
    assertEquals(await shard.expunge(ANNA, 1, [4, 2, 4, 99, 0, -1, 1.5]), { expunged: [2, 4], modSeq: 7 } as never);
    assertEquals(await shard.expunge(ANNA, 1, [2, 4]), { expunged: [], modSeq: 7 } as never);
    assertEquals(await shard.expunge(BERT, 1, [1]), { expunged: [], modSeq: 1 } as never);
    assertEquals(shard.list(ANNA, 1, 0, 10).rows.map(({ uid }) => uid), [1, 3, 5]);
    assertEquals(await kindOf(() => shard.fetch(ANNA, 1, { uid: 2, offset: 0, length: 1 })), "not_found");
  });

  test("a UID is never used again", async ({ shard }) => {
    await shard.deliver(mail("a"));
    await shard.expunge(ANNA, 1, [1]);
    assertEquals(uids(await shard.deliver(mail("b"))), [2]);
  });

  test("setting flags that are set changes nothing", async ({ shard }) => {
    await shard.deliver(mail("a"));
    await shard.storeFlags(ANNA, 1, [1], adding(Flag.flagged));
    const { highestModSeq: modSeq } = shard.status(ANNA, 1);
    const nothing = { type: "stored", changed: [], modified: [], missing: [2], modSeq };
    for (const store of [adding(Flag.flagged), removing(Flag.seen), replacing(Flag.flagged)]) {
      assertEquals(await shard.storeFlags(ANNA, 1, [1, 2], store), nothing as never);
    }
    assertEquals(shard.list(ANNA, 1, 0, 1).rows[0]?.flags, Flag.flagged);
    assertEquals(shard.list(ANNA, 1, 0, 1).rows[0]?.modSeq, modSeq);
  });

  test("purge removes all mail of one account, and its mailboxes start in a new epoch", async ({ shard }) => {
    for (let i = 0; i < 3; i++) await shard.deliver(mail("shared", { targets: targets(ANNA, BERT), mailbox: i + 1 }));
    const before = shard.status(ANNA, 1);
    assertEquals(await shard.purge(ANNA), { messages: 3 });
    assertEquals(await shard.purge(ANNA), { messages: 0 });
    assertEquals(shard.usage(ANNA), { bytes: 0, messages: 0 });
    assertEquals(text(shard, 1, BERT, 3), "shared");
    assert(shard.status(ANNA, 1).uidValidity > before.uidValidity);
    assertEquals(uids(await shard.deliver(mail("new"))), [1]);
  });

  test("taking back what was purged does not touch mail that came later under the same UID", async ({ shard }) => {
    const input = mail("old");
    await shard.deliver(input);
    await shard.purge(ANNA);
    await shard.deliver(mail("new"));
    await shard.withdraw(input.opId);
    assertEquals(text(shard, 1), "new");
  });

  test("a name that begins like another is not purged with it", async ({ shard }) => {
    await shard.deliver(mail("a", { targets: targets(account("ann"), account("anna"), account("annab")) }));
    await shard.purge(ANNA);
    assertEquals([shard.usage(account("ann")).messages, shard.usage(account("annab")).messages], [1, 1]);
  });

  test("a list goes on after a UID and says whether more follows", async ({ shard }) => {
    await Promise.all(Array.from({ length: 200 }, (_, i) => shard.deliver(mail(`${i}`))));
    const first = shard.list(ANNA, 1, 0, 130);
    assertEquals([first.rows.length, first.more, first.rows.at(-1)?.uid], [130, true, 130 as never]);
    const rest = shard.list(ANNA, 1, 130, 70);
    assertEquals([rest.rows.length, rest.more, rest.rows[0]?.uid], [70, false, 131 as never]);
    assertEquals(shard.list(ANNA, 1, 200, 10), { rows: [], more: false });
    assertEquals(shard.list(ANNA, 1, 63, 2).rows.map(({ uid }) => uid), [64, 65] as never);
  });

  test("a list crosses what was expunged", async ({ shard }) => {
    await Promise.all(Array.from({ length: 500 }, (_, i) => shard.deliver(mail(`${i}`))));
    const gone = Array.from({ length: 500 }, (_, i) => i + 1).filter((uid) => uid % 100 !== 0);
    await shard.expunge(ANNA, 1, gone);
    assertEquals(shard.list(ANNA, 1, 0, 3).rows.map(({ uid }) => uid), [100, 200, 300] as never);
    assertEquals(shard.list(ANNA, 1, 300, 3).rows.map(({ uid }) => uid), [400, 500] as never);
  });

  test("a fetch answers any part of the message", async ({ shard }) => {
    await shard.deliver(mail("0123456789"));
    const part = (offset: number, length: number) => {
      return new TextDecoder().decode(shard.fetch(ANNA, 1, { uid: 1, offset, length }).bytes);
    };
    assertEquals([part(0, 3), part(3, 100), part(10, 5), part(99, 1), part(4, 0)], ["012", "3456789", "", "", ""]);
  });

  test("changes since a MODSEQ name what came, changed and went", async ({ shard }) => {
    for (let i = 0; i < 4; i++) await shard.deliver(mail(`${i}`));
    const { highestModSeq } = shard.status(ANNA, 1);
    assertEquals(shard.changes(ANNA, 1, highestModSeq), { changed: [], expunged: [], highestModSeq });
    await shard.storeFlags(ANNA, 1, [2, 3], adding(Flag.seen));
    await shard.expunge(ANNA, 1, [1, 3]);
    await shard.deliver(mail("new"));
    const since = shard.changes(ANNA, 1, highestModSeq);
    assertEquals(since, { changed: [2, 5], expunged: [1, 3], highestModSeq: 8 } as never);
  });

  test("changes of more UIDs than one answer names are not named at all", async ({ shard }) => {
    await Promise.all(Array.from({ length: 30 }, (_, i) => shard.deliver(mail(`${i}`))));
    const { highestModSeq } = shard.status(ANNA, 1);
    await shard.storeFlags(ANNA, 1, [1, 2, 3, 4, 5], adding(Flag.seen));
    await shard.expunge(ANNA, 1, [7, 8, 9, 10, 11]);
    const since = shard.changes(ANNA, 1, highestModSeq);
    assertEquals([since?.changed, since?.expunged], [[1, 2, 3, 4, 5], [7, 8, 9, 10, 11]] as never);
    await shard.deliver(mail("one more"));
    assertEquals(shard.changes(ANNA, 1, highestModSeq), null);
    assertEquals(shard.changes(ANNA, 1, 1), null);
    assertEquals(shard.changes(ANNA, 1, highestModSeq + 1)?.expunged.length, 5);
  }, { changedUidsMax: 10 });

  test("a listener is told every change in order", async ({ shard }) => {
    const told: [string, number, MailboxChange][] = [];
    const stop = shard.onChange((account, mailbox, change) => told.push([account, mailbox, change]));
    const input = mail("a", { targets: targets(ANNA, BERT) });
    await shard.deliver(input);
    await shard.storeFlags(ANNA, 1, [1], adding(Flag.seen));
    await shard.withdraw(input.opId);
    stop();
    await shard.deliver(mail("b"));
    assertEquals(told as unknown, [
      ["anna", 1, { kind: "delivered", uid: 1, modSeq: 2 }],
      ["bert", 1, { kind: "delivered", uid: 1, modSeq: 2 }],
      ["anna", 1, { kind: "flags", uids: [1, 1], modSeq: 3 }],
      ["anna", 1, { kind: "expunged", uids: [1], modSeq: 4 }],
      ["bert", 1, { kind: "expunged", uids: [1], modSeq: 3 }],
    ]);
  });

  test("what cannot be honoured is refused as invalid, at one more than each limit", async ({ shard }) => {
    const many = (count: number) => targets(...Array.from({ length: count }, (_, i) => account(`a${i}`)));
    assertEquals(await kindOf(() => shard.deliver(mail("12345"))), "ok");
    assertEquals(await kindOf(() => shard.deliver(mail("123456"))), "invalid");
    assertEquals(await kindOf(() => shard.deliver(mail("1", { targets: many(3) }))), "ok");
    assertEquals(await kindOf(() => shard.deliver(mail("1", { targets: many(4) }))), "invalid");
    assertEquals(await kindOf(() => shard.deliver(mail("1", { targets: [] }))), "invalid");
    assertEquals(await kindOf(() => shard.expunge(ANNA, 1, [1, 2, 3])), "ok");
    assertEquals(await kindOf(() => shard.expunge(ANNA, 1, [1, 2, 3, 4])), "invalid");
    assertEquals(await kindOf(() => shard.deliver(mail("1", { opId: "x".repeat(255) }))), "ok");
    assertEquals(await kindOf(() => shard.deliver(mail("1", { opId: "x".repeat(256) }))), "invalid");
    assertEquals(await kindOf(() => shard.deliver(mail("1", { opId: "" }))), "invalid");
    assertEquals(await kindOf(() => shard.deliver(mail("1", { targets: targets(account("a".repeat(64))) }))), "ok");
    assertEquals(
      await kindOf(() => shard.deliver(mail("1", { targets: targets(account("a".repeat(65))) }))),
      "invalid",
    );
    assertEquals(await kindOf(() => shard.deliver(mail("1", { targets: targets(account("a b")) }))), "invalid");
    assertEquals(await kindOf(() => shard.deliver(mail("1", { mailbox: 0xffff_ffff }))), "ok");
    assertEquals(await kindOf(() => shard.deliver(mail("1", { mailbox: 0x1_0000_0000 }))), "invalid");
    assertEquals(await kindOf(() => shard.deliver(mail("1", { flags: 31 }))), "ok");
    assertEquals(await kindOf(() => shard.deliver(mail("1", { flags: 32 }))), "invalid");
  }, { messageBytesMax: 5, targetsMax: 3, uidsMax: 3 });

  test("a store that is closed says so", async ({ store, shard }) => {
    const last = shard.deliver(mail("last"));
    await Promise.all([store.close(), last]);
    assertEquals(await kindOf(() => shard.deliver(mail("late"))), "closed");
    assertEquals(await kindOf(() => shard.status(ANNA, 1)), "closed");
  });

  test("a shard that is not owned is not found", async ({ store }) => {
    assertEquals(await kindOf(() => store.shard(5)), "not_found");
  });

  test("verify of a sound store reports progress and nothing bad", async ({ store, shard }) => {
    for (let i = 0; i < 3; i++) await shard.deliver(mail(`${i}`, { targets: targets(ANNA, BERT) }));
    const events = [];
    for await (const event of store.verify()) events.push(event);
    assertEquals(events, [{ type: "progress", shard: 0, messages: 6, done: true }]);
  });
}
