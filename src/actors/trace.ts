import type { Clock, Log, LogFields } from "../base/mod.ts";
import { mayAsk } from "./rights.ts";
import type { TraceEvent, TraceProtocol } from "../messages/mod.ts";
import { defineActor } from "../runtime/mod.ts";
import { type Accepts, fields, isListOf, isText } from "./shape.ts";

/** Name of the trace actor in every worker that has one. */
export const TRACE_ACTOR = "trace";

/** Events that one worker remembers, and UTF-16 units of all of them together; the oldest go first. */
const EVENTS_MAX = 20_000;
const CHARS_MAX = 8 * 1024 * 1024;
/** What an event takes beside its texts, in UTF-16 units. */
const EVENT_CHARS = 64;
/** Mails that one question is answered for, the newest of those that fit. */
const MAILS_MAX = 20;
/** Words of one question, and UTF-16 units of a word. */
const WORDS_MAX = 50;
const WORD_CHARS_MAX = 1_000;

interface Remembered {
  readonly atMs: number;
  readonly event: string;
  readonly fields: LogFields;
  readonly chars: number;
}

/**
 * The last events of mails in this worker, whatever the log is set to: what a log line says of a mail that it names by `id`.
 * Nothing is written anywhere, so that it costs a mail next to nothing; it ends with the worker.
 */
export class TraceRing {
  #events: Remembered[] = [];
  #first = 0;
  #chars = 0;

  constructor(private readonly clock: Clock, private readonly worker: string) {}

  /** The log, and every line of it that names a mail remembered. */
  over(log: Log): Log {
    const level = (name: "debug" | "info" | "warn" | "error") => (event: string, fields?: LogFields) => {
      if (typeof fields?.["id"] === "string") this.#remember(event, fields);
      log[name](event, fields);
    };
    return {
      debug: level("debug"),
      info: level("info"),
      warn: level("warn"),
      error: level("error"),
      child: (fields) => this.over(log.child(fields)),
    };
  }

  /** Everything about the mails that one of the words names. */
  find(words: readonly string[]): { ids: string[]; events: TraceEvent[] } {
    const wanted = new Set(words.map((word) => word.toLowerCase()));
    const ids = new Set<string>();
    for (let i = this.#events.length - 1; i >= this.#first && ids.size < MAILS_MAX; i--) {
      const { fields } = this.#events[i]!;
      if (Object.values(fields).some((value) => isNamed(value, wanted))) ids.add(String(fields["id"]));
    }
    const events = this.#events.slice(this.#first).filter(({ fields }) => ids.has(String(fields["id"])));
    return { ids: [...ids], events: events.map((event) => this.#shown(event)) };
  }

  #shown({ atMs, event, fields }: Remembered): TraceEvent {
    const known = Object.entries(fields).filter(([, value]) => value !== undefined);
    return {
      at: new Date(atMs).toISOString(),
      worker: this.worker,
      event,
      fields: Object.fromEntries(known) as TraceEvent["fields"],
    };
  }

  #remember(event: string, fields: LogFields): void {
    const chars = charsOf(fields);
    this.#events.push({ atMs: this.clock.wallMs(), event, fields, chars });
    this.#chars += chars;
    while (this.#chars > CHARS_MAX || this.#events.length - this.#first > EVENTS_MAX) {
      this.#chars -= this.#events[this.#first]!.chars;
      this.#events[this.#first++] = undefined!;
    }
    if (this.#first < EVENTS_MAX) return;
    this.#events = this.#events.slice(this.#first);
    this.#first = 0;
  }
}

function isNamed(value: LogFields[string], wanted: ReadonlySet<string>): boolean {
  if (typeof value === "string") return wanted.has(value.toLowerCase());
  return Array.isArray(value) && value.some((one) => wanted.has(one.toLowerCase()));
}

function charsOf(fields: LogFields): number {
  let chars = EVENT_CHARS;
  for (const key in fields) {
    const value = fields[key];
    if (typeof value === "string") chars += value.length;
    else if (Array.isArray(value)) { for (const one of value) chars += one.length; }
  }
  return chars;
}

const traceAccepts: Accepts<TraceProtocol> = {
  "trace.find": fields(({ words }) => isListOf(words, WORDS_MAX, (word) => isText(word, WORD_CHARS_MAX))),
};

/** Answers what its worker remembers of a mail. */
export const traceActor = defineActor<TraceProtocol, TraceRing, TraceRing>({
  restart: "permanent",
  inboxMax: 100,
  accepts: traceAccepts,
  mayAsk,
  init: (ring) => ring,
  receive: {
    "trace.find": (ring, { words }, reply) => reply.ok(ring.find(words)),
  },
});
