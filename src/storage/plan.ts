import { Failure } from "../base/mod.ts";
import type { AccountId } from "../mail/account.ts";
import { fits } from "../mail/quota.ts";
import { UID_MAX } from "../mail/uid.ts";
import type { TreeOutcome } from "./account_types.ts";
import { AccountPlan } from "./account_plan.ts";
import type { Change, DeliverChange, FlagsChange } from "./change.ts";
import type { ShardHeader } from "./header.ts";
import type { IndexEnv } from "./index_env.ts";
import { opKey } from "./keys.ts";
import type { StoreLimits } from "./limits.ts";
import type { Delivery, Removal, ShardOp } from "./shard_log.ts";
import { decodeOp, type OpAnswer, type OpTarget } from "./values.ts";
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
 * Turns waiting changes into the ops of one record: refuses what must be refused and gives out UIDs and MODSEQs. Works on
 * a view that is never written, so that later changes see what earlier ones of the group will do.
 */
export class GroupPlan {
  readonly ops: ShardOp[] = [];
  readonly view: ShardView;
  readonly #answers = new Map<string, OpAnswer>();
  /** Accounts whose usage falls by an amount that only applying will show. */
  readonly freed = new Set<string>();
  /** Accounts for which this group makes mailboxes that the index does not show. */
  readonly made = new Set<string>();
  /** Accounts of which this group changes what the view does not show: nothing else can be planned for them. */
  readonly #closedAccounts = new Set<string>();
  readonly #account: AccountPlan;
  #bodyNext: number;
  #closed = false;
  constructor(readonly context: PlanContext) {
    this.view = new ShardView(context.index);
    this.#account = new AccountPlan(this);
    this.#bodyNext = context.header.bodyNext;
  }
  add(change: Change): Planned {
    if (this.#closed || (this.#closedAccounts.size > 0 && this.#meetsClosed(change))) return { type: "later" };
    switch (change.kind) {
      case "deliver":
        return this.#deliver(change);
      case "withdraw":
        return this.#withdraw(change.opId);
      case "expunge": {
        const mailbox = this.view.mailbox(change.account, change.mailbox);
        if (mailbox === null) return { type: "nothing" };
        this.freed.add(change.account);
        mailbox.touched = true;
        return this.op({ ...change, modSeq: ++mailbox.counters.highestModSeq });
      }
      case "flags":
        return this.#flags(change);
      case "purge":
        // Mailboxes may be gone after it, so nothing can be numbered behind it.
        this.#closed = true;
        return this.op(change);
      default:
        return this.#account.add(change);
    }
  }
  /** Nothing else of this group is planned for the account. */
  close(account: string): void {
    this.#closedAccounts.add(account);
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
  #deliver(change: DeliverChange): Planned {
    const { opId, mailbox, size } = change;
    const known = this.known(opId);
    if (known !== null) return { type: "known", answer: known };
    if (this.context.noSpace !== null) return { type: "refused", failure: this.context.noSpace };
    const full: AccountId[] = [];
    const copies = new Map<string, number>();
    for (const target of change.targets) {
      const { account } = target;
      const messages = (copies.get(account) ?? 0) + 1;
      copies.set(account, messages);
      if (fits(target, this.view.usage(account), { bytes: messages * size, messages })) continue;
      if (this.freed.has(account)) return { type: "later" };
      if (!full.includes(account)) full.push(account);
    }
    if (full.length > 0) return { type: "full", accounts: full };
    const mailboxes = change.targets.map(({ account }) => this.#deliverable(account, mailbox));
    if (mailboxes.some((each) => this.uidsLeft(each) < mailboxes.length)) {
      return { type: "refused", failure: new Failure("refused", "a mailbox has used up its UIDs") };
    }
    const deliveries: Delivery[] = mailboxes.map((each) => this.number(each, 1));
    for (const { account } of change.targets) {
      const usage = this.view.usage(account);
      usage.bytes += size;
      usage.messages++;
    }
    const answer = { targets: deliveries };
    this.remember(opId, answer);
    const { flags, internalDateMs, parts, index, crc } = change;
    const body = this.nextBody();
    return this.op({ kind: "deliver", opId, flags, internalDateMs, body, size, crc, parts, index, deliveries }, answer);
  }
  /** Where mail for a mailbox goes: into INBOX when its owner has removed it. */
  #deliverable(account: string, mailbox: number): MailboxView {
    const found = this.view.mailbox(account, mailbox);
    if (found !== null) return found;
    return this.mailbox(account, this.view.hasTree(account) ? 1 : mailbox);
  }
  #flags(change: FlagsChange): Planned {
    const mailbox = this.view.mailbox(change.account, change.mailbox);
    if (mailbox === null) return { type: "nothing" };
    const added = change.keywords?.add ?? [];
    if (added.length > 0) {
      const more = this.#account.takeKeywords(mailbox, added);
      if (more !== null) return more;
    }
    mailbox.touched = true;
    return this.op({ ...change, modSeq: ++mailbox.counters.highestModSeq });
  }
  #withdraw(opId: string): Planned {
    const known = this.known(opId);
    if (known !== null && known.targets === null) return { type: "nothing" };
    const removals: Removal[] = [];
    for (const [mailbox, uids] of this.#uidsOf(known?.targets ?? [])) {
      const { account, number, counters } = mailbox;
      this.freed.add(account);
      mailbox.touched = true;
      removals.push({ account, mailbox: number, uids, modSeq: ++counters.highestModSeq });
    }
    this.remember(opId, { targets: null });
    return this.op({ kind: "withdraw", opId, removals });
  }
  /** The UIDs that still name what was delivered, by mailbox. */
  #uidsOf(targets: readonly OpTarget[]): Map<MailboxView, number[]> {
    const uidsOf = new Map<MailboxView, number[]>();
    for (const { account, mailbox: number, uid, uidValidity } of targets) {
      const mailbox = this.view.mailbox(account, number);
      if (mailbox?.counters.uidValidity !== uidValidity) continue;
      const uids = uidsOf.get(mailbox);
      if (uids === undefined) uidsOf.set(mailbox, [uid]);
      else uids.push(uid);
    }
    return uidsOf;
  }
  #meetsClosed(change: Change): boolean {
    switch (change.kind) {
      case "deliver":
        return change.targets.some(({ account }) => this.#closedAccounts.has(account));
      case "withdraw":
        return this.known(change.opId)?.targets?.some(({ account }) => this.#closedAccounts.has(account)) === true;
      case "copy":
        return this.#closedAccounts.has(change.from.account) || this.#closedAccounts.has(change.to.account);
      case "append":
        return this.#closedAccounts.has(change.account) ||
          (change.replaces !== null && this.#closedAccounts.has(change.replaces.account));
      default:
        return this.#closedAccounts.has(change.account);
    }
  }
}
