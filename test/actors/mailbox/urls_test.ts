/** Messages that are read by name, and by the tokens of their owners (RFC 4469, RFC 4467). */
import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { Failure } from "../../../src/base/mod.ts";
import type { AccountId } from "../../../src/mail/account.ts";
import { INBOX_NAME, type MailboxName } from "../../../src/mail/mailbox_name.ts";
import type { Rights } from "../../../src/mail/rights.ts";
import { inTurns, openSession } from "./sessions.ts";
import { inMailbox, JOHN, MAIL, type MailboxWorld, MARY, put, settle } from "./support.ts";

const NOTES = "Notes" as MailboxName;
const JOHNS_INBOX = "Other Users/john@smith.test/INBOX" as MailboxName;
const RUMP = "imap://john%40smith.test@h/INBOX/;UID=1;URLAUTH=anonymous";
const WHOLE = { uidValidity: null, uid: 1, offset: 0, length: 1_000, index: true };
const STRANGER = "stranger1" as AccountId;

async function token(
  world: MailboxWorld,
  account = JOHN,
  name: MailboxName = INBOX_NAME,
  rump = RUMP,
): Promise<string> {
  const answer = await world.mailbox.ask("mailbox.urlToken", { account, name, uidValidity: null, rump });
  assert(answer.type === "made");
  return answer.token;
}

/** What a stranger reads by a token: bytes, or none. */
async function read(world: MailboxWorld, request: Record<string, unknown>): Promise<number | null> {
  const base = {
    account: STRANGER,
    user: "john@smith.test",
    owner: JOHN,
    name: INBOX_NAME,
    rump: RUMP,
    expiresMs: null,
  };
  const answer = await world.mailbox.ask("mailbox.readAuthorized", { ...base, ...WHOLE, ...request } as never);
  return answer.type === "read" ? answer.bytes.length : null;
}

function share(world: MailboxWorld, rights: string, name: MailboxName = INBOX_NAME) {
  return world.mailbox.ask("mailbox.setAcl", {
    ...{ account: JOHN, name, identifier: "mary@smith.test", how: "replace", rights: rights as Rights },
    ...{ address: "john@smith.test", grantee: { id: MARY, address: "mary@smith.test" } },
  });
}

for (const disk of [false, true]) {
  const where = disk ? "on the disk" : "in memory";
  Deno.test(`a token lets others read one URL, by one key, until the key is another (${where})`, () =>
    inMailbox(async (world) => {
      await put(world, "op1");
      const first = await token(world);
      assertMatch(first, /^01[0-9a-f]{64}$/);
      assertEquals(await token(world), first, "the key stays");
      assertNotEquals(await token(world, JOHN, INBOX_NAME, `${RUMP} `), first);
      assertEquals(await read(world, { token: first }), MAIL.length);
      assertEquals(await read(world, { token: first.toUpperCase() }), MAIL.length);
      assertEquals(await read(world, { token: first, rump: `${RUMP}x` }), null);
      const [key] = world.shard.accessKeys(JOHN, 1);
      assertEquals([key?.[0], key?.[1].length], [JOHN, 32]);
      assertEquals(await world.mailbox.ask("mailbox.resetKey", { account: JOHN, name: INBOX_NAME }), { type: "done" });
      assertEquals(await read(world, { token: first }), null);
      const second = await token(world);
      assertEquals(await read(world, { token: second }), MAIL.length);
      await inTurns(world, world.mailbox.ask("mailbox.resetKey", { account: JOHN, name: null }));
      assertEquals(world.shard.accessKeys(JOHN, 1), []);
      assertEquals(await read(world, { token: second }), null);
    }, { disk }));
}

