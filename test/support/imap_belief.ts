import { assert, assertEquals } from "@std/assert";
import { Flag } from "../../src/mail/flag.ts";
import { parseSequenceSet } from "../../src/protocol/imap/mod.ts";

const NAMES = [[Flag.deleted, "\\Deleted"], [Flag.seen, "\\Seen"]] as const;

/** What a client must believe of the mailbox after all that it was told (RFC 9051 §7.5.1, §7.5.2). */
export class ImapBelief {
  /** UIDs by sequence number, as far as they were told. */
  readonly uids: (number | undefined)[];
  readonly flags = new Map<number, string>();

  constructor(exists: number) {
    this.uids = Array(exists).fill(undefined);
  }

  /** Believes the answer to a command. */
  hearAll(command: string, lines: readonly string[]): void {
    const counts = /^(FETCH|STORE|SEARCH)/.test(command);
    for (const line of lines) {
      assert(!(counts && /EXPUNGE$|^\* VANISHED (?!\()/.test(line)), `${command} told of a removal: ${line}`);
      this.hear(line);
    }
  }

  /** Throws unless this is what is there. */
  compare(
    there: readonly { readonly uid: number; readonly flags: number; readonly keywords: readonly string[] }[],
  ): void {
    assertEquals(this.uids, there.map(({ uid }) => uid));
    for (const { uid, flags, keywords } of there) {
      const names = [...NAMES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name), ...keywords];
      assertEquals(this.flags.get(uid), names.sort().join(" "), `flags of ${uid}`);
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
    assert(at >= 0 && at < this.uids.length, `nothing has this number: ${line}`);
    const [uid] = this.uids.splice(at, 1);
    if (uid !== undefined) this.flags.delete(uid);
  }

  #vanish(pairs: readonly number[]): void {
    for (let i = 0; i < pairs.length; i += 2) {
      for (let uid = pairs[i]!; uid <= pairs[i + 1]!; uid++) this.#remove(this.#placeOf(uid), `VANISHED ${uid}`);
    }
  }

  /** Where a message is, of one whose UID was never told a place between its neighbours that it may have. */
  #placeOf(uid: number): number {
    const known = this.uids.indexOf(uid);
    if (known >= 0) return known;
    const behind = this.uids.findIndex((each) => each !== undefined && each > uid);
    const last = behind < 0 ? this.uids.length - 1 : behind - 1;
    assert(last >= 0 && this.uids[last] === undefined, `${uid} was never there`);
    return last;
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
