import { INBOX_NAME } from "../../../src/mail/mailbox_name.ts";
import { assertEquals } from "@std/assert";
import { inMailbox, JOHN, type MailboxWorld, MARY, put, settle, spawnListener, watchAnswer } from "./support.ts";
import type { ActorAddress } from "../../../src/runtime/mod.ts";

/** The idle time after which a domain's actor stops, ms. */
const IDLE_MS = 300_000;

async function lock({ mailbox }: MailboxWorld, owner: ActorAddress, session: string, account = JOHN): Promise<boolean> {
  return (await mailbox.ask("mailbox.lock", { account, owner, session, delayMs: 0 })).locked;
}

Deno.test("one session at a time has the lock of an account; asking again changes nothing", () =>
  inMailbox(async (world) => {
    const { ref } = await spawnListener(world, "listener");
    assertEquals(await lock(world, ref.address, "s1"), true);
    assertEquals(await lock(world, ref.address, "s1"), true);
    assertEquals(await lock(world, ref.address, "s2"), false);
    assertEquals(await lock(world, ref.address, "s2", MARY), true, "another account is another lock");
    await world.mailbox.ask("mailbox.unlock", { account: JOHN, session: "s2" });
    assertEquals(await lock(world, ref.address, "s2"), false, "only its session frees a lock");
    await world.mailbox.ask("mailbox.unlock", { account: JOHN, session: "s1" });
    assertEquals(await lock(world, ref.address, "s2"), true);
  }));

Deno.test("a lock is freed when its owner is gone, and locks of other owners stay", () =>
  inMailbox(async (world) => {
    const one = await spawnListener(world, "listener-1");
    const two = await spawnListener(world, "listener-2");
    await lock(world, one.ref.address, "s1");
    await lock(world, two.ref.address, "s2", MARY);
    await world.system.stop("listener-1");
    await settle();
    assertEquals(await lock(world, two.ref.address, "s3"), true);
    assertEquals(await lock(world, two.ref.address, "s3", MARY), false);
  }));

Deno.test("the end of an owner that has unlocked does not free the lock of its successor", () =>
  inMailbox(async (world) => {
    const one = await spawnListener(world, "listener-1");
    const two = await spawnListener(world, "listener-2");
    await lock(world, one.ref.address, "s1");
    await world.mailbox.ask("mailbox.unlock", { account: JOHN, session: "s1" });
    await lock(world, two.ref.address, "s2");
    await world.system.stop("listener-1");
    await settle();
    assertEquals(await lock(world, two.ref.address, "s3"), false);
  }));

Deno.test("mail comes in while the maildrop is locked", () =>
  inMailbox(async (world) => {
    const { ref } = await spawnListener(world, "listener");
    await lock(world, ref.address, "s1");
    assertEquals(await put(world, "op1"), [1]);
  }));

/** Lets time pass; the idle timer looks every time it fires. */
async function pass(world: MailboxWorld, ms: number): Promise<void> {
  world.clock.advance(ms);
  await settle();
}

function lives({ system }: MailboxWorld): boolean {
  return system.stats().some(({ address }) => address.actor.startsWith("domain/"));
}

Deno.test("a domain that nobody asks for anything is put to sleep, and wakes with all its mail", () =>
  inMailbox(async (world) => {
    await put(world, "op1");
    await pass(world, IDLE_MS - 1_000);
    assertEquals(lives(world), true);
    await pass(world, 2_000);
    assertEquals(lives(world), false);
    assertEquals(await put(world, "op1"), [1], "it still knows what it has stored");
    assertEquals(await put(world, "op2"), [2]);
  }));

Deno.test("a domain with a lock or a view stays awake until they go", () =>
  inMailbox(async (world) => {
    const { mailbox } = world;
    const { ref } = await spawnListener(world, "listener");
    await lock(world, ref.address, "s1");
    await pass(world, 3 * IDLE_MS);
    assertEquals(lives(world), true);
    await mailbox.ask("mailbox.unlock", { account: JOHN, session: "s1" });
    await mailbox.ask("mailbox.open", {
      account: JOHN,
      name: INBOX_NAME,
      readOnly: false,
      since: null,
      subscriber: ref.address,
      session: "s2",
      quotaBytes: 0,
    });
    await pass(world, 3 * IDLE_MS);
    assertEquals(lives(world), true);
    await world.system.stop("listener");
    await pass(world, 3 * IDLE_MS);
    assertEquals(lives(world), false);
  }));

Deno.test("a domain whose change is not durable yet stays awake, even when nobody waits for the answer any more", () =>
  inMailbox(async (world) => {
    world.hold = true;
    const targets = [{ account: JOHN, quotaBytes: 0 }];
    const ask = world.mailbox.ask("mailbox.deliver", { opId: "op1", targets, parts: [] }, { deadlineMs: 1_000 });
    const delivery = watchAnswer(ask);
    await settle();
    await pass(world, 3 * IDLE_MS);
    assertEquals(delivery.answer instanceof Error, true, "the asker has given up");
    assertEquals(lives(world), true);
    world.flush();
    await settle();
    await pass(world, 3 * IDLE_MS);
    assertEquals(lives(world), false);
  }));

Deno.test("where a delay between logins is asked for, the next one waits for it", () =>
  inMailbox(async (world) => {
    const { ref: { address: owner } } = await spawnListener(world, "listener");
    const login = (session: string) =>
      world.mailbox.ask("mailbox.lock", { account: JOHN, owner, session, delayMs: 60_000 });
    assertEquals(await login("s1"), { locked: true, tooSoon: false });
    assertEquals(await login("s2"), { locked: false, tooSoon: false }, "somebody is in: the delay is not the reason");
    await world.mailbox.ask("mailbox.unlock", { account: JOHN, session: "s1" });
    world.clock.advance(59_999);
    assertEquals(await login("s2"), { locked: false, tooSoon: true });
    world.clock.advance(1);
    assertEquals(await login("s2"), { locked: true, tooSoon: false });
  }));