Deno.test("whatever is wrong, nothing is read: no such user, mailbox or message, another epoch, too late, no key", () =>
  inMailbox(async (world) => {
    await put(world, "op1");
    assertEquals(await read(world, { token: `01${"0".repeat(64)}` }), null);
    const right = await token(world);
    const soon = world.clock.wallMs();
    const wrong = [
      ...[{ owner: null }, { owner: MARY }, { name: NOTES }, { name: JOHNS_INBOX }, { uid: 2 }, { uidValidity: 9 }],
      ...[{ expiresMs: soon - 1 }, { token: "0" }, { token: `02${right.slice(2)}` }, { token: `${right}00` }],
    ];
    for (const each of wrong) assertEquals(await read(world, { token: right, ...each }), null, JSON.stringify(each));
    assertEquals(await read(world, { token: right, expiresMs: soon }), MAIL.length);
    assertEquals(await read(world, { token: right, offset: 5, length: 3 }), 3);
    const missing = { account: JOHN, name: NOTES, uidValidity: null, rump: RUMP };
    assertEquals(await world.mailbox.ask("mailbox.urlToken", missing), { type: "missing" });
    const stale = { account: JOHN, name: INBOX_NAME, uidValidity: 9, rump: RUMP };
    assertEquals(await world.mailbox.ask("mailbox.urlToken", stale), { type: "missing" });
    assertEquals(await world.mailbox.ask("mailbox.resetKey", { account: JOHN, name: NOTES }), { type: "missing" });
  }));

Deno.test("everybody who shares a mailbox has a key of their own, and loses it with the right to read", () =>
  inMailbox(async (world) => {
    await put(world, "op1");
    await share(world, "lr");
    const [johns, marys] = [await token(world), await token(world, MARY, JOHNS_INBOX)];
    assertNotEquals(johns, marys);
    const byMary = { owner: MARY, name: JOHNS_INBOX, token: marys };
    assertEquals([await read(world, { token: johns }), await read(world, byMary)], [MAIL.length, MAIL.length]);
    assertEquals(await read(world, { ...byMary, owner: JOHN }), null);
    await inTurns(world, world.mailbox.ask("mailbox.resetKey", { account: MARY, name: null }));
    assertEquals([await read(world, { token: johns }), await read(world, byMary)], [MAIL.length, null]);
    const again = { ...byMary, token: await token(world, MARY, JOHNS_INBOX) };
    assertEquals(await read(world, again), MAIL.length);
    await share(world, "l");
    assertEquals(await read(world, again), null);
    await share(world, "lr");
    assertEquals(await read(world, again), null, "what was shared again begins anew");
    assertEquals(world.shard.accessKeys(JOHN, 1).map(([who]) => who), [JOHN]);
    await token(world, MARY, JOHNS_INBOX);
    assertEquals(world.shard.accessKeys(JOHN, 1).length, 2);
    await world.mailbox.ask("mailbox.purge", { account: MARY });
    assertEquals(world.shard.accessKeys(JOHN, 1).map(([who]) => who), [JOHN], "an account that is gone has none");
  }));

Deno.test("who may see a mailbox, and not read it, gets no token for it, and resets no key", () =>
  inMailbox(async (world) => {
    await put(world, "op1");
    await share(world, "l");
    const asked = { account: MARY, name: JOHNS_INBOX };
    const ask = () => world.mailbox.ask("mailbox.urlToken", { ...asked, uidValidity: null, rump: RUMP });
    for (const each of [ask, () => world.mailbox.ask("mailbox.resetKey", asked)]) {
      await assertRejects(each as () => Promise<unknown>, Failure, "a right is wanting");
    }
    assertEquals(world.shard.accessKeys(JOHN, 1), []);
    await share(world, "lr");
    assertEquals([(await ask()).type, await world.mailbox.ask("mailbox.resetKey", asked)], ["made", { type: "done" }]);
    assertEquals(world.shard.accessKeys(JOHN, 1).map(([who]) => who), [MARY]);
  }));

Deno.test("of two who replace a key at once the later one's stays, and no token of the one before is good", () =>
  inMailbox(async (world) => {
    await put(world, "op1");
    const reset = () => world.mailbox.ask("mailbox.resetKey", { account: JOHN, name: INBOX_NAME });
    const before = await token(world);
    const [, between] = await Promise.all([reset(), token(world), reset()]);
    const after = await token(world);
    const good = await Promise.all([before, between, after].map((each) => read(world, { token: each })));
    assertEquals([good[0], good[2], new Set([before, after]).size], [null, MAIL.length, 2]);
    assertEquals(good[1] !== null, between === after);
    assertEquals(world.shard.accessKeys(JOHN, 1).length, 1);
  }));

