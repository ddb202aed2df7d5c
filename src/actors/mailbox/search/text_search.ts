import type { AccountId } from "../../../mail/account.ts";
import type { FieldKey, FuzzyWord, TextKey } from "../../../storage/mod.ts";
import type { Ranges } from "../../../mail/ranges.ts";

/** The messages of one search whose texts decide. */
export interface TextQuery {
  readonly account: AccountId;
  /** Numbers of their contents in the shard. */
  readonly contents: readonly number[];
  /** What is searched of the message at this place of `contents`; null when it is gone. */
  read(at: number): Uint8Array | null;
  /** Throws a Failure when nobody waits for the answer any more. */
  check(): void;
}

/** A mailbox in all of whose messages something is looked for. */
export interface MailboxQuery {
  readonly account: AccountId;
  readonly mailbox: number;
  /** Messages with lower UIDs are looked at. */
  readonly uidNext: number;
  /** What is searched of a message; null when it is gone. */
  read(uid: number): Uint8Array | null;
  /** Throws a Failure when nobody waits for the answer any more. */
  check(): void;
}

/** Finds texts in messages: header fields and bodies, decoded, without case. */
export interface TextSearch {
  /** The contents that hold what each key asks for. Rejects with Failure when texts cannot be had now. */
  find(query: TextQuery, keys: readonly TextKey[]): Promise<readonly ReadonlySet<number>[]>;
  /** How well contents have each word, from 1 to 100; those that have it not at all are left out. Rejects as `find` does. */
  grade(query: TextQuery, words: readonly FuzzyWord[]): Promise<readonly ReadonlyMap<number, number>[]>;
  /** How many UIDs must be read at most before `findInFields` knows these fields in all of the mailbox; Infinity: it never will. */
  fieldsAhead(query: Omit<MailboxQuery, "read" | "check">, fields: Iterable<string>): number;
  /**
   * The messages of a mailbox that hold what each key asks for: from the first to the last UID of a range all messages that are there
   * do. Some that are gone may be among them. Rejects as `find` does.
   */
  findInFields(query: MailboxQuery, keys: readonly FieldKey[]): Promise<readonly Ranges[]>;
  /** The same for keys of every kind, fast only in a mailbox in which it was asked before; null: the texts cannot be kept now. */
  findInTexts(query: MailboxQuery, keys: readonly TextKey[]): Promise<readonly Ranges[] | null>;
  /** The account is no more: what is kept of its texts goes. */
  forget(account: AccountId): void;
}
