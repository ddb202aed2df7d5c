/** What an account may hold, and what of it could be freed. */
import { assertEquals } from "@std/assert";
import { Flag } from "../../../src/mail/flag.ts";
import { INBOX_NAME, type MailboxName } from "../../../src/mail/mailbox_name.ts";
import { ALL, inTurns, openSession, sequence, uids } from "./sessions.ts";
import { inMailbox, JOHN, MAIL, MARY, put } from "./support.ts";

Deno.test("a copy keeps to the number of messages that the session's account may have", () =>
  inMailbox(async (world) => {
    await put(world, "op1");
    await put(world, "op2");
    const session = await openSession(world, { quotaMessages: 3 });
    const copy = (set: typeof ALL) => session.ask("mailbox.copy", { set, to: INBOX_NAME, move: false });
    assertEquals(await copy(ALL), { type: "full" });
    assertEquals((await copy(sequence(1, 1))).type, "copied");
    assertEquals(await copy(sequence(1, 1)), { type: "full" });
  }));

Deno.test("an append keeps to the number of messages that is told with it", () =>
  inMailbox(async (world) => {
    await put(world, "op1");
    const message = { parts: [MAIL], index: null, internalDateMs: null, flags: 0, keywords: [] };
    const append = (opId: string, quotaMessages: number) =>
      world.mailbox.ask("mailbox.append", {
        ...{ account: JOHN, opId, name: INBOX_NAME, quotaBytes: 0, quotaMessages, messages: [message] },
      });
    assertEquals(await append("append/1", 1), { type: "full" });
    assertEquals((await append("append/2", 2)).type, "appended");
  }));

Deno.test("the bytes of messages with \\Deleted are counted, and told only to whoever may read them", () =>
  inMailbox(async (world) => {
    const count = 30;
    for (let i = 0; i < count; i++) await put(world, `op${i}`);
    const session = await openSession(world);
    const bytes = async (account = JOHN, name: MailboxName = INBOX_NAME) =>
      (await inTurns(world, world.mailbox.ask("mailbox.deletedBytes", { account, name }))).bytes;
    assertEquals(await bytes(), 0);
    await session.store(uids(2, 3, count, count), "add", { flags: Flag.deleted });
    assertEquals(await bytes(), 3 * MAIL.length);
    assertEquals([await bytes(JOHN, "nowhere" as MailboxName), await bytes(MARY)], [0, 0]);
    assertEquals(await bytes(MARY, "Other Users/john@smith.test/INBOX" as MailboxName), 0);
  }));

Deno.test("the bytes of more messages with \\Deleted than are looked at in one turn are counted", () =>
  inMailbox(async (world) => {
    const message = { parts: [MAIL], index: null, internalDateMs: null, keywords: [] };
    const marked = (i: number) => i % 3 === 0 ? Flag.deleted : 0;
    for (let from = 0; from < 22_000; from += 1_000) {
      const messages = Array.from({ length: 1_000 }, (_, i) => ({ ...message, flags: marked(from + i) }));
      const of = { account: JOHN, mailbox: 1, quotaBytes: 0, savedMs: 0 };
      await world.shard.append({
        ...{ ...of, opId: `fill/${from}` },
        messages: messages.map((each) => ({ ...each, internalDateMs: 0 })),
      });
    }
    const work = world.mailbox.ask("mailbox.deletedBytes", { account: JOHN, name: INBOX_NAME });
    assertEquals((await inTurns(world, work)).bytes, Math.ceil(22_000 / 3) * MAIL.length);
  }));