Deno.test("keys go with their mailbox, and one of the same name has another", () =>
  inMailbox(async (world) => {
    const make = () => world.mailbox.ask("mailbox.create", { account: JOHN, name: NOTES, specialUse: null });
    const message = { parts: [MAIL], index: null, internalDateMs: null, flags: 0, keywords: [] };
    const fill = (opId: string) =>
      world.mailbox.ask("mailbox.append", { account: JOHN, opId, name: NOTES, quotaBytes: 0, messages: [message] });
    await make();
    await fill("fill/1");
    const first = await token(world, JOHN, NOTES);
    const renamed = "Old" as MailboxName;
    await world.mailbox.ask("mailbox.rename", { account: JOHN, from: NOTES, to: renamed });
    assertEquals(await read(world, { name: NOTES, token: first }), null);
    await world.mailbox.ask("mailbox.rename", { account: JOHN, from: renamed, to: NOTES });
    assertEquals(await read(world, { name: NOTES, token: first }), MAIL.length);
    await world.mailbox.ask("mailbox.remove", { account: JOHN, name: NOTES });
    await make();
    await fill("fill/2");
    assertEquals(await read(world, { name: NOTES, token: first }), null);
    assertNotEquals(await token(world, JOHN, NOTES), first);
  }));

Deno.test("two who ask at once get tokens by one key", () =>
  inMailbox(async (world) => {
    await put(world, "op1");
    const [first, second] = await Promise.all([token(world), token(world)]);
    assertEquals(first, second);
    assertEquals(await read(world, { token: first }), MAIL.length);
  }));

Deno.test("sessions of the account that have the mailbox selected hear of another key, others do not", () =>
  inMailbox(async (world) => {
    await share(world, "lr");
    const johns = await openSession(world);
    const marys = await openSession(world, { account: MARY, name: JOHNS_INBOX });
    await world.mailbox.ask("mailbox.resetKey", { account: JOHN, name: INBOX_NAME });
    await settle();
    assertEquals([johns.listener.stirred.length, marys.listener.stirred.length], [1, 0]);
    assertEquals([(await johns.news()).keyReset, (await johns.news()).keyReset], [true, undefined]);
    assertEquals((await marys.news()).keyReset, undefined);
  }));

Deno.test("a message is read by name for whoever may read it, with its index, and no further than it goes", () =>
  inMailbox(async (world) => {
    await put(world, "op1");
    const ask = (account: AccountId, name: MailboxName, more = {}) =>
      world.mailbox.ask("mailbox.readNamed", { account, name, ...WHOLE, ...more });
    const found = await ask(JOHN, INBOX_NAME);
    assert(found.type === "read");
    assertEquals([found.bytes, found.size, found.index], [MAIL, MAIL.length, null]);
    assertEquals((await ask(JOHN, INBOX_NAME, { uidValidity: found.uidValidity })).type, "read");
    assertEquals((await ask(JOHN, INBOX_NAME, { uidValidity: found.uidValidity + 1 })).type, "missing");
    assertEquals((await ask(JOHN, INBOX_NAME, { uid: 2 })).type, "missing");
    assertEquals((await ask(JOHN, NOTES)).type, "missing");
    assertEquals((await ask(MARY, JOHNS_INBOX)).type, "missing");
    await share(world, "lr");
    assertEquals((await ask(MARY, JOHNS_INBOX)).type, "read");
    const tail = await ask(JOHN, INBOX_NAME, { offset: MAIL.length - 2 });
    assertEquals(tail.type === "read" ? tail.bytes.length : null, 2);
    const none = await ask(JOHN, INBOX_NAME, { length: 0 });
    assertEquals(none.type === "read" ? none.bytes.length : null, 0);
  }));
