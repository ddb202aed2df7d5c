import type { OutgoingEnvelope, OutgoingRecipient } from "../mail/envelope.ts";

/** One attempt at an item, as the operator sees it. */
export interface AttemptNote {
  /** RFC 3339. */
  readonly at: string;
  /** Name and address of the host that had the last word; null when none was reached. */
  readonly host: string | null;
  readonly tls: string | null;
  /** The first recipient's reply or reason. */
  readonly code: number | null;
  readonly status: string;
  readonly text: string;
}

/** One recipient that waits. */
export interface QueuedRecipient {
  readonly address: string;
  /** The last reply for it; null before the first attempt. */
  readonly status: string | null;
  readonly text: string | null;
}

/** Recipients of one mail at one destination: the unit that is tried. */
export interface QueueEntry {
  readonly item: number;
  /** The mail's id, as in its Received field. */
  readonly id: string;
  readonly sender: string;
  readonly destination: string;
  readonly recipients: readonly QueuedRecipient[];
  readonly size: number;
  readonly priority: number;
  /** RFC 3339. */
  readonly createdAt: string;
  /** When it is tried next, RFC 3339. */
  readonly dueAt: string;
  /** `resting`: it is due, but its destination is left alone for a while as it could not be reached. */
  readonly state: "waiting" | "due" | "active" | "held" | "resting" | "suspended";
  readonly attempts: number;
  /** The newest attempts, oldest first. */
  readonly notes: readonly AttemptNote[];
}

/** Which items a verb is for: those that fit all that is given. */
export interface QueueFilter {
  /** A mail's id, or an item's number. */
  readonly id?: string;
  readonly domain?: string;
  readonly sender?: string;
  /** Every item: must be said when nothing else is. */
  readonly all?: boolean;
}

/** Figures of the queue. */
export interface QueueSummary {
  readonly items: number;
  readonly active: number;
  /** Items that are due and wait for their turn. */
  readonly ready: number;
  readonly held: number;
  readonly bytes: number;
  /** Age of the oldest item, in seconds. */
  readonly oldestSeconds: number;
  readonly suspended: readonly { readonly domain: string; readonly until: string | null }[];
  /** Destinations that are left alone for a while as they could not be reached, those with most mail that is due first, and how many. */
  readonly resting: readonly RestingDestination[];
  readonly restingCount: number;
  /** Recipients by how attempts ended, since the queue actor started. */
  readonly attempts: { readonly delivered: number; readonly deferred: number; readonly failed: number };
  /** Changes made durable since then, and how long they took together, in seconds. */
  readonly commits: { readonly count: number; readonly seconds: number };
  /** What is wrong with the queue itself; null when it is well. */
  readonly trouble: string | null;
}

/** A destination that rests after faults of its own. */
export interface RestingDestination {
  readonly domain: string;
  /** RFC 3339. */
  readonly until: string;
  /** Attempts in a row that failed for the destination's sake. */
  readonly faults: number;
  /** Items that are due and wait for its rest to end. */
  readonly waiting: number;
}

/** What happened on one UTC day between us and a domain, over TLS or for want of it (RFC 8460 §4). */
export interface TlsDayReport {
  readonly domain: string;
  /** Begin of the day, ms since 1970 UTC. */
  readonly dayMs: number;
  readonly policies: readonly {
    readonly policy: { readonly type: string; readonly lines: readonly string[]; readonly hosts: readonly string[] };
    readonly successes: number;
    readonly failures: number;
    readonly details: readonly {
      readonly result: string;
      readonly host: string | null;
      readonly sourceAddress: string | null;
      readonly address: string | null;
      readonly reason: string | null;
      readonly count: number;
    }[];
  }[];
}

/** Items of one destination by age. */
export interface QueueShapeRow {
  readonly destination: string;
  readonly total: number;
  /** Items younger than 5, 10, 20, 40, 80, 160, 320, 640 and 1,280 minutes, and older ones. */
  readonly ages: readonly number[];
}

