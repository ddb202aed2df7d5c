/** Sessions of IMAP over the real owner of the mailboxes, many commands at once. */
import { assertEquals } from "@std/assert";
import { seededRandom } from "../../../src/base/mod.ts";
import { ImapBelief } from "../../support/imap_belief.ts";
import { live } from "./live.ts";
import { inTurns, openSession } from "./sessions.ts";
import { inMailbox, JOHN, put, settle } from "./support.ts";

const NOTIFIED = "(MessageNew (UID FLAGS) MessageExpunge FlagChange)";
const WATCHED = "(MessageNew MessageExpunge FlagChange)";
const AT_ONCE = 3;

const COMMANDS: readonly ((n: number) => string)[] = [
  () => "NOOP",
  () => "EXPUNGE",
  () => "FETCH 1:* (UID FLAGS)",
  () => "SEARCH UNDELETED",
  (n) => `UID STORE ${1 + n % 12}:${1 + n % 7} +FLAGS (\\Deleted)`,
  (n) => `UID STORE ${1 + n % 12} -FLAGS.SILENT (\\Deleted \\Seen)`,
  (n) => `UID STORE ${1 + n % 9} FLAGS ($Work \\Seen)`,
  () => "STORE 1:* +FLAGS (\\Seen)",
  (n) => `UID EXPUNGE ${1 + n % 12}`,
  (n) => `UID MOVE ${1 + n % 12} Archive`,
  (n) => `UID COPY ${1 + n % 12} INBOX`,
  () => "APPEND INBOX {7+}\r\nA: b\r\n\r",
  (n) => `UID REPLACE ${1 + n % 12} INBOX {7+}\r\nA: c\r\n\r`,
  () => "UID SEARCH RETURN (SAVE COUNT) DELETED",
  () => "UID FETCH $ (FLAGS)",
];

for (const seed of [1, 2, 3, 4, 5, 6]) {
  Deno.test(`sessions that write at once believe the same in the end (seed ${seed})`, () =>
    inMailbox((world) =>
      inTurns(
        world,
        (async () => {
          const random = seededRandom(seed);
          const pick = (below: number) => Math.floor(random.bytes(1)[0]! / 256 * below);
          for (let i = 0; i < 6; i++) await put(world, `o${i}`);
          const clients = await Promise.all([
            live(world, "a", "s SELECT INBOX"),
            live(world, "b", "e ENABLE QRESYNC", "s SELECT INBOX"),
            live(world, "c", "e ENABLE IMAP4rev2", "s SELECT INBOX"),
            live(world, "d", "s SELECT INBOX", `n NOTIFY SET (selected ${NOTIFIED}) (personal ${WATCHED})`),
            live(world, "e", "s SELECT INBOX", `n NOTIFY SET (selected-delayed ${NOTIFIED}) (personal ${WATCHED})`),
          ]);
          const beliefs = clients.map(() => new ImapBelief(6));
          // To whom removals are told at once, they may be told just before the answer (RFC 5465 §5.3).
          const run = async (at: number, command: string) =>
            beliefs[at]!.hearAll(at === AT_ONCE ? "NOOP" : command, await clients[at]!.say(`t ${command}`));
          await Promise.all(clients.map((_, at) => run(at, "FETCH 1:* (UID FLAGS)")));
          for (let step = 0; step < 40; step++) {
            const lines = clients.map(() => COMMANDS[pick(COMMANDS.length)]!(pick(256)));
            await Promise.all(lines.map((line, at) => run(at, line)));
            for (const client of clients) if (pick(2) === 0) client.stir();
          }
          await settle();
          for (const at of clients.keys()) {
            clients[at]!.stir();
            await run(at, "NOOP");
            await run(at, "FETCH 1:* (UID FLAGS)");
          }
          assertEquals(clients.map(({ session }) => [session.phase, session.refusals]), Array(5).fill(["selected", 0]));
          // Both watch Archive, which all move messages into.
          world.clock.advance(200);
          await settle();
          const told = (at: number) => clients[at]!.heard.filter((line) => line.startsWith("* STATUS Archive ")).at(-1);
          for (const at of [3, 4]) clients[at]!.stir();
          for (const at of [3, 4]) await run(at, "NOOP");
          const { messages, uidNext, uidValidity, unseen } = world.shard.status(JOHN, 6);
          const last =
            `* STATUS Archive (MESSAGES ${messages} UIDNEXT ${uidNext} UIDVALIDITY ${uidValidity} UNSEEN ${unseen})`;
          for (const at of [3, 4]) if (told(at) !== undefined) assertEquals(told(at), last);
          assertEquals([3, 4].some((at) => told(at) !== undefined), messages > 0);
          const observer = await openSession(world);
          const there = await observer.rows({ by: "uid", pairs: [1, 0] });
          for (const belief of beliefs) belief.compare(there);
        })(),
      )
    ));
}

