import type { AccountId } from "../../../mail/account.ts";
import type { FuzzyWord, TextKey } from "../../../storage/mod.ts";

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

/** Finds texts in messages: header fields and bodies, decoded, without case. */
export interface TextSearch {
  /** The contents that hold what each key asks for. Rejects with Failure when texts cannot be had now. */
  find(query: TextQuery, keys: readonly TextKey[]): Promise<readonly ReadonlySet<number>[]>;
  /** How well contents have each word, from 1 to 100; those that have it not at all are left out. Rejects as `find` does. */
  grade(query: TextQuery, words: readonly FuzzyWord[]): Promise<readonly ReadonlyMap<number, number>[]>;
  /** The account is no more: what is kept of its texts goes. */
  forget(account: AccountId): void;
}
