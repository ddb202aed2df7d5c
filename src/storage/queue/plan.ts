import { Failure } from "../../base/mod.ts";
import type { IndexEnv } from "../index_env.ts";
import { opKey } from "../keys.ts";
import type { NumberedMail, QueueStep } from "./apply.ts";
import type { EnqueueChange, QueueChange } from "./change.ts";
import type { QueueHeader } from "./header.ts";
import { decodeOp, type QueueOp } from "./values.ts";

/** What becomes of one waiting change. */
export type QueuePlanned =
  | NumberedMail
  /** It was asked before; the answer counts when the group (if it was asked in this one) is durable. */
  | { readonly kind: "known"; readonly op: QueueOp }
  | { readonly kind: "refused"; readonly failure: Failure }
  | { readonly kind: "done" };

/** Turns waiting changes into the steps of one group: numbers the mails and finds those that were asked before. */
export class QueuePlan {
  readonly steps: QueueStep[] = [];
  readonly #ops = new Map<string, QueueOp>();
  #messageNext: number;
  #itemNext: number;
  /** With `noSpace`, mails are refused with it unless they were taken before. */
  constructor(private readonly index: IndexEnv, header: QueueHeader, private readonly noSpace: Failure | null) {
    this.#messageNext = header.messageNext;
    this.#itemNext = header.itemNext;
  }
  add(change: QueueChange): QueuePlanned {
    if (change.kind === "enqueue") return this.#enqueue(change);
    if (change.kind !== "change" || change.changes.length > 0) this.steps.push(change);
    return { kind: "done" };
  }
  #enqueue(mail: EnqueueChange): QueuePlanned {
    const op = this.#known(mail.opId);
    if (op !== null) return { kind: "known", op };
    if (this.noSpace !== null) return { kind: "refused", failure: this.noSpace };
    const step: NumberedMail = { kind: "numbered", mail, message: this.#messageNext++, firstItem: this.#itemNext };
    this.#itemNext += mail.items.length;
    this.#ops.set(mail.opId, { message: step.message, firstItem: step.firstItem, items: mail.items.length });
    this.steps.push(step);
    return step;
  }
  #known(opId: string): QueueOp | null {
    const planned = this.#ops.get(opId);
    if (planned !== undefined) return planned;
    const stored = this.index.get(opKey(opId));
    return stored === undefined ? null : decodeOp(stored);
  }
}
