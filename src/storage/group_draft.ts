import type { Failure } from "../base/mod.ts";
import type { AccountId } from "../mail/account.ts";
import { UID_MAX } from "../mail/uid.ts";
import type { TreeOutcome } from "./account/types.ts";
import type { ShardHeader } from "./header.ts";
import type { IndexEnv } from "./disk/index_env.ts";
import { opKey } from "./layout/keys.ts";
import type { StoreLimits } from "./limits.ts";
import type { Delivery, ShardOp } from "./shard_log.ts";
import { decodeOp, type OpAnswer } from "./layout/values.ts";
import { type MailboxView, ShardView } from "./view.ts";

/** What becomes of one waiting change. */
export type Planned =
  /** It is op number `op` of the record; `answer` is what a delivery or an append will be told. */
  | { readonly type: "op"; readonly op: number; readonly answer: OpAnswer | null }
  /** It was asked before; the answer counts when the record (if it was asked in this group) is durable. */
  | { readonly type: "known"; readonly answer: OpAnswer }
  | { readonly type: "full"; readonly accounts: readonly AccountId[] }
  /** What is asked of a mailbox that is not there, or goes beyond a bound. */
  | { readonly type: "missing" | "limit" | "gone" }
  /** `to`: UID of the first copy. */
  | { readonly type: "copied"; readonly uids: readonly number[]; readonly to: number; readonly uidValidity: number }
  /** `drain`: what is left to be moved out of an INBOX that was renamed. */
  | { readonly type: "tree"; readonly outcome: TreeOutcome; readonly drain: { before: number } | null }
  /** Nothing to do. */
  | { readonly type: "nothing" }
  | { readonly type: "refused"; readonly failure: Failure }
  /** Depends on what this group changes: it opens the next one. */
  | { readonly type: "later" };

/** What a plan works on. */
export interface PlanContext {
  readonly index: IndexEnv;
  readonly header: ShardHeader;
  readonly limits: StoreLimits;
  /** With it, what takes space is refused unless it was answered before. */
  readonly noSpace: Failure | null;
}

/**
 * A group of changes as it is drawn up: its ops so far, and what the shard will be like when they are applied. The view is never
 * written, so that later changes see what earlier ones of the group will do.
 */
export class GroupDraft {
  readonly ops: ShardOp[] = [];
  readonly view: ShardView;
  readonly #answers = new Map<string, OpAnswer>();
  /** Accounts whose usage falls by an amount that only applying will show. */
  readonly freed = new Set<string>();
  /** Accounts for which this group makes mailboxes that the index does not show. */
  readonly made = new Set<string>();
  /** Accounts of which this group changes what the view does not show: nothing else can be planned for them. */
  readonly closed = new Set<string>();
  #bodyNext: number;
  constructor(readonly context: PlanContext) {
    this.view = new ShardView(context.index);
    this.#bodyNext = context.header.bodyNext;
  }
  op(op: ShardOp, answer: OpAnswer | null = null): Planned {
    this.ops.push(op);
    return { type: "op", op: this.ops.length - 1, answer };
  }
  nextBody(): number {
    return this.#bodyNext++;
  }
  known(opId: string): OpAnswer | null {
    const planned = this.#answers.get(opId);
    if (planned !== undefined) return planned;
    const stored = this.context.index.get(opKey(opId));
    return stored === undefined ? null : decodeOp(stored);
  }
  remember(opId: string, answer: OpAnswer): void {
    this.#answers.set(opId, answer);
  }
  /** How many UIDs a mailbox has left. */
  uidsLeft(mailbox: MailboxView | null): number {
    return UID_MAX + 1 - (mailbox?.counters.uidNext ?? 1);
  }
  /** The mailbox of a number, made if it was not there. */
  mailbox(account: string, mailbox: number): MailboxView {
    const found = this.view.mailbox(account, mailbox);
    if (found !== null) return found;
    this.made.add(account);
    return this.view.makeMailbox(account, mailbox, this.context.header.uidValidity);
  }
  /** The next UIDs of a mailbox, all under the next MODSEQ. */
  number(view: MailboxView, count: number): Delivery {
    const { counters, account, number: mailbox } = view;
    view.touched = true;
    const uid = counters.uidNext;
    counters.uidNext += count;
    return { account, mailbox, uid, modSeq: ++counters.highestModSeq, uidValidity: counters.uidValidity };
  }
}