Deno.test("what one session appends, files and removes is what another reads", () =>
  inMailbox((world) =>
    inTurns(
      world,
      (async () => {
        const [one, other] = [await live(world, "a", "s SELECT INBOX"), await live(world, "b", "s SELECT INBOX")];
        const letter = "From: a@b.test\r\nSubject: hello\r\n\r\nGood day.";
        const appended = await one.say(`1 APPEND INBOX (\\Flagged) {${letter.length}+}`, letter);
        assertEquals(appended.at(-1)?.slice(0, 15), "1 OK [APPENDUID");
        assertEquals((await other.say("1 NOOP")).includes("* 1 EXISTS"), true);
        assertEquals(await other.say("2 FETCH 1 (BODY.PEEK[TEXT] BODY.PEEK[HEADER.FIELDS (Subject)])"), [
          "* 1 FETCH (BODY[TEXT] {9}",
          "Good day. BODY[HEADER.FIELDS (Subject)] {18}",
          "Subject: hello",
          "",
          ")",
          "2 OK Done",
        ]);
        assertEquals((await other.say("3 SEARCH FLAGGED UNDELETED"))[0], "* SEARCH 1");
        assertEquals((await one.say("2 MOVE 1 Archive")).slice(-3), ["* 1 EXPUNGE", "* 0 RECENT", "2 OK Moved"]);
        assertEquals(await other.say("4 FETCH 1 (BODY.PEEK[])"), ["4 NO [EXPUNGEISSUED] Some messages are gone"]);
        assertEquals((await other.say("5 NOOP")).includes("* 1 EXPUNGE"), true);
        assertEquals((await other.say("6 STATUS Archive (MESSAGES)"))[0], "* STATUS Archive (MESSAGES 1)");
      })(),
    )
  ));

Deno.test("a STORE of more keywords than a mailbox may have is refused as a whole, and says of what there are too many", () =>
  inMailbox((world) =>
    inTurns(
      world,
      (async () => {
        await put(world, "o1");
        const client = await live(world, "a", "s SELECT INBOX");
        for (const half of ["a", "b"]) {
          const keywords = Array.from({ length: 127 }, (_, i) => `${half}${i}`).join(" ");
          assertEquals((await client.say(`1 STORE 1 +FLAGS.SILENT (${keywords})`)).at(-1), "1 OK Done");
        }
        const refused = "NO [LIMIT] Too many keywords, or too many messages for a condition";
        assertEquals(await client.say("2 STORE 1 +FLAGS.SILENT (\\Seen one two)"), [`2 ${refused}`]);
        assertEquals(await client.say("3 UID STORE 1 +FLAGS (\\Seen one two)"), [`3 ${refused}`]);
        assertEquals(world.shard.status(JOHN, 1).unseen, 1);
        assertEquals((await client.say("4 STORE 1 +FLAGS.SILENT (\\Seen one)")).at(-1), "4 OK Done");
      })(),
    )
  ));

Deno.test("REPLACE is one change to others: the new message comes and the old one goes, and nothing is ever flagged", () =>
  inMailbox((world) =>
    inTurns(
      world,
      (async () => {
        const names: string[] = [];
        const stop = world.shard.onChange((_account, _mailbox, { kind }) => names.push(kind));
        const [one, other] = [await live(world, "a", "s SELECT INBOX"), await live(world, "b", "s SELECT INBOX")];
        await one.say("1 APPEND INBOX {3+}", "old");
        await other.say("1 NOOP");
        names.splice(0);
        assertEquals(await one.say("2 REPLACE 1 INBOX (\\Draft) {3+}", "new"), [
          "* OK [APPENDUID 1 2] Appended".replace("1 2", `${world.shard.status(JOHN, 1).uidValidity} 2`),
          "* 1 EXPUNGE",
          "* 1 EXISTS",
          "2 OK Replaced",
        ]);
        assertEquals(names, ["delivered", "expunged"]);
        assertEquals(await other.say("2 NOOP"), ["* 1 EXPUNGE", "* 1 EXISTS", "2 OK Done"]);
        // Another session was faster: nothing is stored.
        await other.say("3 STORE 1 +FLAGS.SILENT (\\Deleted)", "4 EXPUNGE");
        assertEquals(await one.say("3 REPLACE 1 INBOX {3+}", "odd"), ["3 NO [EXPUNGEISSUED] The message is gone"]);
        assertEquals(world.shard.status(JOHN, 1).messages, 0);
        stop();
      })(),
    )
  ));
