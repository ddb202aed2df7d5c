import { Failure } from "../base/mod.ts";
import type { AccountId } from "../mail/account.ts";
import { fits } from "../mail/quota.ts";
import { AccountPlan } from "./account/plan.ts";
import type { Change, DeliverChange, FlagsChange } from "./change.ts";
import { GroupDraft, type PlanContext, type Planned } from "./group_draft.ts";
import type { Delivery, Removal, ShardOp } from "./shard_log.ts";
import type { OpTarget } from "./layout/values.ts";
import type { MailboxView } from "./view.ts";

/** Turns waiting changes into the ops of one record: refuses what must be refused and gives out UIDs and MODSEQs. */
export class GroupPlan {
  readonly #draft: GroupDraft;
  readonly #account: AccountPlan;
  #closed = false;
  constructor(context: PlanContext) {
    this.#draft = new GroupDraft(context);
    this.#account = new AccountPlan(this.#draft);
  }
  get ops(): readonly ShardOp[] {
    return this.#draft.ops;
  }
  add(change: Change): Planned {
    if (this.#closed || (this.#draft.closed.size > 0 && this.#meetsClosed(change))) return { type: "later" };
    switch (change.kind) {
      case "deliver":
        return this.#deliver(change);
      case "withdraw":
        return this.#withdraw(change.opId);
      case "expunge": {
        const mailbox = this.#draft.view.mailbox(change.account, change.mailbox);
        if (mailbox === null) return { type: "nothing" };
        this.#draft.freed.add(change.account);
        mailbox.touched = true;
        return this.#draft.op({ ...change, modSeq: ++mailbox.counters.highestModSeq });
      }
      case "flags":
        return this.#flags(change);
      case "purge":
        // Mailboxes may be gone after it, so nothing can be numbered behind it.
        this.#closed = true;
        return this.#draft.op(change);
      default:
        return this.#account.add(change);
    }
  }
  #deliver(change: DeliverChange): Planned {
    const { opId, mailbox, size } = change;
    const known = this.#draft.known(opId);
    if (known !== null) return { type: "known", answer: known };
    if (this.#draft.context.noSpace !== null) return { type: "refused", failure: this.#draft.context.noSpace };
    const full: AccountId[] = [];
    const copies = new Map<string, number>();
    for (const target of change.targets) {
      const { account } = target;
      const messages = (copies.get(account) ?? 0) + 1;
      copies.set(account, messages);
      if (fits(target, this.#draft.view.usage(account), { bytes: messages * size, messages })) continue;
      if (this.#draft.freed.has(account)) return { type: "later" };
      if (!full.includes(account)) full.push(account);
    }
    if (full.length > 0) return { type: "full", accounts: full };
    const mailboxes = change.targets.map(({ account }) => this.#deliverable(account, mailbox));
    if (mailboxes.some((each) => this.#draft.uidsLeft(each) < mailboxes.length)) {
      return { type: "refused", failure: new Failure("refused", "a mailbox has used up its UIDs") };
    }
    const deliveries: Delivery[] = mailboxes.map((each) => this.#draft.number(each, 1));
    for (const { account } of change.targets) {
      const usage = this.#draft.view.usage(account);
      usage.bytes += size;
      usage.messages++;
    }
    const answer = { targets: deliveries };
    this.#draft.remember(opId, answer);
    const { flags, internalDateMs, parts, index, crc } = change;
    const body = this.#draft.nextBody();
    return this.#draft.op(
      { kind: "deliver", opId, flags, internalDateMs, body, size, crc, parts, index, deliveries },
      answer,
    );
  }
  /** Where mail for a mailbox goes: into INBOX when its owner has removed it. */
  #deliverable(account: string, mailbox: number): MailboxView {
    const found = this.#draft.view.mailbox(account, mailbox);
    if (found !== null) return found;
    return this.#draft.mailbox(account, this.#draft.view.hasTree(account) ? 1 : mailbox);
  }
  #flags(change: FlagsChange): Planned {
    const mailbox = this.#draft.view.mailbox(change.account, change.mailbox);
    if (mailbox === null) return { type: "nothing" };
    const { add: added } = change.keywords;
    if (added.length > 0) {
      const more = this.#account.takeKeywords(mailbox, added);
      if (more !== null) return more;
    }
    mailbox.touched = true;
    return this.#draft.op({ ...change, modSeq: ++mailbox.counters.highestModSeq });
  }
  #withdraw(opId: string): Planned {
    const known = this.#draft.known(opId);
    if (known !== null && known.targets === null) return { type: "nothing" };
    const removals: Removal[] = [];
    for (const [mailbox, uids] of this.#uidsOf(known?.targets ?? [])) {
      const { account, number, counters } = mailbox;
      this.#draft.freed.add(account);
      mailbox.touched = true;
      removals.push({ account, mailbox: number, uids, modSeq: ++counters.highestModSeq });
    }
    this.#draft.remember(opId, { targets: null });
    return this.#draft.op({ kind: "withdraw", opId, removals });
  }
  /** The UIDs that still name what was delivered, by mailbox. */
  #uidsOf(targets: readonly OpTarget[]): Map<MailboxView, number[]> {
    const uidsOf = new Map<MailboxView, number[]>();
    for (const { account, mailbox: number, uid, uidValidity } of targets) {
      const mailbox = this.#draft.view.mailbox(account, number);
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
        return change.targets.some(({ account }) => this.#draft.closed.has(account));
      case "withdraw":
        return this.#draft.known(change.opId)?.targets?.some(({ account }) => this.#draft.closed.has(account)) === true;
      case "copy":
        return this.#draft.closed.has(change.from.account) || this.#draft.closed.has(change.to.account);
      case "append":
        return this.#draft.closed.has(change.account) ||
          (change.replaces !== null && this.#draft.closed.has(change.replaces.account));
      default:
        return this.#draft.closed.has(change.account);
    }
  }
}
