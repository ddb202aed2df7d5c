import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseSequenceSet } from "../../../src/protocol/imap/mod.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { type Client, loggedIn, say } from "./support.ts";

const SEED = 2_180;

/** What a client must believe of the mailbox after all that it was told (RFC 9051 §7.5.1, §7.5.2). */
class Belief {
  /** UIDs by sequence number, as far as they were told. */
  readonly uids: (number | undefined)[];
  readonly flags = new Map<number, string>();

  constructor(readonly client: Client, exists: number) {
    this.uids = Array(exists).fill(undefined);
  }

  /** Says a command and believes its answer. */
  run(command: string): void {
    const counts = /^(FETCH|STORE|SEARCH)/.test(command);
    for (const line of say(this.client, `t ${command}`)) {
      assert(!(counts && /EXPUNGE$|^\* VANISHED (?!\()/.test(line)), `${command} told of a removal: ${line}`);
      this.hear(line);
    }
  }

  hear(line: string): void {
    const [, number = "", word = ""] = /^\* (\d+) (EXISTS|EXPUNGE|FETCH)/.exec(line) ?? [];
    const at = Number(number) - 1;
    if (word === "EXPUNGE") this.#remove(at, line);
    else if (word === "EXISTS") {
      assert(at + 1 >= this.uids.length, `fewer messages without their removal: ${line}`);
      while (this.uids.length < at + 1) this.uids.push(undefined);
    } else if (word === "FETCH") this.#fetched(at, line);
    const vanished = /^\* VANISHED ([\d:,]+)$/.exec(line)?.[1];
    if (vanished !== undefined) this.#vanish(parseSequenceSet(vanished)!);
  }

  #remove(at: number, line: string): void {
    assert(at < this.uids.length, `nothing has this number: ${line}`);
    const [uid] = this.uids.splice(at, 1);
    if (uid !== undefined) this.flags.delete(uid);
  }

  #vanish(pairs: readonly number[]): void {
    for (let i = 0; i < pairs.length; i += 2) {
      for (let uid = pairs[i]!; uid <= pairs[i + 1]!; uid++) this.#remove(this.uids.indexOf(uid), `VANISHED ${uid}`);
    }
  }

  #fetched(at: number, line: string): void {
    assert(at < this.uids.length, `nothing has this number: ${line}`);
    const named = /UID (\d+)/.exec(line)?.[1];
    if (named === undefined && this.uids[at] === undefined) return; // A new message, of which no UID was told yet.
    const uid = Number(named ?? this.uids[at]);
    assertEquals(this.uids[at] ?? uid, uid, `another message had this number: ${line}`);
    this.uids[at] = uid;
    const flags = /FLAGS \(([^)]*)\)/.exec(line)?.[1];
    if (flags !== undefined) this.flags.set(uid, withoutRecent(flags));
  }
}

function withoutRecent(flags: string): string {
  return flags.split(" ").filter((flag) => flag !== "\\Recent").sort().join(" ");
}

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

/** Three sessions of one mailbox; the second has QRESYNC enabled. */
function threeSessions(mailboxes: FakeMailboxes): Belief[] {
  mailboxes.answer("mailbox.create", { name: "Box" as never, specialUse: null });
  for (let i = 0; i < 5; i++) mailboxes.deliver("INBOX", "A: b\r\n\r\nc");
  return [0, 1, 2].map((number) => {
    const client = loggedIn(mailboxes);
    if (number === 1) say(client, "e ENABLE QRESYNC");
    say(client, "s SELECT INBOX");
    const belief = new Belief(client, 5);
    belief.run("FETCH 1:* (UID FLAGS)");
    return belief;
  });
}

/** Runs the steps, then lets every session catch up, and compares what it believes with what is there. */
function play(list: readonly (readonly [number, string])[], spoil: (line: string) => string = (line) => line): void {
  const mailboxes = new FakeMailboxes();
  const beliefs = threeSessions(mailboxes);
  for (const [who, line] of list) {
    beliefs[who]!.run(line);
    // News reaches the others at once, and waits there for a moment at which it may be told.
    for (const { client } of beliefs) client.perform([]);
  }
  for (const belief of beliefs) {
    belief.run("NOOP");
    for (const line of say(belief.client, "f FETCH 1:* (UID FLAGS)")) belief.hear(spoil(line));
    const there = mailboxes.messages("INBOX");
    assertEquals(belief.uids, there.map(({ uid }) => uid));
    for (const { uid, flags, keywords } of there) {
      const names = [...(flags & 8 ? ["\\Deleted"] : []), ...(flags & 1 ? ["\\Seen"] : []), ...keywords];
      assertEquals(belief.flags.get(uid), names.sort().join(" "), `flags of ${uid}`);
    }
  }
}

Deno.test("several sessions that change one mailbox never take one message for another, and end up believing the same", () => {
  fc.assert(fc.property(steps, (list) => play(list)), { seed: SEED, numRuns: 400 });
});

Deno.test("canary: the model finds a session that numbers messages wrongly", () => {
  const wrong = (line: string) => line.replace(/^\* 2 FETCH/, "* 1 FETCH");
  assertThrows(() => fc.assert(fc.property(steps, (list) => play(list, wrong)), { seed: SEED, numRuns: 20 }));
});
