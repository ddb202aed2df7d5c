/** What commands read of the store does not grow with the mailbox, nor with the mailboxes beside the one that is read. */
import { assert, assertEquals, assertLess } from "@std/assert";
import type { MailboxName } from "../../../src/mail/mailbox_name.ts";
import { type CountingIndex, fill, withShard } from "../../storage/counting_shard.ts";
import { ANNA } from "../../storage/support.ts";
import { Live } from "./live.ts";
import { inTurns } from "./sessions.ts";
import { inMailbox, spawnListener } from "./support.ts";

/** Says lines to a session of Anna's, and answers what each cost in rows and bytes of the index, with its answer. */
async function costs(
  shard: Parameters<Parameters<typeof withShard>[0]>[0],
  index: CountingIndex,
  ...lines: readonly string[]
) {
  shard.state.checkpoint();
  const told: {
    readonly line: string;
    readonly rows: number;
    readonly bytes: number;
    readonly answer: readonly string[];
  }[] = [];
  await inMailbox((world) =>
    inTurns(
      world,
      (async () => {
        const client = new Live(world, await spawnListener(world, "front"), "a", ANNA);
        await client.logIn();
        for (const line of lines) {
          [index.rows, index.bytes] = [0, 0];
          const answer = await client.say(`t ${line}`);
          told.push({ line, rows: index.rows, bytes: index.bytes, answer });
        }
      })(),
    ), { wrap: () => shard });
  return told;
}

const COMMANDS = (messages: number) => [
  "SELECT INBOX",
  `FETCH ${messages / 2}:${messages / 2 + 49} (FLAGS UID RFC822.SIZE INTERNALDATE)`,
  `FETCH ${messages / 4}:${messages / 4 + 49} (FLAGS)`,
  `UID FETCH ${messages / 2 + 100}:${messages / 2 + 149} (FLAGS)`,
  `FETCH *:${messages - 49} (FLAGS)`,
  "STATUS INBOX (MESSAGES UNSEEN)",
];

Deno.test("a FETCH of 50 messages reads as few rows of a mailbox of a million messages as of one of a thousand", () =>
  withShard(async (shard, index) => {
    await fill(shard, 1_000);
    const small = await costs(shard, index, ...COMMANDS(1_000));
    await fill(shard, 999_000);
    const large = await costs(shard, index, ...COMMANDS(1_000_000));
    for (const [i, { line, rows, bytes, answer }] of large.entries()) {
      assertEquals([answer.length, answer.at(-1)?.slice(0, 4)], [small[i]!.answer.length, "t OK"], line);
      // The first of them counts the messages in blocks: of a million that is one look at some 20 KB.
      const counts = i === 1 ? { rows: 20, bytes: 20_000 } : { rows: 0, bytes: 0 };
      assert(rows <= small[i]!.rows + counts.rows, `${line}: ${rows} rows, and of few messages ${small[i]!.rows}`);
      assert(
        bytes <= small[i]!.bytes + counts.bytes,
        `${line}: ${bytes} bytes, and of few messages ${small[i]!.bytes}`,
      );
    }
  }));

Deno.test("a search in a thousand mailboxes reads what it reads of one, a thousand times, and looks at no others", () =>
  withShard(async (shard, index) => {
    await shard.createMailbox(ANNA, "m" as MailboxName, null);
    const make = async (from: number, to: number) => {
      for (let i = from; i < to; i++) {
        await shard.createMailbox(ANNA, `m/${i}` as MailboxName, null);
        if (i % 2 === 0) await fill(shard, 2, shard.mailboxNamed(ANNA, `m/${i}` as MailboxName)!.mailbox);
      }
    };
    const search = async (expected: number) => {
      const { rows, answer } = (await costs(shard, index, "ESEARCH IN (subtree m) RETURN (COUNT) UNSEEN"))[0]!;
      assertEquals(answer.length, expected);
      return { rows, end: answer.at(-1) };
    };
    await make(0, 20);
    const few = await search(11);
    await make(20, 2_000);
    const many = await search(1_001);
    assertLess(many.rows, 100 * few.rows);
    await make(2_000, 2_002);
    // Of more mailboxes none is opened.
    const refused = await search(1);
    assertEquals(refused.end, "t NO [LIMIT] Too many mailboxes");
    assertLess(refused.rows, many.rows / 2);
  }));

Deno.test("a condition is looked at for so many messages at once, and for more of them the store is refused as a whole", () =>
  withShard(async (shard, index) => {
    await fill(shard, 100_001);
    const store = (set: string) => `STORE ${set} (UNCHANGEDSINCE 1) +FLAGS.SILENT (\\Seen)`;
    const told = await costs(shard, index, "SELECT INBOX", store("1:*"), store("2:*"));
    const [, all, most] = told;
    assertEquals(all!.answer, ["t NO [LIMIT] Too many keywords, or too many messages for a condition"]);
    assertLess(all!.rows, 1_000);
    assertEquals(most!.answer.at(-1)?.slice(0, 29), "t OK [MODIFIED 2:100001] Some");
  }));
