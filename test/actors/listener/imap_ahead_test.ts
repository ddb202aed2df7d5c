/** Pages of a FETCH are read ahead while the client reads, unless it is slow. */
import { assert, assertEquals } from "@std/assert";
import type { RowPage } from "../../../src/mail/mailbox_view.ts";
import { FLAG_COLUMNS, RowColumns } from "../../../src/mail/row_columns.ts";
import type { Uid } from "../../../src/mail/uid.ts";
import { settle } from "../../runtime/support/system.ts";
import { type Client, FakeListener } from "./fronts.ts";

const ACCOUNT = { id: "a1", address: "john@smith.test", quotaBytes: 0 };
const PAGE = "mailbox.page";

function pageOf(uid: number, more: boolean): RowPage {
  const rows = new RowColumns(1, FLAG_COLUMNS);
  [rows.uid[0], rows.sequence[0], rows.count] = [uid, uid, 1];
  return {
    ...{ rows: rows.bytes(), keywordSets: [], objectIdPrefix: "M", vanished: [], missing: false },
    ...{ index: null, indexBytes: null, head: null, headBytes: null, next: more ? uid as Uid : null },
  };
}

async function fetching(listener: FakeListener): Promise<Client> {
  const client = listener.connect("imap");
  client.say("l LOGIN john@smith.test secret");
  await listener.answer("directory.authenticate", { type: "accepted", account: ACCOUNT });
  client.say("s EXAMINE INBOX");
  await listener.answer("mailbox.open", {
    ...{ type: "opened", view: 7, mailbox: 1, objectId: "F1", readOnly: true, rights: "lr" },
    status: { uidValidity: 1, uidNext: 100, highestModSeq: 1, messages: 9, unseen: 0, deleted: 0, size: 90 },
    ...{ recent: 0, firstUnseen: 0, keywords: [], vanished: null },
  });
  assert(client.told().includes("s OK"));
  client.say("f FETCH 1:* FLAGS");
  await settle();
  return client;
}

/** The UID after which a page was asked for and not yet answered; null: none is. */
function asked(listener: FakeListener): number | null {
  return listener.asked.has(PAGE) ? (listener.requests.get(PAGE) as { after: number }).after : null;
}

Deno.test("the next page is asked for before the client has read the one before, and told when it has", async () => {
  const listener = new FakeListener();
  const client = await fetching(listener);
  assertEquals(asked(listener), 0);
  client.reads(false);
  await listener.answer(PAGE, pageOf(1, true));
  assertEquals(asked(listener), 1);
  await listener.answer(PAGE, pageOf(2, false));
  assertEquals(client.told().includes("f OK"), false);
  listener.clock.advance(1);
  client.reads(true);
  listener.clock.advance(1);
  await settle();
  assertEquals(client.told().replaceAll("\r\n", "|"), "* 1 FETCH (FLAGS ())|* 2 FETCH (FLAGS ())|f OK Done|");
});

Deno.test("for a client that reads slowly no page lies about: the next is asked for when it has read", async () => {
  const listener = new FakeListener();
  const client = await fetching(listener);
  client.reads(false);
  await listener.answer(PAGE, pageOf(1, true));
  await listener.answer(PAGE, pageOf(2, true));
  listener.clock.advance(500);
  // What it is told next is much again, before the page comes that is there already.
  client.reads(true);
  client.reads(false);
  listener.clock.advance(1);
  await settle();
  for (let waits = 0; waits < 3; waits++) {
    assertEquals(asked(listener), null, "nothing is asked for while it reads");
    listener.clock.advance(500);
    await settle();
  }
  client.reads(true);
  listener.clock.advance(1);
  await settle();
  assertEquals(asked(listener), 2);
  await listener.answer(PAGE, pageOf(3, false));
  listener.clock.advance(1);
  await settle();
  assert(client.told().endsWith("* 3 FETCH (FLAGS ())\r\nf OK Done\r\n"));
});
