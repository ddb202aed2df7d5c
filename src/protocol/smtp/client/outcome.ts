import type { ClientReply } from "./reply_reader.ts";

/** How it went for one recipient, or for a whole host. */
export interface ClientOutcome {
  /** `delivered`: the peer took it and knows DSN; `relayed`: it took it and does not (RFC 3461 §5.2.2). */
  readonly action: "delivered" | "relayed" | "deferred" | "failed";
  /** The peer's reply code; null when the verdict is ours. */
  readonly code: number | null;
  /** Enhanced status code (RFC 3463): the peer's own, or what fits best. */
  readonly status: string;
  /** The peer's reply without codes, or our reason; one line of printable ASCII. */
  readonly text: string;
}

/** Longest text of an outcome, in characters. */
const TEXT_CHARS_MAX = 512;

/** status-code (RFC 2034 §4, RFC 3463 §2) at the beginning of a line. */
const STATUS = /^([245])\.[0-9]{1,3}\.[0-9]{1,3}(?= |$)/;

/** What a code says when the peer gives no enhanced one. The class is always the code's own. */
const STATUS_OF_CODE: ReadonlyMap<number, string> = new Map([
  [421, "4.3.2"],
  [451, "4.3.0"],
  [452, "4.3.1"],
  [454, "4.7.0"],
  [455, "4.5.4"],
  [500, "5.5.2"],
  [501, "5.5.4"],
  [502, "5.5.1"],
  [503, "5.5.1"],
  [504, "5.5.4"],
  [521, "5.3.2"],
  [530, "5.7.0"],
  [535, "5.7.8"],
  [552, "5.2.2"],
  [553, "5.1.3"],
  [555, "5.5.4"],
  [556, "5.1.10"],
]);

const STATUS_OF_CLASS: Readonly<Record<ReplyClass, string>> = {
  done: "2.0.0",
  more: "5.5.0",
  temporary: "4.0.0",
  permanent: "5.0.0",
};

/** What the first digit says (RFC 5321 §4.2.1). */
export type ReplyClass = "done" | "more" | "temporary" | "permanent";

/** The class of a reply. A client that does not know a code goes by its first digit alone. */
export function classOf({ code }: ClientReply): ReplyClass {
  if (code < 300) return "done";
  if (code < 400) return "more";
  return code < 500 ? "temporary" : "permanent";
}

/** The verdict of a reply of class 4 or 5; any other class where a refusal stands is the peer's confusion, and temporary. */
export function refusal(reply: ClientReply): ClientOutcome {
  const kind = classOf(reply);
  if (kind !== "temporary" && kind !== "permanent") return ours("deferred", "4.5.0", `unexpected reply ${reply.code}`);
  return { action: kind === "permanent" ? "failed" : "deferred", ...wordsOf(reply) };
}

/** The verdict on a recipient whose mail was taken. */
export function acceptance(reply: ClientReply, action: "delivered" | "relayed"): ClientOutcome {
  return { action, ...wordsOf(reply) };
}

/** A verdict of our own. */
export function ours(action: "deferred" | "failed", status: string, text: string): ClientOutcome {
  return { action, code: null, status, text: printable(text) };
}

function wordsOf(reply: ClientReply): { code: number; status: string; text: string } {
  const found = STATUS.exec(reply.lines[0] ?? "");
  // An enhanced code of another class than the reply's would turn a temporary error into a permanent one.
  const fits = found !== null && found[1] === String(reply.code)[0];
  const status = fits ? found[0] : STATUS_OF_CODE.get(reply.code) ?? STATUS_OF_CLASS[classOf(reply)];
  return { code: reply.code, status, text: printable(reply.lines.map(withoutStatus).join(" ")) };
}

function withoutStatus(line: string): string {
  const found = STATUS.exec(line);
  return (found === null ? line : line.slice(found[0].length)).trim();
}

/** One line of printable ASCII: the text goes into logs, terminals and delivery reports. */
function printable(text: string): string {
  const clean = text.slice(0, TEXT_CHARS_MAX * 2).replace(/[^\x20-\x7e]/g, "?").trim();
  return clean.slice(0, TEXT_CHARS_MAX);
}
