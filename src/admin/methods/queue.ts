import * as z from "zod";
import { Failure } from "../../base/mod.ts";
import type { QueueEntry, QueueFilter, QueueShapeRow, QueueSummary, QueueVerb } from "../../messages/mod.ts";
import { type Method, read, type Shown, type Verb, write } from "../method.ts";
import { domain } from "./fields.ts";
import { bytesText, changed, durationText, listed, said } from "./shows.ts";

/** A walk over a million items takes seconds; this is for many millions, in ms. */
const WALK_MS_MAX = 600_000;

/** Entries of one page: each carries its newest attempts. */
const PAGE_MAX = 1_000;

/** Which items are meant; those that fit all that is given. */
const FILTER = {
  id: z.string().min(1).max(255).optional().describe("A mail's id, or an item's number"),
  domain: domain.optional().describe("Only mail to this domain"),
  sender: z.string().max(512).optional().describe("Only mail of this sender; empty: reports"),
};

export const queueList = read({
  name: "queue.list",
  summary: "Mail that waits for other servers, oldest first",
  params: {
    ...FILTER,
    limit: z.int().min(1).max(PAGE_MAX).default(100).describe("Records at most"),
    cursor: z.string().regex(/^\d{1,15}$/).optional().describe("`next` of the page before"),
  },
  verbs: [{
    usage: "queue list",
    show: listed<QueueEntry>(["ITEM", "MAIL", "STATE", "TRIES", "NEXT", "SIZE", "FROM", "TO", "LAST REPLY"], rowOf),
  }],
  async run({ id, domain, sender, limit, cursor }, { queue }) {
    const request = { filter: changed({ id, domain, sender }), after: Number(cursor ?? 0), limit };
    const { entries, next } = await queue.ask("queue.list", request, { deadlineMs: WALK_MS_MAX });
    return { records: entries, next: next === null ? null : String(next) };
  },
});

function rowOf({ item, id, state, attempts, dueAt, size, sender, recipients, notes }: QueueEntry): string[] {
  const more = recipients.length > 1 ? ` and ${recipients.length - 1} more` : "";
  const last = notes.at(-1);
  return [
    String(item),
    id,
    state,
    String(attempts),
    dueAt.slice(0, 19),
    bytesText(size),
    sender === "" ? "<>" : sender,
    `${recipients[0]?.address ?? ""}${more}`,
    last === undefined ? "-" : replyText(last),
  ];
}

function replyText({ code, status, text }: { code: number | null; status: string; text: string }): string {
  return `${code === null ? "" : `${code} `}${status} ${text}`;
}

export const queueGet = read({
  name: "queue.get",
  summary: "One mail in the queue: its recipients, attempts and what other servers said",
  params: { id: z.string().min(1).max(255).describe("A mail's id, or an item's number") },
  verbs: [{ usage: "queue show ID", show: showEntries }],
  async run({ id }, { queue }) {
    const { entries } = await queue.ask("queue.list", { filter: { id }, after: 0, limit: PAGE_MAX });
    if (entries.length === 0) throw new Failure("not_found", `there is no mail ${id} in the queue`);
    return { items: entries };
  },
});

function showEntries({ items }: { items: readonly QueueEntry[] }): Shown {
  return { type: "lines", lines: items.flatMap(entryLines) };
}

function entryLines(entry: QueueEntry): string[] {
  const { item, id, sender, destination, size, priority, createdAt, dueAt, state, attempts, recipients, notes } = entry;
  return [
    `item ${item} of mail ${id}, ${state}: from ${sender === "" ? "<>" : sender} to ${destination}`,
    `  ${bytesText(size)}, priority ${priority}, came ${createdAt}, next attempt ${dueAt}, ${attempts} made`,
    ...recipients.map(({ address, status, text }) =>
      `  ${address}${status === null ? "" : `: ${status} ${text ?? ""}`}`
    ),
    ...notes.map(({ at, host, tls, ...reply }) =>
      `  ${at} ${host ?? "no host"}${tls === null ? "" : ` (${tls})`}: ${replyText(reply)}`
    ),
  ];
}

export const queueSummary = read({
  name: "queue.summary",
  summary: "How much mail waits, how old the oldest is, which domains are suspended or cannot be reached",
  params: {},
  verbs: [{ usage: "queue summary", show: showSummary }],
  run: (_params, { queue }) => queue.ask("queue.summary", null),
});

