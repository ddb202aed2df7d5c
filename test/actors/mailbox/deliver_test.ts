import { assertEquals, assertRejects } from "@std/assert";
import { Failure, utf8 } from "../../../src/base/mod.ts";
import { Flag } from "../../../src/mail/flag.ts";
import type { Uid } from "../../../src/mail/uid.ts";
import type { ShardStore } from "../../../src/storage/types.ts";
import { inMailbox, JOHN, MAIL, MARY, put, settle, type Shard, watchAnswer } from "./support.ts";

const IN_JOHN = { account: JOHN, mailbox: 1 };

async function kindOf(ask: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => ask, Failure)).kind;
}

Deno.test("a delivery is answered when the store says durable and not before, and reads go on meanwhile", () =>
  inMailbox(async (world) => {
    const { mailbox } = world;
    world.hold = true;
    const delivery = watchAnswer(put(world, "op1"));
    await settle();
    assertEquals(delivery.answer, null);
    assertEquals((await mailbox.ask("mailbox.status", IN_JOHN)).messages, 0, "not shown before it is durable");
    world.flush();
    await settle();
    assertEquals(delivery.answer, [1 as Uid]);
    assertEquals((await mailbox.ask("mailbox.status", IN_JOHN)).messages, 1);
  }));

Deno.test("deliveries that wait together are written together, each with its own answer", () =>
  inMailbox(async (world) => {
    world.hold = true;
    const answers = [1, 2, 3].map((i) => watchAnswer(put(world, `op${i}`, [JOHN, MARY])));
    await settle();
    world.flush();
    await settle();
    assertEquals(answers.map(({ answer }) => answer), [[1, 1], [2, 2], [3, 3]] as Uid[][]);
  }));

Deno.test("a mail comes back byte for byte, joined from its parts, with its size, flags and date", () =>
  inMailbox(async ({ mailbox, clock }) => {
    const parts = [utf8("Return-Path: <>\r\n"), new Uint8Array(0), MAIL];
    const whole = new TextDecoder().decode(parts[0]) + new TextDecoder().decode(MAIL);
    clock.advance(5_000);
    const targets = [{ account: JOHN, quotaBytes: 0 }];
    await mailbox.ask("mailbox.deliver", { opId: "op1", targets, parts, flags: Flag.seen });
    const { rows, more } = await mailbox.ask("mailbox.list", { ...IN_JOHN, after: 0, limit: 10 });
    assertEquals([rows.length, more], [1, false]);
    const { uid, flags, size, internalDateMs } = rows[0]!;
    assertEquals([uid as number, flags, size], [1, Flag.seen, whole.length]);
    assertEquals(internalDateMs, clock.wallMs());
    const fetched = await mailbox.ask("mailbox.fetch", { ...IN_JOHN, uid, offset: 0, length: 10_000 });
    assertEquals([new TextDecoder().decode(fetched.bytes), fetched.size], [whole, whole.length]);
    const piece = await mailbox.ask("mailbox.fetch", { ...IN_JOHN, uid, offset: 7, length: 4 });
    assertEquals(new TextDecoder().decode(piece.bytes), whole.slice(7, 11));
  }));

Deno.test("the same opId is stored once, and both askers get the same UIDs", () =>
  inMailbox(async (world) => {
    const both = await Promise.all([put(world, "op1"), put(world, "op1")]);
    assertEquals(both, [[1], [1]]);
    assertEquals(await put(world, "op1"), [1]);
    assertEquals((await world.mailbox.ask("mailbox.status", IN_JOHN)).messages, 1);
    assertEquals(await put(world, "op2"), [2]);
  }));

Deno.test("what is withdrawn is gone for every recipient, and cannot be delivered any more", () =>
  inMailbox(async (world) => {
    const { mailbox } = world;
    await put(world, "op1", [JOHN, MARY]);
    await put(world, "op2", [JOHN]);
    await mailbox.ask("mailbox.withdraw", { opId: "op1" });
    const { rows } = await mailbox.ask("mailbox.list", { ...IN_JOHN, after: 0, limit: 10 });
    assertEquals(rows.map(({ uid }) => uid as number), [2]);
    assertEquals((await mailbox.ask("mailbox.usage", { account: MARY })).messages, 0);
    assertEquals(await kindOf(put(world, "op1")), "refused");
    await mailbox.ask("mailbox.withdraw", { opId: "op1" });
  }));

Deno.test("a withdrawal that overtakes its delivery keeps it out", () =>
  inMailbox(async (world) => {
    await world.mailbox.ask("mailbox.withdraw", { opId: "late" });
    assertEquals(await kindOf(put(world, "late")), "refused");
    assertEquals((await world.mailbox.ask("mailbox.status", IN_JOHN)).messages, 0);
  }));