/** What the queue actor understands. Every answer to a change means durable. */
export interface QueueProtocol {
  /** Takes a mail over. Asked twice with the same `opId`, it is kept once. */
  "queue.enqueue": {
    request: {
      readonly opId: string;
      readonly envelope: OutgoingEnvelope;
      readonly recipients: readonly OutgoingRecipient[];
      /** The mail as it goes out, in pieces. */
      readonly parts: readonly Uint8Array[];
      /** Every recipient gets a transaction of his own. */
      readonly each?: boolean;
    };
    reply: null;
  };
  /**
   * Tells a sender that his mail was delivered here, or sent on to several addresses, for the recipients for whom he asked
   * (RFC 3461 §5.2.3, §5.2.7.3). Durable when answered.
   */
  "queue.report": {
    request: {
      readonly action: "delivered" | "expanded";
      readonly envelope: OutgoingEnvelope;
      readonly recipients: readonly OutgoingRecipient[];
      readonly parts: readonly Uint8Array[];
    };
    reply: null;
  };
  /**
   * Sends a report on TLS to an address that its domain has named, signed. Durable when answered; asked twice with the same `id`, it is
   * sent once. Failure `refused` where no reports are sent, or nobody signs for their sender.
   */
  "queue.tlsReport": {
    request: { readonly id: string; readonly to: string; readonly report: TlsDayReport };
    reply: null;
  };
  /** Mail that waits for a list, under an address that the list made for it; `next` is the cursor for what follows. */
  "queue.listWaiting": {
    request: { readonly address: string; readonly after: number; readonly limit: number };
    reply: { readonly mails: readonly { readonly id: string; readonly size: number }[]; readonly next: number | null };
  };
  /** One of them, whole. Failure `not_found` when it is gone. */
  "queue.listFetch": {
    request: { readonly id: string; readonly address: string };
    reply: { readonly envelope: OutgoingEnvelope; readonly parts: readonly Uint8Array[] };
  };
  /** Does something to one of them; not done when it is gone. */
  "queue.listDecide": {
    request: { readonly id: string; readonly address: string; readonly verb: "retry" | "bounce" | "delete" };
    reply: { readonly done: boolean };
  };
  "queue.list": {
    request: { readonly filter: QueueFilter; readonly after: number; readonly limit: number };
    reply: { readonly entries: readonly QueueEntry[]; readonly next: number | null };
  };
  "queue.summary": { request: null; reply: QueueSummary };
  "queue.shape": { request: null; reply: { readonly rows: readonly QueueShapeRow[] } };
  /** Does one thing to every item that fits; answers how many. `dryRun` only counts. */
  "queue.act": {
    request: { readonly verb: QueueVerb; readonly filter: QueueFilter; readonly dryRun: boolean };
    reply: { readonly items: number };
  };
  /**
   * Makes due now what was tried in vain for a destination (in A-labels), or for all below it, too. `counted`: so many go out now;
   * `pending`: they do, and are still being counted; `begun`: somebody asked for the same a moment ago.
   */
  "queue.turn": {
    request: { readonly domain: string; readonly below: boolean };
    reply:
      | { readonly type: "counted"; readonly items: number }
      | { readonly type: "pending" }
      | { readonly type: "begun" };
  };
  /** Leaves a destination alone for a while, or (0) until `queue.resume`. */
  "queue.suspend": { request: { readonly domain: string; readonly forSeconds: number }; reply: null };
  "queue.resume": { request: { readonly domain: string }; reply: null };
  /** Begins no more attempts; answered when those under way have ended, or after `graceMs`. */
  "queue.drain": { request: { readonly graceMs: number }; reply: null };
  /** Sent by the actor to itself: something may be due. */
  "queue.tick": { request: null; reply: void };
  /** Sent by the actor to itself after its start: takes up the next of what was left. */
  "queue.load": { request: null; reply: void };
}

/**
 * `retry`: due now; `hold`: not tried until released; `release`: held ones go on; `bounce`: given up, the sender is told;
 * `delete`: gone without a word.
 */
export type QueueVerb = "retry" | "hold" | "release" | "bounce" | "delete";
