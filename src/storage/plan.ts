import { Failure } from "../base/mod.ts";
import type { AccountId } from "../mail/account.ts";
import { UID_MAX } from "../mail/uid.ts";
import type { Change, DeliverChange } from "./change.ts";
import type { ShardHeader } from "./header.ts";
import type { IndexEnv } from "./index_env.ts";
import { opKey } from "./keys.ts";
import type { Delivery, Removal, ShardOp } from "./shard_log.ts";
import { decodeOp, type OpAnswer } from "./values.ts";
import { ShardView } from "./view.ts";

/** What becomes of one waiting change. */
export type Planned =
  /** It is op number `op` of the record; `answer` is what a delivery will be told. */
  | { readonly type: "op"; readonly op: number; readonly answer: OpAnswer | null }
  /** It was asked before; the answer counts when the record (if it was asked in this group) is durable. */
  | { readonly type: "known"; readonly answer: OpAnswer }
  | { readonly type: "full"; readonly accounts: readonly AccountId[] }
  /** Nothing to do. */
  | { readonly type: "nothing" }
  | { readonly type: "refused"; readonly failure: Failure }
  /** Depends on what this group changes: it opens the next one. */
  | { readonly type: "later" };

/**
 * Turns waiting changes into the ops of one record: refuses what must be refused and gives out UIDs and MODSEQs. Works on
 * a view that is never written, so that later changes see what earlier ones of the group will do.
 */
export class GroupPlan {
  readonly ops: ShardOp[] = [];
  readonly #view: ShardView;
  readonly #answers = new Map<string, OpAnswer>();
  /** Accounts whose usage falls by an amount that only applying will show. */
  readonly #freed = new Set<string>();
  #bodyNext: number;
  #closed = false;
  /** With `noSpace`, deliveries are refused with it unless they were answered before. */
  constructor(
    private readonly index: IndexEnv,
    private readonly header: ShardHeader,
    private readonly noSpace: Failure | null,
  ) {
    this.#view = new ShardView(index);
    this.#bodyNext = header.bodyNext;
  }
  add(change: Change): Planned {
    if (this.#closed) return { type: "later" };
    switch (change.kind) {
      case "deliver":
        return this.#deliver(change);
      case "withdraw":
        return this.#withdraw(change.opId);
      case "expunge":
      case "flags": {
        const counters = this.#view.mailbox(change.account, change.mailbox)?.counters;
        if (counters === undefined) return { type: "nothing" };
        if (change.kind === "expunge") this.#freed.add(change.account);
        return this.#op({ ...change, modSeq: ++counters.highestModSeq });
      }
      case "purge":
        // Mailboxes may be gone after it, so nothing can be numbered behind it.
        this.#closed = true;
        return this.#op(change);
    }
  }
  #deliver(change: DeliverChange): Planned {
    const { opId, mailbox, size } = change;
    const known = this.#answer(opId);
    if (known !== null) return { type: "known", answer: known };
    if (this.noSpace !== null) return { type: "refused", failure: this.noSpace };
    const full: AccountId[] = [];
    const growth = new Map<string, number>();
    for (const { account, quotaBytes } of change.targets) {
      const grown = (growth.get(account) ?? 0) + size;
      growth.set(account, grown);
      if (quotaBytes === 0 || this.#view.usage(account).bytes + grown <= quotaBytes) continue;
      if (this.#freed.has(account)) return { type: "later" };
      if (!full.includes(account)) full.push(account);
    }
    if (full.length > 0) return { type: "full", accounts: full };
    if (change.targets.some(({ account }) => this.#uidsLeft(account, mailbox) < change.targets.length)) {
      return { type: "refused", failure: new Failure("refused", "a mailbox has used up its UIDs") };
    }
    const deliveries: Delivery[] = change.targets.map(({ account }) => this.#number(account, mailbox));
    for (const { account } of change.targets) this.#view.usage(account).bytes += size;
    const answer = { mailbox, targets: deliveries };
    this.#answers.set(opId, answer);
    const { flags, internalDateMs, parts, crc } = change;
    const body = this.#bodyNext++;
    return this.#op(
      { kind: "deliver", opId, mailbox, flags, internalDateMs, body, size, crc, parts, deliveries },
      answer,
    );
  }
  #number(account: string, number: number): Delivery {
    const mailbox = this.#view.mailbox(account, number) ??
      this.#view.makeMailbox(account, number, this.header.uidValidity);
    const { counters } = mailbox;
    return { account, uid: counters.uidNext++, modSeq: ++counters.highestModSeq, uidValidity: counters.uidValidity };
  }
  #uidsLeft(account: string, mailbox: number): number {
    return UID_MAX + 1 - (this.#view.mailbox(account, mailbox)?.counters.uidNext ?? 1);
  }
  #withdraw(opId: string): Planned {
    const known = this.#answer(opId);
    if (known !== null && known.targets === null) return { type: "nothing" };
    const uidsOf = new Map<string, number[]>();
    const mailbox = known?.mailbox ?? 1;
    for (const { account, uid, uidValidity } of known?.targets ?? []) {
      if (this.#view.mailbox(account, mailbox)?.counters.uidValidity !== uidValidity) continue;
      const uids = uidsOf.get(account);
      if (uids === undefined) uidsOf.set(account, [uid]);
      else uids.push(uid);
    }
    const removals: Removal[] = [];
    for (const [account, uids] of uidsOf) {
      const counters = this.#view.mailbox(account, mailbox)?.counters;
      if (counters === undefined) continue;
      this.#freed.add(account);
      removals.push({ account, uids, modSeq: ++counters.highestModSeq });
    }
    this.#answers.set(opId, { mailbox, targets: null });
    return this.#op({ kind: "withdraw", opId, mailbox, removals });
  }
  #answer(opId: string): OpAnswer | null {
    const planned = this.#answers.get(opId);
    if (planned !== undefined) return planned;
    const stored = this.index.get(opKey(opId));
    return stored === undefined ? null : decodeOp(stored);
  }
  #op(op: ShardOp, answer: OpAnswer | null = null): Planned {
    this.ops.push(op);
    return { type: "op", op: this.ops.length - 1, answer };
  }
}
