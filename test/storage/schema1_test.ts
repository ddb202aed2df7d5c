/** Data that the program wrote when its schema was 1 opens, is right, and goes on in the present form. */
import { assert, assertEquals } from "@std/assert";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { gunzipSync } from "node:zlib";
import { nodeFiles, openMailStore, shardDirectory, type ShardStore } from "../../src/storage/mod.ts";
import { LmdbIndex } from "../../src/storage/disk/index_env.ts";
import { HEADER_KEY, mailboxKey, rowsKey } from "../../src/storage/layout/keys.ts";
import schema1 from "./fixtures/schema1.json" with { type: "json" };
import { ANNA, BERT, diskOptions, mail, temporaryDirectory, text, uids } from "./support.ts";

/** Runs over a copy of the old data: 200 messages in INBOX of which 40 went, mail in the mailboxes 5 and 9. */
async function withOldData(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = temporaryDirectory();
  try {
    for (const [name, lines] of Object.entries(schema1)) {
      const path = `${shardDirectory(dir, 0)}/${name}`;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, gunzipSync(Uint8Array.from(atob(lines.join("")), (char) => char.charCodeAt(0))));
    }
    await run(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function use(dir: string, run: (shard: ShardStore) => Promise<void>): Promise<void> {
  const store = await openMailStore(diskOptions(dir));
  try {
    await run(store.shard(0));
    for await (const event of store.verify()) assertEquals(event.type, "progress", JSON.stringify(event));
  } finally {
    await store.close();
  }
}

function body(number: number): string {
  return `Subject: old ${number}\r\n\r\n${"x".repeat(number % 50)}\r\n`;
}

function checkInbox(shard: ShardStore): void {
  const { rows } = shard.rowsAt(ANNA, 1, 0, { limit: 1_000, index: true });
  const expected = Array.from({ length: 200 }, (_, i) => i + 1).filter((uid) => uid < 70 || uid >= 110);
  const old = rows.filter(({ uid }) => uid <= 200);
  assertEquals(old.map(({ uid }) => uid), expected as never);
  for (const { uid, flags, size, internalDateMs, savedMs, keywords, index } of old) {
    const marked = [1, 2, 130, 199].includes(uid);
    assertEquals(flags, marked ? 12 : uid % 3 === 0 ? 1 : 0);
    assertEquals([size, internalDateMs, savedMs], [body(uid).length, 1_600_000_000_000 + uid * 1_000, internalDateMs]);
    assertEquals([keywords, index], [[], null]);
    assertEquals(text(shard, uid), body(uid));
  }
}

Deno.test("mail of schema 1 is there, with its flags, dates and changes", () =>
  withOldData((dir) =>
    use(dir, (shard) => {
      checkInbox(shard);
      assertEquals([...shard.blockCounts(ANNA, 1).rows], [63, 24, 64, 9]);
      assertEquals(shard.blockCounts(ANNA, 1).blocks, Uint32Array.of(0, 1, 2, 3));
      const { messages, unseen, deleted, size, uidNext } = shard.status(ANNA, 1);
      assertEquals([messages, unseen, deleted, size, uidNext as number], [160, 107, 4, 7262, 201]);
      assertEquals([shard.usage(ANNA), shard.usage(BERT)], [{ bytes: 7607, messages: 172 }, {
        bytes: 243,
        messages: 9,
      }]);
      assertEquals(shard.changes(ANNA, 1, 201)?.expunged.length, 40);
      assertEquals(text(shard, 3, BERT, 5), body(203));
      return Promise.resolve();
    })
  ));

Deno.test("mail of schema 1 goes on: it is delivered to, copied, flagged and named", () =>
  withOldData(async (dir) => {
    await use(dir, async (shard) => {
      assertEquals(uids(await shard.deliver({ ...mail("again"), opId: "old-77" })), [77]);
      assertEquals(uids(await shard.deliver(mail("new"))), [201]);
      checkInbox(shard);
      assertEquals([...shard.blockCounts(ANNA, 1).rows], [63, 24, 64, 10]);
      await shard.storeFlags(ANNA, 1, [5], { how: "add", flags: 0, keywords: ["k"], unchangedSince: null });
      // The mailbox 9 has no name, and no other mailbox gets its number.
      const made = await shard.createMailbox(ANNA, "a" as never, null);
      assert(made.type === "done" && made.mailbox === 10, JSON.stringify(made));
      const [from, to] = [{ account: ANNA, mailbox: 9 }, { account: ANNA, mailbox: 10 }];
      await shard.copy({ from, to, uids: [1, 2, 3], quotaBytes: 0, move: true, savedMs: 5_000 });
      await shard.withdraw("old-205");
      assertEquals([shard.status(ANNA, 5).messages, shard.status(BERT, 5).messages], [8, 8]);
    });
    await use(dir, (shard) => {
      assertEquals(shard.rowsAt(ANNA, 10, 0, { limit: 9, index: false }).rows[0]?.savedMs, 5_000);
      assertEquals(shard.rowsAt(ANNA, 1, 4, { limit: 1, index: false }).rows[0]?.keywords, ["k"]);
      assertEquals(text(shard, 2, ANNA, 10), body(212));
      return Promise.resolve();
    });
  }));

Deno.test("opening data of schema 1 says 5 from then on; rows take the new form when they are written", () =>
  withOldData(async (dir) => {
    const look = async () => {
      const index = new LmdbIndex(`${shardDirectory(dir, 0)}/index.mdb`, nodeFiles());
      const { schema } = JSON.parse(new TextDecoder().decode(index.get(HEADER_KEY)));
      const forms = [mailboxKey("anna", 1), rowsKey("anna", 1, 0), rowsKey("anna", 1, 3)].map((key) =>
        index.get(key)?.[0]
      );
      index.close();
      await index.gone();
      return [schema, ...forms];
    };
    assertEquals(await look(), [1, 1, 1, 0]);
    await use(dir, () => Promise.resolve());
    assertEquals(await look(), [5, 1, 1, 0]);
    await use(dir, async (shard) => void await shard.deliver(mail("new")));
    assertEquals(await look(), [5, 2, 1, 0x82]);
  }));