Deno.test("one account over its quota: nobody gets the mail, and the answer names the account", () =>
  inMailbox(async ({ mailbox }) => {
    const deliver = (opId: string, quotaBytes: number) => {
      const targets = [{ account: JOHN, quotaBytes: 0 }, { account: MARY, quotaBytes }];
      return mailbox.ask("mailbox.deliver", { opId, targets, parts: [MAIL] });
    };
    assertEquals(await deliver("op1", MAIL.length - 1), { type: "full", accounts: [MARY] });
    assertEquals((await mailbox.ask("mailbox.usage", { account: JOHN })).messages, 0);
    assertEquals((await deliver("op1", MAIL.length)).type, "delivered", "a mail of exactly the quota fits");
    assertEquals((await deliver("op2", 2 * MAIL.length - 1)).type, "full");
    assertEquals(await mailbox.ask("mailbox.usage", { account: MARY }), { bytes: MAIL.length, messages: 1 });
  }));

Deno.test("there is room up to the quota and not one byte more; without a quota there is always room", () =>
  inMailbox(async (world) => {
    await put(world, "op1");
    const fits = async (quotaBytes: number, size: number) =>
      (await world.mailbox.ask("mailbox.room", { target: { account: JOHN, quotaBytes }, size })).fits;
    assertEquals(await fits(MAIL.length + 10, 10), true);
    assertEquals(await fits(MAIL.length + 10, 11), false);
    assertEquals(await fits(0, 1_000_000_000), true);
  }));

Deno.test("there is room for as many messages as the quota says", () =>
  inMailbox(async (world) => {
    await put(world, "op1");
    const fits = async (quotaMessages: number) =>
      (await world.mailbox.ask("mailbox.room", { target: { account: JOHN, quotaBytes: 0, quotaMessages }, size: 1 }))
        .fits;
    assertEquals([await fits(1), await fits(2), await fits(0)], [false, true, true]);
  }));

Deno.test("a disk that fails or is full reaches the asker by kind, and the actor goes on", async () => {
  let failure: Failure | null = null;
  const wrap = (shard: Shard): Shard => {
    const deliver: Shard["deliver"] = (input) => failure ? Promise.reject(failure) : shard.deliver(input);
    return Object.assign(Object.create(shard) as Shard, methods(shard), { deliver });
  };
  await inMailbox(async (world) => {
    for (const kind of ["disk", "disk_full", "busy"] as const) {
      failure = new Failure(kind, "as the test wants it");
      assertEquals(await kindOf(put(world, "op1")), kind);
    }
    failure = null;
    assertEquals(await put(world, "op1"), [1]);
    assertEquals(world.system.stats().map(({ restarts }) => restarts), [0]);
  }, { wrap });
});

/** The shard's methods, bound: they use private fields. */
function methods(shard: ShardStore): Partial<ShardStore> {
  const names = ["withdraw", "status", "list", "fetch", "expunge", "usage", "onChange", "purge"] as const;
  return Object.fromEntries(names.map((name) => [name, (shard[name] as () => unknown).bind(shard)]));
}

Deno.test("lists come in pages of rising UIDs", () =>
  inMailbox(async (world) => {
    for (let i = 0; i < 5; i++) await put(world, `op${i}`);
    const page = async (after: number, limit: number) => {
      const { rows, more } = await world.mailbox.ask("mailbox.list", { ...IN_JOHN, after, limit });
      return [rows.map(({ uid }) => uid as number), more];
    };
    assertEquals(await page(0, 2), [[1, 2], true]);
    assertEquals(await page(2, 3), [[3, 4, 5], false]);
    assertEquals(await page(5, 3), [[], false]);
  }));

Deno.test("an expunge answers what it removed, passes over what is gone, and the UIDs are not used again", () =>
  inMailbox(async (world) => {
    const { mailbox } = world;
    for (let i = 0; i < 3; i++) await put(world, `op${i}`);
    const uids = [3, 1, 77] as Uid[];
    assertEquals((await mailbox.ask("mailbox.expunge", { ...IN_JOHN, uids })).expunged as readonly number[], [1, 3]);
    assertEquals((await mailbox.ask("mailbox.expunge", { ...IN_JOHN, uids })).expunged, []);
    assertEquals(
      await kindOf(mailbox.ask("mailbox.fetch", { ...IN_JOHN, uid: uids[0]!, offset: 0, length: 1 })),
      "not_found",
    );
    assertEquals(await put(world, "op9"), [4]);
  }));

Deno.test("a purge removes all mail of one account and nobody else's", () =>
  inMailbox(async (world) => {
    const { mailbox } = world;
    await put(world, "op1", [JOHN, MARY]);
    await put(world, "op2", [JOHN]);
    assertEquals(await mailbox.ask("mailbox.purge", { account: JOHN }), { messages: 2 });
    assertEquals((await mailbox.ask("mailbox.usage", { account: JOHN })).bytes, 0);
    assertEquals((await mailbox.ask("mailbox.usage", { account: MARY })).messages, 1);
  }));
