import { type Clock, concat, decodeUtf8, type Log, type LogFields, utf8, utf8Into } from "../base/mod.ts";
import { mayAsk } from "./rights.ts";
import type { TraceEvent, TraceProtocol } from "../messages/mod.ts";
import { defineActor } from "../runtime/mod.ts";
import { type Accepts, fields, isListOf, isText } from "./shape.ts";

/** Name of the trace actor in every worker that has one. */
export const TRACE_ACTOR = "trace";

/** Events that one worker remembers, and bytes of all of them together; the oldest go first. */
const EVENTS_MAX = 20_000;
const BYTES_MAX = 8 * 1024 * 1024;
/** Bytes of an event of usual size. */
const LINE_BYTES = 8 * 1024;
/** Mails that one question is answered for, the newest of those that fit. */
const MAILS_MAX = 20;
/** Words of one question, and UTF-16 units of a word. */
const WORDS_MAX = 50;
const WORD_CHARS_MAX = 1_000;

interface Remembered {
  readonly atMs: number;
  readonly event: string;
  readonly fields: TraceEvent["fields"];
}

/**
 * The last events of mails in this worker, whatever the log is set to: what a log line says of a mail that it names by `id`.
 * They lie as JSON in memory of a fixed size: kept as objects they would outlive every collection of young ones, and that costs
 * each mail more than the writing. It ends with the worker.
 */
export class TraceRing {
  readonly #bytes = new Uint8Array(BYTES_MAX);
  readonly #lengths = new Uint32Array(EVENTS_MAX);
  readonly #times = new Float64Array(EVENTS_MAX);
  /** An event of usual size while it is written down. */
  readonly #line = new Uint8Array(LINE_BYTES);
  /** The place of the oldest event in `#lengths` and `#times`, and where its bytes begin. */
  #first = 0;
  #start = 0;
  #count = 0;
  #used = 0;

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
    const events = this.#read();
    for (let i = events.length - 1; i >= 0 && ids.size < MAILS_MAX; i--) {
      const { fields } = events[i]!;
      if (Object.values(fields).some((value) => isNamed(value, wanted))) ids.add(String(fields["id"]));
    }
    const found = events.filter(({ fields }) => ids.has(String(fields["id"])));
    return { ids: [...ids], events: found.map((event) => this.#shown(event)) };
  }

  #shown({ atMs, event, fields }: Remembered): TraceEvent {
    return { at: new Date(atMs).toISOString(), worker: this.worker, event, fields };
  }

  #remember(event: string, fields: LogFields): void {
    const json = JSON.stringify([event, fields]);
    const usual = utf8Into(json, this.#line);
    const bytes = usual === null ? utf8(json) : this.#line.subarray(0, usual);
    const { length } = bytes;
    if (length > BYTES_MAX) return;
    while (this.#count === EVENTS_MAX || this.#used + length > BYTES_MAX) this.#forgetOldest();
    const at = (this.#first + this.#count) % EVENTS_MAX;
    this.#lengths[at] = length;
    this.#times[at] = this.clock.wallMs();
    const to = (this.#start + this.#used) % BYTES_MAX;
    const room = BYTES_MAX - to;
    this.#bytes.set(length <= room ? bytes : bytes.subarray(0, room), to);
    if (length > room) this.#bytes.set(bytes.subarray(room));
    this.#used += length;
    this.#count++;
  }

  #forgetOldest(): void {
    const length = this.#lengths[this.#first]!;
    this.#first = (this.#first + 1) % EVENTS_MAX;
    this.#start = (this.#start + length) % BYTES_MAX;
    this.#used -= length;
    this.#count--;
  }

  /** All events, the oldest first. */
  #read(): Remembered[] {
    const events: Remembered[] = [];
    let from = this.#start;
    for (let i = 0; i < this.#count; i++) {
      const at = (this.#first + i) % EVENTS_MAX;
      const end = from + this.#lengths[at]!;
      const bytes = end <= BYTES_MAX
        ? this.#bytes.subarray(from, end)
        : concat([this.#bytes.subarray(from), this.#bytes.subarray(0, end - BYTES_MAX)]);
      const [event, fields] = JSON.parse(decodeUtf8(bytes)!) as [string, TraceEvent["fields"]];
      events.push({ atMs: this.#times[at]!, event, fields });
      from = end % BYTES_MAX;
    }
    return events;
  }
}

function isNamed(value: TraceEvent["fields"][string], wanted: ReadonlySet<string>): boolean {
  if (typeof value === "string") return wanted.has(value.toLowerCase());
  return Array.isArray(value) && value.some((one) => wanted.has(one.toLowerCase()));
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
