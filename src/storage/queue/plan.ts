import { Failure } from "../../base/mod.ts";
import type { IndexEnv } from "../disk/index_env.ts";
import { opKey } from "../layout/keys.ts";
import type { BodyRecord } from "../disk/segments.ts";
import type { EnqueueChange, QueueChange, Until } from "./change.ts";
import type { NewMail, QueueDelta, QueueStep } from "./delta.ts";
import { itemKey } from "./keys.ts";
import type { QueueLimits } from "./limits.ts";
import type { ItemState, StoredItem } from "./types.ts";
import { decodeItemOwner, decodeOp, keptState, type QueueOp } from "./values.ts";

/** What becomes of one waiting change. */
export type QueuePlanned =
  | { readonly kind: "taken"; readonly mail: NewMail }
  /** It was asked before; the answer counts when the group (if it was asked in this one) is durable. */
  | { readonly kind: "known"; readonly op: QueueOp }
  | { readonly kind: "refused"; readonly failure: Failure }
  | { readonly kind: "done" };

const DONE: QueuePlanned = { kind: "done" };

export interface PlanOptions {
  readonly limits: QueueLimits;
  /** Queue time, ms. */
  readonly nowMs: number;
  /** With this, mails are refused with it unless they were taken before. */
  readonly noSpace: Failure | null;
}

/** Turns waiting changes into the steps of one group: numbers the mails and finds those that were asked before. */
export class QueuePlan {
  readonly steps: QueueStep[] = [];
  readonly bodies: BodyRecord[] = [];
  /** Whether it must be written, even without steps: the time is, and a change of nothing finds out who owns the queue. */
  asked = false;
  readonly #ops = new Map<string, QueueOp>();
  readonly #suspended = new Map<string, boolean>();
  #suspensions: number;
  #messageNext: number;
  #itemNext: number;
  constructor(
    private readonly index: IndexEnv,
    private readonly delta: QueueDelta,
    private readonly options: PlanOptions,
  ) {
    this.#messageNext = delta.messageNext;
    this.#itemNext = delta.itemNext;
    this.#suspensions = delta.suspensions;
  }
  add(change: QueueChange): QueuePlanned {
    switch (change.kind) {
      case "enqueue":
        return this.#enqueue(change);
      case "change":
        this.#change(change.changes);
        this.asked ||= change.changes.length > 0;
        return DONE;
      case "suspend":
        return this.#suspend(change.destination, change.until);
      case "tick":
        this.asked = true;
        return DONE;
    }
  }
  #enqueue(asked: EnqueueChange): QueuePlanned {
    const op = this.#known(asked.opId);
    if (op !== null) return { kind: "known", op };
    if (this.options.noSpace !== null) return { kind: "refused", failure: this.options.noSpace };
    const { opId, envelope, size, crc, parts } = asked;
    const message = this.#messageNext++;
    const firstItem = this.#itemNext;
    const items = asked.items.map(({ destination, state }, i): StoredItem => {
      return { item: firstItem + i, message, destination, ...state };
    });
    this.#itemNext += items.length;
    const text = JSON.stringify(envelope);
    const mail = { opId, message, size, crc, createdMs: this.options.nowMs, id: envelope.id, envelope: text, items };
    this.#ops.set(opId, { message, firstItem, items: items.length });
    this.steps.push({ kind: "mail", mail });
    this.bodies.push({ body: message, parts, size, crc });
    return { kind: "taken", mail };
  }
  #known(opId: string): QueueOp | null {
    const recent = this.#ops.get(opId) ?? this.delta.ops.get(opId);
    if (recent !== undefined) return recent;
    const stored = this.index.get(opKey(opId));
    return stored === undefined ? null : decodeOp(stored);
  }
  /** All of a change or, on a throw (a damaged row), none. */
  #change(changes: readonly { readonly item: number; readonly next: ItemState | null }[]): void {
    const steps: QueueStep[] = [];
    for (const { item, next } of changes) {
      if (item >= this.#itemNext) continue;
      if (next === null) {
        steps.push({ kind: "item", item, next });
        continue;
      }
      const owner = this.#ownerOf(item);
      if (owner === null) continue;
      const { message, destination } = owner;
      steps.push({ kind: "item", item, next: { item, message, destination, ...keptState(next, this.options.limits) } });
    }
    this.steps.push(...steps);
  }
  #ownerOf(item: number): { readonly message: number; readonly destination: string } | null {
    const recent = this.delta.items.get(item);
    if (recent !== undefined) return recent;
    if (item >= this.delta.itemNext) return this.#plannedItem(item);
    const stored = this.delta.indexed({ item }) ? this.index.get(itemKey(item)) : undefined;
    return stored === undefined ? null : decodeItemOwner(stored, item);
  }
  #plannedItem(item: number): StoredItem | null {
    for (const step of this.steps) {
      if (step.kind !== "mail") continue;
      const found = step.mail.items.find((one) => one.item === item);
      if (found !== undefined) return found;
    }
    return null;
  }
  #suspend(destination: string, until: Until): QueuePlanned {
    const was = this.#suspended.get(destination) ?? this.delta.isSuspended(destination);
    const is = until !== "resume";
    if (is && !was && this.#suspensions >= this.options.limits.suspensionsMax) {
      return { kind: "refused", failure: new Failure("busy", "too many destinations are suspended") };
    }
    this.#suspensions += Number(is) - Number(was);
    this.#suspended.set(destination, is);
    this.steps.push({ kind: "suspend", destination, until });
    return DONE;
  }
}
