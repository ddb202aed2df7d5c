import { assertThrows } from "@std/assert";
import fc from "fast-check";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { ImapBelief } from "../../support/imap_belief.ts";
import { type Client, loggedIn, say } from "./support.ts";

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
);
const steps = fc.array(fc.tuple(fc.nat(2), command), { maxLength: 40 });

interface Session {
  readonly client: Client;
  readonly belief: ImapBelief;
}

/** Says a command and believes its answer. */
function run({ client, belief }: Session, command: string): void {
  belief.hearAll(command, say(client, `t ${command}`));
}

/** Three sessions of one mailbox; the second has QRESYNC enabled. */
function threeSessions(mailboxes: FakeMailboxes): Session[] {
  mailboxes.answer("mailbox.create", { name: "Box" as never, specialUse: null });
  for (let i = 0; i < 5; i++) mailboxes.deliver("INBOX", "A: b\r\n\r\nc");
  return [0, 1, 2].map((number) => {
    const client = loggedIn(mailboxes);
    if (number === 1) say(client, "e ENABLE QRESYNC");
    say(client, "s SELECT INBOX");
    const session = { client, belief: new ImapBelief(5) };
    run(session, "FETCH 1:* (UID FLAGS)");
    return session;
  });
}

/** Runs the steps, then lets every session catch up, and compares what it believes with what is there. */
function play(list: readonly (readonly [number, string])[], spoil: (line: string) => string = (line) => line): void {
  const mailboxes = new FakeMailboxes();
  const sessions = threeSessions(mailboxes);
  for (const [who, line] of list) {
    run(sessions[who]!, line);
    // News reaches the others at once, and waits there for a moment at which it may be told.
    for (const { client } of sessions) client.perform([]);
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
