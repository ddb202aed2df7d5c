import { assertEquals, assertRejects } from "@std/assert";
import { Failure } from "../../../src/base/mod.ts";
import { Flag } from "../../../src/mail/flag.ts";
import type { Uid } from "../../../src/mail/uid.ts";
import type { MailboxSubscriberProtocol } from "../../../src/messages/mod.ts";
import type { Ref } from "../../../src/runtime/mod.ts";
import { inMailbox, JOHN, MARY, put, settle, spawnListener } from "./support.ts";

const IN_JOHN = { account: JOHN, mailbox: 1 };

Deno.test("a subscriber is told what became durable in its account, in order", () =>
  inMailbox(async (world) => {
    const { mailbox } = world;
    const { ref, told } = await spawnListener(world, "session");
    await mailbox.ask("mailbox.subscribe", { account: JOHN, subscriber: ref.address });
    await put(world, "op1", [JOHN, MARY]);
    await mailbox.ask("mailbox.setFlags", { ...IN_JOHN, uids: [1 as Uid], add: Flag.seen, remove: 0 });
    await mailbox.ask("mailbox.expunge", { ...IN_JOHN, uids: [1 as Uid] });
    await settle();
    assertEquals(told.map(({ account, change }) => [account, change.kind]), [
      [JOHN, "delivered"],
      [JOHN, "flags"],
      [JOHN, "expunged"],
    ]);
    const modSeqs = told.map(({ change }) => change.kind === "ended" ? 0 : change.modSeq as number);
    assertEquals(modSeqs, [...modSeqs].sort((a, b) => a - b));
  }));

Deno.test("nothing is told before it is durable", () =>
  inMailbox(async (world) => {
    const { ref, told } = await spawnListener(world, "session");
    await world.mailbox.ask("mailbox.subscribe", { account: JOHN, subscriber: ref.address });
    world.hold = true;
    const delivery = put(world, "op1");
    await settle();
    assertEquals(told, []);
    world.flush();
    await delivery;
    await settle();
    assertEquals(told.length, 1);
  }));

Deno.test("who subscribes twice is told once, and who unsubscribes no more", () =>
  inMailbox(async (world) => {
    const { mailbox } = world;
    const { ref, told } = await spawnListener(world, "session");
    const subscription = { account: JOHN, subscriber: ref.address };
    await mailbox.ask("mailbox.subscribe", subscription);
    await mailbox.ask("mailbox.subscribe", subscription);
    await put(world, "op1");
    await settle();
    assertEquals(told.length, 1);
    await mailbox.ask("mailbox.unsubscribe", subscription);
    await mailbox.ask("mailbox.unsubscribe", subscription);
    await put(world, "op2");
    await settle();
    assertEquals(told.length, 1);
  }));

Deno.test("one account has up to 1,000 subscribers; those that are gone make room", () =>
  inMailbox(async (world) => {
    const { mailbox } = world;
    const refs: Ref<MailboxSubscriberProtocol>[] = [];
    for (let i = 0; i <= 1_000; i++) refs.push((await spawnListener(world, `session-${i}`)).ref);
    const subscribe = (i: number) => mailbox.ask("mailbox.subscribe", { account: JOHN, subscriber: refs[i]!.address });
    for (let i = 0; i < 1_000; i++) await subscribe(i);
    assertEquals((await assertRejects(() => subscribe(1_000), Failure)).kind, "busy");
    await subscribe(5);
    await world.system.stop("session-0");
    await settle();
    await subscribe(1_000);
  }));