function showSummary(summary: QueueSummary): Shown {
  const { items, active, held, bytes, oldestSeconds, suspended, resting, restingCount, trouble } = summary;
  const lines = [
    ...(trouble === null ? [] : [`the queue is not well: ${trouble}`]),
    `${items} items (${bytesText(bytes)}), ${active} being tried, ${held} held, oldest ${durationText(oldestSeconds)}`,
    ...suspended.map(({ domain, until }) => `${domain} is suspended ${until === null ? "" : `until ${until}`}`.trim()),
    ...resting.map(({ domain, until, faults, waiting }) =>
      `${domain} rests until ${until} after ${faults} failures, ${waiting} due items wait`
    ),
    ...(restingCount > resting.length ? [`${restingCount - resting.length} more rest`] : []),
  ];
  return { type: "lines", lines };
}

/** Headings of the age classes, in minutes. */
const AGES = ["5", "10", "20", "40", "80", "160", "320", "640", "1280", "1280+"];

export const queueShape = read({
  name: "queue.shape",
  summary: "How much mail waits for each domain, by age in minutes",
  params: {},
  verbs: [{ usage: "queue shape", show: showShape }],
  run: (_params, { queue }) => queue.ask("queue.shape", null, { deadlineMs: WALK_MS_MAX }),
});

function showShape({ rows }: { rows: readonly QueueShapeRow[] }): Shown {
  return {
    type: "table",
    columns: ["DOMAIN", "ALL", ...AGES],
    rows: rows.map(({ destination, total, ages }) => [destination, String(total), ...ages.map(String)]),
  };
}

/** What one verb says of itself. */
interface Words {
  readonly summary: string;
  /** Behind the number of items. */
  readonly done: string;
  /** Asked before something is lost. */
  readonly ask?: string;
}

/** A method that does one thing to all items that are meant. */
function act(verb: QueueVerb, { summary, done, ask }: Words): Method {
  const show = ({ items }: { items: number }) => said(items === 1 ? `1 item is ${done}` : `${items} items are ${done}`);
  const confirm = ({ items }: { items: number }) => `${ask} ${items} ${items === 1 ? "item" : "items"}?`;
  const verbs: Verb[] = [{ usage: `queue ${verb} [ID]`, show, ...(ask === undefined ? {} : { confirm }) }];
  if (verb === "retry") {
    verbs.push({ usage: "queue flush", fixed: { all: true }, summary: "Try everything that waits now", show });
  }
  return write({
    name: `queue.${verb}`,
    synonyms: verb === "retry" ? ["queue.flush"] : [],
    summary,
    params: { ...FILTER, all: z.boolean().optional().describe("Every item") },
    verbs,
    run: ({ id, domain, sender, all, dryRun }, { queue }) => {
      const filter: QueueFilter = changed({ id, domain, sender, all });
      return queue.ask("queue.act", { verb, filter, dryRun: dryRun === true }, { deadlineMs: WALK_MS_MAX });
    },
  }) as Method;
}

export const queueRetry = act("retry", { summary: "Try mail now, before its time", done: "due now" });
export const queueHold = act("hold", { summary: "Keep mail back until it is released", done: "held" });
export const queueRelease = act("release", { summary: "Let mail that was held go on", done: "released" });
export const queueBounce = act("bounce", {
  summary: "Give mail up and tell its senders",
  done: "given up",
  ask: "Give up and return",
});
export const queueDelete = act("delete", {
  summary: "Throw mail away without a word",
  done: "deleted",
  ask: "Delete for good",
});

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

export const queueSuspend = write({
  name: "queue.suspend",
  summary: "Leave a domain alone for a while, or until it is resumed",
  params: {
    domain,
    for: z.string().regex(/^\d{1,6}[smhd]?$/, "expected seconds, or 30m, 2h, 1d").optional()
      .describe("Seconds, or 30m, 2h, 1d; until resumed when absent"),
  },
  verbs: [{ usage: "queue suspend DOMAIN", show: ({ domain }: { domain: string }) => said(`${domain} is suspended`) }],
  async run({ domain, for: duration, dryRun }, { queue }) {
    const [, count = "0", unit = "s"] = /^(\d+)([smhd]?)$/.exec(duration ?? "0") ?? [];
    const forSeconds = Number(count) * (UNITS[unit] ?? 1);
    if (dryRun !== true) await queue.ask("queue.suspend", { domain, forSeconds });
    return { domain, forSeconds };
  },
});

export const queueResume = write({
  name: "queue.resume",
  summary: "End the suspension of a domain",
  params: { domain },
  verbs: [{ usage: "queue resume DOMAIN", show: ({ domain }: { domain: string }) => said(`${domain} goes on`) }],
  async run({ domain, dryRun }, { queue }) {
    if (dryRun !== true) await queue.ask("queue.resume", { domain });
    return { domain };
  },
});
