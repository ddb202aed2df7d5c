import { assertThrows } from "@std/assert";
import fc from "fast-check";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { ImapBelief } from "../../support/imap_belief.ts";
import { type Client, loggedIn, other, say } from "./support.ts";

const SEED = 2_180;

const range = fc.tuple(fc.nat(9), fc.nat(9)).map(([one, other]) => `${one + 1}:${other + 1}`);
const flag = fc.constantFrom("\\Deleted", "\\Seen", "$Work");
const command = fc.oneof(
  fc.constantFrom("NOOP", "EXPUNGE", "FETCH 1:* (UID FLAGS)", "SEARCH UNDELETED", "UID SEARCH DELETED", "CHECK"),
  fc.tuple(range, flag).map(([set, name]) => `UID STORE ${set} +FLAGS (${name})`),
  fc.tuple(range, flag).map(([set, name]) => `UID STORE ${set} -FLAGS.SILENT (${name})`),
  flag.map((name) => `STORE 1:* +FLAGS (${name})`),
  range.map((set) => `UID EXPUNGE ${set}`),
  range.map((set) => `UID MOVE ${set} Box`),
  range.map((set) => `UID COPY ${set} INBOX`),
  fc.constant("APPEND INBOX {3+}\r\nnew"),
  // Sent at once, whatever others do while they are under way.
  fc.array(fc.tuple(fc.nat(9), flag), { minLength: 2, maxLength: 6 }).map((list) =>
    list.map(([number, name]) => `UID STORE ${number + 1} +FLAGS (${name})`).join("\n")
  ),
);
const steps = fc.array(fc.tuple(fc.nat(4), command), { maxLength: 40 });

interface Session {
  readonly client: Client;
  readonly belief: ImapBelief;
}

/** Says a command, or several at once, and believes the answers, and what is told behind them. */
function run({ client, belief }: Session, command: string): void {
  const commands = command.split("\n");
  let lines = say(client, ...commands.map((each) => `t ${each}`));
  for (const each of commands) {
    const end = lines.findIndex((line) => line.startsWith("t ")) + 1;
    belief.hearAll(each, lines.slice(0, end));
    lines = lines.slice(end);
  }
  for (const line of lines) belief.hear(line);
}

/** Said when a session begins: the second has QRESYNC; two are told of changes between commands (RFC 5465), one of them of all. */
const FIRST: readonly string[] = [
  "CHECK",
  "ENABLE QRESYNC",
  "CHECK",
  "NOTIFY SET (selected (MessageNew (UID FLAGS) MessageExpunge FlagChange))",
  "NOTIFY SET (selected-delayed (MessageNew (UID) MessageExpunge FlagChange)) (personal (MessageNew MessageExpunge))",
];

/** Sessions of one mailbox. */
function openSessions(mailboxes: FakeMailboxes): Session[] {
  mailboxes.answer("mailbox.create", { name: "Box" as never, specialUse: null });
  for (let i = 0; i < 5; i++) mailboxes.deliver("INBOX", "A: b\r\n\r\nc");
  return FIRST.map((first) => {
    const client = loggedIn(mailboxes);
    say(client, "s SELECT INBOX", `f ${first}`);
    const session = { client, belief: new ImapBelief(5) };
    run(session, "FETCH 1:* (UID FLAGS)");
    return session;
  });
}

/** What is told between commands: of removals only to who asked for that (RFC 5465 §6.1.2). */
function hearBetween(belief: ImapBelief, lines: readonly string[], isDelayed: boolean): void {
  belief.hearAll(isDelayed ? "FETCH" : "NOOP", lines);
}

/** Runs the steps, then lets every session catch up, and compares what it believes with what is there. */
function play(list: readonly (readonly [number, string])[], spoil: (line: string) => string = (line) => line): void {
  const mailboxes = new FakeMailboxes();
  const sessions = openSessions(mailboxes);
  for (const [at, [who, line]] of list.entries()) {
    const uid = mailboxes.messages("INBOX")[at % 7]?.uid;
    sessions[who]!.client.meanwhile = () => void other(mailboxes, `UID MOVE ${uid ?? 1} Box`);
    run(sessions[who]!, line);
    // News reaches the others at once, and waits there for a moment at which it may be told.
    for (const { client } of sessions) client.perform([]);
    for (const { client, belief } of sessions) hearBetween(belief, say(client), client.session.watch !== null);
  }
  for (const session of sessions) {
    run(session, "NOOP");
    for (const line of say(session.client, "f FETCH 1:* (UID FLAGS)")) session.belief.hear(spoil(line));
    session.belief.compare(mailboxes.messages("INBOX"));
  }
}

Deno.test("several sessions that change one mailbox never take one message for another, and end up believing the same", () => {
  fc.assert(fc.property(steps, (list) => play(list)), { seed: SEED, numRuns: 400 });
});

Deno.test("canary: the model finds a session that numbers messages wrongly", () => {
  const wrong = (line: string) => line.replace(/^\* 2 FETCH/, "* 1 FETCH");
  assertThrows(() => fc.assert(fc.property(steps, (list) => play(list, wrong)), { seed: SEED, numRuns: 20 }));
});
