/** How a front carries out what a FETCH of several pages wants: the next page is read ahead, what was told leaves in between. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { MailboxAskName } from "../../../src/mail/mailbox_ask.ts";
import { settle } from "../../runtime/support/system.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { type Client, FakeListener } from "./fronts.ts";

const ACCOUNT = { id: "a1", address: "john@smith.test", quotaBytes: 0 };
/** More than is left when this is taken from the budget of the test is not read ahead. */
const ALL_BUT_ENOUGH = 400_000;

/** A client that has selected a mailbox of six messages, two to a page. */
class Reader {
  readonly listener = new FakeListener();
  readonly #mailboxes = new FakeMailboxes();
  readonly client: Client = this.listener.connect("imap");

  async select(): Promise<this> {
    for (let i = 1; i <= 6; i++) this.#mailboxes.deliver("INBOX", `Subject: ${i}\r\n\r\n`);
    this.client.say("l LOGIN john@smith.test secret");
    await this.listener.answer("directory.authenticate", { type: "accepted", account: ACCOUNT });
    this.client.say("s SELECT INBOX");
    await this.answer("mailbox.open");
    assertStringIncludes(this.client.told(), "s OK");
    return this;
  }
  /** Whether the owner of the mailbox has been asked this, and not answered yet. */
  asked(name: MailboxAskName): boolean {
    return this.listener.asked.has(name);
  }
  /** The owner answers the question that is open. */
  async answer(name: MailboxAskName): Promise<void> {
    await settle();
    const request = this.listener.requests.get(name);
    await this.listener.answer(name, this.#mailboxes.answer(name, request as never));
  }
  /** The turn that a pause waits for. */
  async turn(): Promise<void> {
    this.listener.clock.advance(0);
    await settle();
  }
}

/** Messages told of, by their numbers. */
const told = (text: string) => [...text.matchAll(/^\* (\d+) FETCH/gm)].map(([, number]) => Number(number));

Deno.test("while a page is told the next one is read, and each is told in a turn of its own", async () => {
  const reader = await new Reader().select();
  reader.client.say("f FETCH 1:6 (FLAGS)");
  await reader.answer("mailbox.page");
  assertEquals([told(reader.client.told()), reader.asked("mailbox.page")], [[], true], "asked before it is told");
  await reader.turn();
  assertEquals(told(reader.client.told()), [1, 2]);
  await reader.answer("mailbox.page");
  assertEquals([told(reader.client.told()), reader.asked("mailbox.page")], [[], true]);
  await reader.turn();
  assertEquals(told(reader.client.told()), [3, 4]);
  await reader.answer("mailbox.page");
  const last = reader.client.told();
  assertEquals([told(last), reader.asked("mailbox.page")], [[5, 6], false]);
  assertStringIncludes(last, "f OK");
});

Deno.test("what a client that reads slowly asks for stays on the disk until it has read", async () => {
  const reader = await new Reader().select();
  reader.client.reads(false);
  reader.client.say("f FETCH 1:2 (FLAGS)");
  await settle();
  assertEquals(reader.asked("mailbox.page"), false);
  reader.client.reads(true);
  await reader.answer("mailbox.page");
  assertEquals(told(reader.client.told()), [1, 2]);
});

Deno.test("nobody reads ahead when the sessions of the worker hold nearly all they may", async () => {
  const reader = await new Reader().select();
  reader.listener.memory.change(0, ALL_BUT_ENOUGH);
  reader.client.say("f FETCH 1:6 (FLAGS)");
  await reader.answer("mailbox.page");
  assertEquals(reader.asked("mailbox.page"), false);
  await reader.turn();
  assertEquals([told(reader.client.told()), reader.asked("mailbox.page")], [[1, 2], true], "asked when it is its turn");
  reader.listener.memory.change(ALL_BUT_ENOUGH, 0);
  await reader.answer("mailbox.page");
  assertEquals(reader.asked("mailbox.page"), true, "and read ahead again when there is room");
  await reader.turn();
  await reader.answer("mailbox.page");
  assertStringIncludes(reader.client.told(), "f OK");
});
