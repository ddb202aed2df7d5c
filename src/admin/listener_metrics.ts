/** One metric of the listener workers: a counter of theirs by dotted path, for each label value. */
interface ListenerMetric {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  /** Null: no labels. */
  readonly label: string | null;
  /** Label values, and where each stands in the workers' stats. */
  readonly samples: Readonly<Record<string, string>>;
}

/** What listener workers count, as metrics. The labels are all there are: no address or name of a stranger ever is one. */
const LISTENER_METRICS: readonly ListenerMetric[] = [
  {
    name: "stagepost_connections",
    type: "gauge",
    help: "Open sessions.",
    label: "service",
    samples: {
      smtp: "sessionsByService.smtp",
      submission: "sessionsByService.submission",
      pop3: "sessionsByService.pop3",
      imap: "sessionsByService.imap",
      lmtp: "sessionsByService.lmtp",
    },
  },
  {
    name: "stagepost_connections_total",
    type: "counter",
    help: "Sessions begun.",
    label: null,
    samples: { "": "connections" },
  },
  {
    name: "stagepost_refused_connections_total",
    type: "counter",
    help:
      "Connections refused: banned, too many in a minute, after too many errors, worker overloaded, too many at a time.",
    label: "reason",
    samples: {
      banned: "refusedConnections.banned",
      rate: "refusedConnections.rate",
      errors: "refusedConnections.errors",
      overloaded: "refusedConnections.overloaded",
      limit: "refusedConnections.limit",
    },
  },
  {
    name: "stagepost_dismissed_sessions_total",
    type: "counter",
    help: "Sessions ended by the server: by an operator, by a ban, for too many errors.",
    label: "reason",
    samples: { kicked: "dismissed.kicked", banned: "dismissed.banned", errors: "dismissed.errors" },
  },
  {
    name: "stagepost_rate_limited_total",
    type: "counter",
    help: "Recipients and messages beyond the rates, refused for the time being (450 4.7.1).",
    label: "what",
    samples: { recipient: "limitedRecipients", message: "limitedMessages" },
  },
  {
    name: "stagepost_greylisted_total",
    type: "counter",
    help: "Recipients put off for their first time (450 4.7.1).",
    label: null,
    samples: { "": "greylisted" },
  },
  {
    name: "stagepost_listed_total",
    type: "counter",
    help: "Recipients refused as a block list names their client (550 5.7.1).",
    label: null,
    samples: { "": "listed" },
  },
  {
    name: "stagepost_scans_total",
    type: "counter",
    help:
      "Messages for scanners: clean, junk, refused as spam, with a virus, put off, too large or unscanned but let on, put off as too many are scanned.",
    label: "result",
    samples: {
      clean: "scans.clean",
      junk: "scans.junk",
      spam: "scans.spam",
      virus: "scans.virus",
      deferred: "scans.deferred",
      too_large: "scans.tooLarge",
      unscanned: "scans.unscanned",
      busy: "scans.busy",
    },
  },
  {
    name: "stagepost_received_messages_total",
    type: "counter",
    help: "Messages received: taken for good, or refused for the time being.",
    label: "result",
    samples: { accepted: "received", deferred: "deferred" },
  },
  {
    name: "stagepost_received_bytes_total",
    type: "counter",
    help: "Bytes of messages received.",
    label: null,
    samples: { "": "receivedBytes" },
  },
  {
    name: "stagepost_refused_recipients_total",
    type: "counter",
    help: "Recipients refused for where they lead.",
    label: null,
    samples: { "": "refusedRecipients" },
  },
  {
    name: "stagepost_auth_total",
    type: "counter",
    help: "Logins.",
    label: "result",
    samples: { accepted: "logins", refused: "failedLogins" },
  },
  {
    name: "stagepost_retrieved_messages_total",
    type: "counter",
    help: "Messages read by clients.",
    label: null,
    samples: { "": "retrieved" },
  },
  {
    name: "stagepost_listener_held_bytes",
    type: "gauge",
    help: "Bytes that sessions hold in memory.",
    label: null,
    samples: { "": "heldBytes" },
  },
];

/** A metric with its values, summed over the workers. */
export interface SummedMetric extends Pick<ListenerMetric, "name" | "type" | "help"> {
  /** Label set and value, as Prometheus writes them. */
  readonly samples: readonly string[];
}

/** Sums what the listener workers count; one that does not answer counts for nothing. */
export function listenerMetrics(stats: readonly { readonly name: string; readonly stats: unknown }[]): SummedMetric[] {
  const workers = stats.filter(({ name }) => name.startsWith("listener-")).map(({ stats }) => stats);
  return LISTENER_METRICS.map(({ name, type, help, label, samples }) => ({
    name,
    type,
    help,
    samples: Object.entries(samples).map(([value, path]) => {
      const sum = workers.reduce<number>((total, worker) => total + valueAt(worker, path), 0);
      return label === null ? ` ${sum}` : `{${label}="${value}"} ${sum}`;
    }),
  }));
}

/** The number at a dotted path; 0 where there is none. */
function valueAt(stats: unknown, path: string): number {
  let at: unknown = stats;
  for (const step of path.split(".")) {
    at = typeof at === "object" && at !== null && Object.hasOwn(at, step)
      ? (at as Record<string, unknown>)[step]
      : null;
  }
  return typeof at === "number" && Number.isFinite(at) ? at : 0;
}
