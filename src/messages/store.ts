/** One thing that `verify` found wrong. */
export interface VerifyProblem {
  readonly shard: number;
  readonly account: string;
  readonly mailbox: number;
  /** Null when the counters of the mailbox are wrong, not a message. */
  readonly uid: number | null;
  readonly problem: string;
}

/** What the actor beside a worker's shards understands. */
export interface StoreProtocol {
  /** Walks one shard, reading every body and comparing its checksum. May take minutes; mail goes on meanwhile. */
  "store.verify": {
    request: { readonly shard: number };
    reply: { readonly messages: number; readonly problems: readonly VerifyProblem[] };
  };
}
