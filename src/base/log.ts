/** How loud a line is; a logger drops what is below its own level. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** What a log line may carry beside its event: never message text, never a secret. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined | readonly string[]>>;

/** A structured log. `event` is a fixed short phrase; everything that varies goes into `fields`. */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** The same log with fields that every line carries. */
  child(fields: LogFields): Log;
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Longest value of one field in a line, in UTF-16 units; the rest is cut. */
const FIELD_CHARS_MAX = 1_000;

/** A log that writes one JSON object per line, safe to show on a terminal. */
export function jsonLog(
  options: {
    level: LogLevel;
    wallMs: () => number;
    write: (line: string, level: LogLevel) => void;
    fields?: LogFields;
  },
): Log {
  const own = JSON.stringify(options.fields ?? {}, clip).slice(1, -1);
  const emit = (level: LogLevel, event: string, fields: LogFields | undefined) => {
    if (RANK[level] < RANK[options.level]) return;
    const time = new Date(options.wallMs()).toISOString();
    const json = fields === undefined ? "{}" : JSON.stringify(fields);
    // No field of a short line can be too long; and what is said of the line itself is replaced, not said twice.
    const isUsual = json.length <= FIELD_CHARS_MAX && !isSaid(options.fields, fields);
    const line = isUsual
      ? `{"time":"${time}","level":"${level}","event":${JSON.stringify(event)}${own && `,${own}`}${rest(json)}`
      : JSON.stringify({ time, level, event, ...options.fields, ...fields }, clip);
    options.write(printable(line), level);
  };
  return {
    debug: (event, fields) => emit("debug", event, fields),
    info: (event, fields) => emit("info", event, fields),
    warn: (event, fields) => emit("warn", event, fields),
    error: (event, fields) => emit("error", event, fields),
    child: (fields) => jsonLog({ ...options, fields: { ...options.fields, ...fields } }),
  };
}

/** A log that keeps nothing: for tests. */
export const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => SILENT };

/** Whether the line has a field of the same name as one of the log's own. */
function isSaid(own: LogFields = {}, fields: LogFields = {}): boolean {
  if ("time" in fields || "level" in fields || "event" in fields) return true;
  for (const name in own) if (name in fields) return true;
  return false;
}

/** What follows of an object's JSON when it is continued: its fields behind a comma, and its end. */
function rest(json: string): string {
  return json === "{}" ? "}" : `,${json.slice(1)}`;
}

function clip(_key: string, value: unknown): unknown {
  return typeof value === "string" && value.length > FIELD_CHARS_MAX ? `${value.slice(0, FIELD_CHARS_MAX)}…` : value;
}

/** JSON escapes C0 itself; DEL, C1 and the invisible direction marks would still reach a terminal. */
function printable(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
