/** STORE of a large mailbox: as it is told, to whom, and in how many changes of the store. */
import { assert, assertEquals } from "@std/assert";
import type { MailboxChange } from "../../../src/mail/mailbox_state.ts";
import { countOf } from "../../../src/mail/ranges.ts";
import { fill, withShard } from "../../storage/counting_shard.ts";
import { ANNA } from "../../storage/support.ts";
import { Live } from "./live.ts";
import { inTurns } from "./sessions.ts";
import { inMailbox, spawnListener } from "./support.ts";

type Shard = Parameters<Parameters<typeof withShard>[0]>[0];

interface Sessions {
  readonly shard: Shard;
  readonly anna: Live;
  readonly other: Live;
  /** Changes of flags that were told of the mailbox. */
  readonly told: (MailboxChange & { kind: "flags" })[];
}

/** Two sessions of a mailbox with so many messages, over the real store. */
function inLargeMailbox(messages: number, run: (sessions: Sessions) => Promise<void>): Promise<void> {
  return withShard(async (shard) => {
    await fill(shard, messages);
    const told: Sessions["told"] = [];
    const stop = shard.onChange((_account, _mailbox, change) => void (change.kind === "flags" && told.push(change)));
    const work = async (world: Parameters<typeof inTurns>[0]) => {
      const sessions: Live[] = [];
      for (const name of ["a", "b"]) {
        const session = new Live(world, await spawnListener(world, `front-${name}`), name, ANNA);
        await session.logIn("t SELECT INBOX");
        sessions.push(session);
      }
      await run({ shard, anna: sessions[0]!, other: sessions[1]!, told });
    };
    await inMailbox((world) => inTurns(world, work(world)), { wrap: () => shard });
    stop();
  });
}

/** The sequence numbers and texts of FETCH responses, which rise by one. */
function fetched(
  lines: readonly string[],
): { readonly first: number; readonly last: number; readonly texts: string[] } {
  const rows = lines.flatMap((line) => /^\* ([0-9]+) FETCH \((?:UID [0-9]+ )?(.*)\)$/.exec(line)?.slice(1) ?? []);
  const numbers = rows.filter((_, i) => i % 2 === 0).map(Number);
  assert(numbers.every((number, i) => i === 0 || number === numbers[i - 1]! + 1), "each is told once, in order");
  const texts = [...new Set(rows.filter((_, i) => i % 2 === 1))];
  return { first: numbers[0] ?? 0, last: numbers.at(-1) ?? 0, texts };
}

Deno.test("a STORE of 100,000 messages is one record of the log, and one more message is another", () =>
  inLargeMailbox(100_001, async ({ shard, anna, told }) => {
    const records = async (line: string) => {
      const before = shard.state.appliedSeq;
      assertEquals((await anna.say(`t ${line}`)).at(-1), "t OK Done");
      return shard.state.appliedSeq - before;
    };
    assertEquals(await records("STORE 1:100000 +FLAGS.SILENT (\\Flagged)"), 1);
    assertEquals(told.splice(0).map(({ uids }) => [...uids]), [[1, 100_000]]);
    assertEquals(await records("UID STORE 1:* +FLAGS.SILENT (\\Flagged $Later)"), 2);
    assertEquals(told.map(({ uids }) => countOf(uids)).reduce((sum, each) => sum + each, 0), 100_001);
    assert(told.every(({ uids }) => countOf(uids) <= 100_000));
    const [first, second] = told.splice(0);
    assertEquals([first!.uids[0], first!.uids[1]! + 1, second!.uids[1]], [1, second!.uids[0], 100_001]);
    const { unseen, highestModSeq } = shard.status(ANNA, 1);
    assertEquals([unseen, highestModSeq], [100_001, second!.modSeq]);
    // What is so already is changed for nobody.
    assertEquals(await records("STORE 1:* +FLAGS.SILENT (\\Flagged)"), 2);
    assertEquals([told.length, shard.status(ANNA, 1).highestModSeq], [0, highestModSeq]);
  }));

Deno.test("a STORE of many messages tells each of them to whoever asked, and to others what changed", () =>
  inLargeMailbox(21_000, async ({ anna, other }) => {
    const loud = await anna.say("t STORE 1:* FLAGS (\\Seen)");
    assertEquals(fetched(loud), { first: 1, last: 21_000, texts: ["FLAGS (\\Seen)"] });
    assertEquals(loud.at(-1), "t OK Done");
    assertEquals(fetched(await anna.say("n NOOP")).last, 0, "what it did itself is no news");
    assertEquals(fetched(await other.say("n NOOP")), { first: 1, last: 21_000, texts: ["FLAGS (\\Seen)"] });
    assertEquals((await anna.say("t STORE 101:600 -FLAGS.SILENT (\\Seen)")).at(-1), "t OK Done");
    assertEquals(fetched(await other.say("n NOOP")), { first: 101, last: 600, texts: ["FLAGS ()"] });
    await anna.say("e ENABLE CONDSTORE");
    const silent = fetched(await anna.say("t STORE 1:5000 +FLAGS.SILENT (\\Answered)"));
    assertEquals([silent.first, silent.last, silent.texts.length], [1, 5_000, 1]);
    assert(/^MODSEQ \([0-9]+\)$/.test(silent.texts[0]!), silent.texts[0]);
  }));

Deno.test("a conditional STORE of many messages leaves alone and names those that others changed, wherever they lie", () =>
  inLargeMailbox(15_000, async ({ shard, anna, other, told }) => {
    const since = shard.status(ANNA, 1).highestModSeq;
    await other.say("t STORE 64,5000:5063,14999 +FLAGS.SILENT (\\Seen)");
    told.length = 0;
    const answer = await anna.say(`t STORE 1:* (UNCHANGEDSINCE ${since}) +FLAGS.SILENT (\\Deleted)`);
    assert(answer.at(-1)!.startsWith("t OK [MODIFIED 64,5000:5063,14999] "), answer.at(-1));
    assertEquals(told.map(({ uids }) => [...uids]), [[1, 63, 65, 4_999, 5_064, 14_998, 15_000, 15_000]]);
    assertEquals(shard.status(ANNA, 1).deleted, 15_000 - 66);
  }));

Deno.test("a STORE by numbers that meets messages that went while it waited says so, one by UIDs does not", () =>
  inLargeMailbox(12_000, async ({ shard, anna, other }) => {
    const store = shard.storeRanges.bind(shard);
    const goes = [6_000, 5_000];
    // In the same group, and before it.
    shard.storeRanges = (...change) => {
      shard.expunge(ANNA, 1, goes.splice(0, 1));
      return store(...change);
    };
    for (const [line, answer] of [["STORE 1:*", "NO [EXPUNGEISSUED]"], ["UID STORE 1:*", "OK Done"]] as const) {
      const stored = await anna.say(`t ${line} +FLAGS.SILENT (\\Flagged)`);
      assert(stored.at(-1)!.startsWith(`t ${answer}`), stored.at(-1));
      await anna.say("n NOOP");
    }
    assertEquals((await other.say("n NOOP")).filter((line) => line.includes("EXPUNGE")).length, 2);
  }));
