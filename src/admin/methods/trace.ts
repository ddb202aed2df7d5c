import * as z from "zod";
import { Failure } from "../../base/mod.ts";
import type { QueueEntry, TraceEvent } from "../../messages/mod.ts";
import { read, type Shown } from "../method.ts";
import { bytesText } from "./shows.ts";

/** Items of one mail that are shown. */
const ITEMS_MAX = 100;

interface Trace {
  readonly ids: readonly string[];
  readonly events: readonly TraceEvent[];
  /** What of it still waits. */
  readonly queued: readonly QueueEntry[];
}

export const messageTrace = read({
  name: "message.trace",
  summary:
    "What happened to a mail: by its id (as in the 250 reply), an address or its Message-ID; the latest mails only, until a worker starts anew",
  params: {
    message: z.string().min(1).max(1_000).describe("A mail's id, an address in its envelope, or a Message-ID"),
  },
  verbs: [{ usage: "trace MESSAGE", show: showTrace }],
  async run({ message }, context): Promise<Trace> {
    const first = await context.trace([message]);
    const ids = [...new Set([...first.ids, message])];
    // Whoever knows it by another name than the one that was asked for knows it by its id.
    const { events } = first.ids.length === 0 ? first : await context.trace(ids);
    const queued: QueueEntry[] = [];
    for (const id of ids.filter((id) => !id.includes("@"))) {
      const { entries } = await context.queue.ask("queue.list", { filter: { id }, after: 0, limit: ITEMS_MAX });
      queued.push(...entries);
    }
    if (events.length + queued.length === 0) {
      throw new Failure(
        "not_found",
        `nothing is remembered of ${message}: only the latest mails are; older ones are in the log`,
      );
    }
    const sorted = [...events].sort((a, b) => a.at < b.at ? -1 : a.at > b.at ? 1 : 0);
    return { ids: first.ids, events: sorted, queued };
  },
});

function showTrace({ events, queued }: Trace): Shown {
  const lines: string[] = [];
  for (const id of new Set(events.map(({ fields }) => String(fields["id"])))) {
    lines.push(`mail ${id}`);
    for (const event of events) {
      if (event.fields["id"] === id) lines.push(`  ${event.at} ${event.worker}: ${wordsOf(event)}`);
    }
  }
  for (const { id, item, destination, state, dueAt, attempts } of queued) {
    lines.push(`mail ${id}: item ${item} to ${destination} is ${state}, ${attempts} attempts made, next ${dueAt}`);
  }
  return { type: "lines", lines };
}

type Fields = TraceEvent["fields"];

/** How an event is told; others are told by their fields. */
const WORDS: Readonly<Record<string, (fields: Fields) => string>> = {
  mail: ({ remote, helo, tls, user, sender, to, recipients, size, outcome }) =>
    `${outcome === "accepted" ? "taken" : `refused (${outcome})`} from ${remote ?? "here"} (${helo})` +
    `${tls === null ? " in the clear" : ` over ${tls}`}${user === undefined ? "" : `, logged in as ${user}`}: ` +
    `${bytesText(Number(size))} from ${path(sender)} to ${namesOf(to, recipients)}`,
  "mail kept": ({ mailboxes, elsewhere }) =>
    [
      ...(listOf(mailboxes).length === 0 ? [] : [`stored in ${listOf(mailboxes).join(", ")}`]),
      ...(listOf(elsewhere).length === 0 ? [] : [`handed to the queue for ${listOf(elsewhere).join(", ")}`]),
    ].join(", "),
  "sender checked": ({ disposition, author, spf, dmarc }) =>
    `its sender ${author ?? "nobody"} was judged: ${disposition} (SPF ${spf}, DMARC ${dmarc})`,
  queued: ({ destinations }) => `queued for ${listOf(destinations).join(", ")}`,
  attempt: ({ destination, host, tls, code, status, reply, delivered, deferred, failed, nextInMs }) =>
    `tried at ${host ?? destination}${tls === null ? "" : ` over ${tls}`}: ` +
    `${delivered} delivered, ${deferred} deferred, ${failed} failed; ` +
    [code, status, reply].filter((word) => word !== null && word !== "").join(" ") +
    (nextInMs === null ? "" : `; next in ${Math.round(Number(nextInMs) / 60_000)} min`),
  report: ({ to, about }) => `its sender ${to} is told of ${listOf(about).join(", ")}`,
};

function wordsOf({ event, fields }: TraceEvent): string {
  const words = Object.hasOwn(WORDS, event) ? WORDS[event] : undefined;
  if (words !== undefined) return words(fields);
  const rest = Object.entries(fields).filter(([key]) => key !== "id").map(([key, value]) => `${key}=${value}`);
  return `${event} ${rest.join(" ")}`.trim();
}

function listOf(value: Fields[string] | undefined): readonly string[] {
  return Array.isArray(value) ? value : [];
}

function path(sender: Fields[string] | undefined): string {
  return `<${sender ?? ""}>`;
}

function namesOf(to: Fields[string] | undefined, recipients: Fields[string] | undefined): string {
  const names = listOf(to);
  const more = Number(recipients) - names.length;
  return `${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
