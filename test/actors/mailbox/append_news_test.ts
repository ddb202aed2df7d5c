import { assertEquals } from "@std/assert";
import { INBOX_NAME, type MailboxName } from "../../../src/mail/mailbox_name.ts";
import { openSession } from "./sessions.ts";
import { inMailbox, JOHN, MAIL, settle } from "./support.ts";

const NOTES = "Notes" as MailboxName;

Deno.test("an append answers the news of a view, and nobody else's session is spared the word that there is some", () =>
  inMailbox(async (world) => {
    const [a, b] = [await openSession(world), await openSession(world)];
    const message = { parts: [MAIL], index: null, internalDateMs: null, flags: 0, keywords: [] };
    const append = (opId: string, view: number) =>
      a.ask("mailbox.append", {
        ...{ opId, name: INBOX_NAME, quotaBytes: 0, messages: [message] },
        news: { view, expunges: true },
      });
    const first = await append("append/1", a.opened.view);
    assertEquals(first.type === "appended" && [first.news?.exists, first.news?.more], [1, false]);
    await settle();
    assertEquals([a.listener.stirred, b.listener.stirred], [[], [b.opened.view]]);
    // A view that is not there, or is of somebody else, is no reason to lose the message.
    for (const view of [a.opened.view + 100, 0]) {
      const appended = await append(`append/${view}`, view);
      assertEquals([appended.type, "news" in appended], ["appended", false]);
    }
    await settle();
    assertEquals(a.listener.stirred, [a.opened.view]);
    // What was told of already is brought along, too.
    const last = await append("append/4", a.opened.view);
    assertEquals(last.type === "appended" && last.news?.exists, 4);
    await append("append/5", 0);
    await settle();
    assertEquals(a.listener.stirred, [a.opened.view, a.opened.view]);
    assertEquals((await a.news()).exists, 5);
  }));

Deno.test("an append that stores nothing keeps what is news for when it is asked for", () =>
  inMailbox(async (world) => {
    const a = await openSession(world);
    const message = { parts: [MAIL], index: null, internalDateMs: null, flags: 0, keywords: [] };
    const [refused] = await Promise.all([
      a.ask("mailbox.append", {
        ...{ opId: "append/1", name: NOTES, quotaBytes: 0, messages: [message] },
        news: { view: a.opened.view, expunges: true },
      }),
      world.mailbox.ask("mailbox.append", {
        ...{ account: JOHN, opId: "append/2", name: INBOX_NAME, quotaBytes: 0, messages: [message] },
      }),
    ]);
    assertEquals(refused, { type: "missing" });
    const full = a.ask("mailbox.append", {
      ...{ opId: "append/3", name: INBOX_NAME, quotaBytes: 1, messages: [message] },
      news: { view: a.opened.view, expunges: true },
    });
    world.mailbox.tell("mailbox.append", {
      ...{ account: JOHN, opId: "append/4", name: INBOX_NAME, quotaBytes: 0, messages: [message] },
    });
    assertEquals(await full, { type: "full" });
    await settle();
    assertEquals(a.listener.stirred, [a.opened.view]);
    assertEquals((await a.news()).exists, 2);
  }));

Deno.test("appends that are asked for together have their UIDs in their order, and what one meets is its own", () =>
  inMailbox(async (world) => {
    const a = await openSession(world);
    const message = { parts: [MAIL], index: null, internalDateMs: null, flags: 0, keywords: [] };
    const [one, two] = [{ name: INBOX_NAME, messages: [message] }, { name: INBOX_NAME, messages: [message, message] }];
    const request = {
      ...{ quotaBytes: 4 * MAIL.length, appends: [one, { ...one, name: NOTES }, two, two, one] },
      news: { view: a.opened.view, expunges: true },
    };
    const { answers, news } = await a.ask("mailbox.appendEach", request);
    const uidsOf = (all: typeof answers) => all.map((each) => each.type === "appended" ? [...each.uids] : each.type);
    assertEquals(uidsOf(answers), [[1], "missing", [2, 3], "full", [4]] as unknown[]);
    assertEquals(news?.exists, 4);
    await settle();
    assertEquals(a.listener.stirred, []);
    assertEquals(world.shard.status(JOHN, 1).messages, 4);
  }));

Deno.test("without news being wanted the session is told that there is some, whatever became of the others", () =>
  inMailbox(async (world) => {
    const a = await openSession(world);
    const message = { parts: [MAIL], index: null, internalDateMs: null, flags: 0, keywords: [] };
    const others = { name: "Other Users/nobody@smith.test/INBOX" as MailboxName, messages: [message] };
    const { answers, news } = await a.ask("mailbox.appendEach", {
      ...{ quotaBytes: 0, appends: [others, { name: INBOX_NAME, messages: [message] }] },
    });
    assertEquals([answers.map(({ type }) => type), news], [["missing", "appended"], undefined]);
    await settle();
    assertEquals(a.listener.stirred, [a.opened.view]);
  }));
