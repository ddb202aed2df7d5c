import { type Clock, describeError, Failure, type Log, type Random } from "../../base/mod.ts";
import type { AccountId } from "../../mail/account.ts";
import type { MailboxProtocol } from "../../messages/mod.ts";
import type { Context, Reply } from "../../runtime/types.ts";
import type { ShardStore } from "../../storage/mod.ts";
import type { FlagWork } from "./flag_work.ts";
import type { OneByOne } from "./one_by_one.ts";
import type { Searches, TextSearch, Turns } from "./search/mod.ts";
import type { Shares } from "./shared/mod.ts";
import type { ViewBook } from "./view_book.ts";
import type { WatchBook } from "./watch_book.ts";

export interface Lock {
  readonly session: string;
  readonly unwatch: () => void;
}

/** What a mailbox actor remembers; all that must not be lost is in the shard. */
export interface State {
  readonly shard: ShardStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  /** Stands in for a mailbox access key where there is none, so that the answer takes as long. */
  readonly plausibleKey: Uint8Array;
  readonly locks: Map<AccountId, Lock>;
  /** When each account was locked last, where a delay between logins is asked for; oldest first. */
  readonly lastLocks: Map<AccountId, number>;
  readonly views: ViewBook;
  readonly watches: WatchBook;
  readonly shares: Shares;
  readonly flagWork: FlagWork;
  readonly searches: Searches;
  readonly turns: Turns;
  /** Changes of so many messages that the store is busy with one for some ms: they are not made together. */
  readonly largeChanges: OneByOne;
  readonly texts: TextSearch;
  /** Answers that are owed: changes handed to the store that are not durable yet, searches. */
  pending: number;
}

/** What is asked in a message of the mailbox actor, and what is answered. */
export type Asked<K extends keyof MailboxProtocol> = MailboxProtocol[K]["request"];
export type Answer<K extends keyof MailboxProtocol> = Reply<MailboxProtocol[K]["reply"]>;
export type MailboxContext = Context<MailboxProtocol>;

/** Answers when `work` is done; the next message is handled meanwhile, so that all changes that wait form one group. */
export function answerLater<T>(state: State, work: Promise<T>, reply: Reply<T>): void {
  state.pending++;
  work.then(
    (value) => {
      state.pending--;
      reply.ok(value);
    },
    (error) => {
      state.pending--;
      if (!(error instanceof Failure)) state.log.error("mailbox request broke", { cause: describeError(error) });
      reply.fail(error);
    },
  );
}
