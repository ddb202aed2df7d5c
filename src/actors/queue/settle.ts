import { isExpired, isLate, pauseMs, type RetryPolicy } from "../../policy/retry.ts";
import type { Random } from "../../base/mod.ts";
import type { OutgoingRecipient } from "../../mail/envelope.ts";
import type { DeliveryReport, RecipientOutcome } from "../../messages/mod.ts";
import type { ItemRecipient, ItemState, StoredItem, StoredMessage } from "../../storage/mod.ts";

/** Attempts remembered with an item. */
export const NOTES_MAX = 8;

/** UTF-16 units of a reply that are kept. */
const TEXT_CHARS_MAX = 200;

/** What the sender is to be told of one recipient. */
export interface Notice {
  readonly recipient: OutgoingRecipient;
  readonly action: "failed" | "delayed" | "delivered" | "relayed" | "expanded";
  readonly outcome: RecipientOutcome;
}

/** What follows from an attempt. */
export interface Settlement {
  /** The item's next state; null when nobody waits any more. */
  readonly next: ItemState | null;
  readonly notices: readonly Notice[];
  /** For the log: how many recipients ended how. */
  readonly counts: { readonly delivered: number; readonly deferred: number; readonly failed: number };
}

/** What an attempt is judged by. */
export interface SettleContext {
  readonly policy: RetryPolicy;
  readonly random: Random;
  /** Queue time, ms. */
  readonly nowMs: number;
  /** Wall-clock time, ms since 1970 UTC. */
  readonly wallMs: number;
}

/** RFC 3463 §3.5: what is said of mail that became too old. */
const EXPIRED_STATUS = "5.4.7";

/**
 * What an attempt means for an item: who is done with, who waits on and how long, and what the sender is told. Nobody is told
 * of a mail without sender (RFC 5321 §4.5.5).
 */
export function settle(
  item: StoredItem,
  message: StoredMessage,
  report: DeliveryReport,
  context: SettleContext,
): Settlement {
  const attempts = item.attempts + 1;
  const ageMs = context.nowMs - message.createdMs;
  const over = isExpired(context.policy, ageMs) || isReturnedInTime(message, context);
  const late = !item.warned && !over && (isLate(context.policy, ageMs) || isNotifiedInTime(message, context));
  const waiting: ItemRecipient[] = [];
  const notices: Notice[] = [];
  const counts = { delivered: 0, deferred: 0, failed: 0 };
  for (const [i, recipient] of item.recipients.entries()) {
    const outcome = finalOutcome(report.outcomes[i]!, over);
    counts[outcome.action === "relayed" ? "delivered" : outcome.action]++;
    if (outcome.action === "deferred") {
      const last = { code: outcome.code, status: outcome.status, text: clip(outcome.text) };
      waiting.push({ ...recipient, last });
    }
    const action = noticeOf(recipient, outcome, late);
    if (action !== null && message.envelope.sender !== "") notices.push({ recipient, action, outcome });
  }
  const next: ItemState | null = waiting.length === 0 ? null : {
    dueMs: context.nowMs + pauseMs(context.policy, attempts, context.random),
    held: item.held,
    attempts,
    warned: item.warned || late,
    recipients: waiting,
    notes: [...item.notes, noteOf(report, context.nowMs)].slice(-NOTES_MAX),
  };
  return { next, notices, counts };
}

function finalOutcome(outcome: RecipientOutcome, over: boolean): RecipientOutcome {
  if (outcome.action !== "deferred" || !over) return outcome;
  return { ...outcome, action: "failed", status: EXPIRED_STATUS, text: `given up after: ${outcome.text}` };
}

/** NOTIFY (RFC 3461 §4.1, §5.2): failures are told unless forbidden, delays too when nothing was said, successes only when asked for. */
function noticeOf(recipient: ItemRecipient, { action }: RecipientOutcome, late: boolean): Notice["action"] | null {
  const { notify } = recipient;
  switch (action) {
    case "failed":
      return notify === null || notify.includes("failure") ? "failed" : null;
    case "deferred":
      return late && (notify === null || notify.includes("delay")) ? "delayed" : null;
    case "relayed":
      return notify?.includes("success") === true ? "relayed" : null;
    case "delivered":
      return null; // The next server answers for it (RFC 3461 §5.2.2).
  }
}

/** DELIVERBY with R (RFC 2852 §4): what could not be delivered in time comes back. */
function isReturnedInTime({ envelope: { deliverBy } }: StoredMessage, { wallMs }: SettleContext): boolean {
  return deliverBy !== null && deliverBy.mode === "return" && wallMs >= deliverBy.atMs;
}

/** DELIVERBY with N: the sender is told, and it is tried on. */
function isNotifiedInTime({ envelope: { deliverBy } }: StoredMessage, { wallMs }: SettleContext): boolean {
  return deliverBy !== null && deliverBy.mode === "notify" && wallMs >= deliverBy.atMs;
}

function noteOf({ outcomes, host, tls }: DeliveryReport, atMs: number): ItemState["notes"][number] {
  // Of several replies the worst tells most.
  const told = outcomes.find(({ action }) => action === "failed") ??
    outcomes.find(({ action }) => action === "deferred") ?? outcomes[0]!;
  return {
    atMs,
    host: host === null ? null : `${host.name} [${host.address}]:${host.port}`,
    tls,
    code: told.code,
    status: told.status,
    text: clip(told.text),
  };
}

/** A connection that broke off (RFC 3463 §3.5). */
const BROKEN_OFF = "4.4.2";

/** Address of the host that broke off at the last attempt; null when it ended otherwise. */
export function doubtfulAddress({ notes }: StoredItem): string | null {
  const last = notes.at(-1);
  if (last?.host == null || last.code !== null || last.status !== BROKEN_OFF) return null;
  return last.host.slice(last.host.indexOf("[") + 1, last.host.lastIndexOf("]"));
}

function clip(text: string): string {
  return text.slice(0, TEXT_CHARS_MAX);
}

/** A report that says the same of everybody. */
export function sameForAll(count: number, outcome: RecipientOutcome, destinationFault = false): DeliveryReport {
  return { outcomes: Array.from({ length: count }, () => outcome), destinationFault, host: null, tls: null };
}
