import { concat } from "../../base/bytes.ts";
import { decodeTransfer, parseContentType, PLAIN_TEXT } from "../../mime/mod.ts";
import { fieldsNamed, type Message, valueOf } from "../header/mod.ts";

/** What somebody asks a list for by mail. */
export type ListCommand =
  | { readonly type: "help" | "subscribe" | "unsubscribe" | "who" | "pause" | "resume" | "digest" | "nodigest" }
  | { readonly type: "confirm" | "accept" | "reject" | "discard"; readonly token: string };

/** Bytes of a body in which a command is looked for, and characters of a line that may be one. */
const BODY_BYTES_MAX = 65_536;
const LINE_CHARS_MAX = 998;
/** Lines of a body that are looked at: a command stands in the first that is not empty. */
const LINES_MAX = 50;

/** Other words for the same, as the users of other list servers know them. */
const WORDS: Readonly<Record<string, Exclude<ListCommand, { token: string }>["type"]>> = {
  help: "help",
  info: "help",
  subscribe: "subscribe",
  join: "subscribe",
  unsubscribe: "unsubscribe",
  leave: "unsubscribe",
  signoff: "unsubscribe",
  who: "who",
  pause: "pause",
  resume: "resume",
  digest: "digest",
  nodigest: "nodigest",
};

/** The command in a mail to `-request`: its subject, or the first line of its text. Null when there is none. */
export function commandOf(message: Message): ListCommand | null {
  const [subject] = fieldsNamed(message, "subject");
  const inSubject = subject === undefined ? null : commandIn(valueOf(subject).replace(/\r\n/g, ""));
  return inSubject ?? commandIn(firstLine(message));
}

function isTokenVerb(verb: string): verb is Extract<ListCommand, { token: string }>["type"] {
  return verb === "confirm" || verb === "accept" || verb === "reject" || verb === "discard";
}

/** command = word / ( "confirm" / "accept" / "reject" / "discard" ) 1*WSP token; an answer to one begins with `Re:`. */
export function commandIn(line: string): ListCommand | null {
  if (line.length > LINE_CHARS_MAX) return null;
  const words = line.trim().split(/\s/).filter((word) => word !== "");
  while (words[0] !== undefined && /^(re|aw|sv|antw|fwd?):$/i.test(words[0])) words.shift();
  const [first = "", second, third] = words;
  if (third !== undefined) return null;
  const verb = first.toLowerCase();
  if (isTokenVerb(verb)) return second === undefined ? null : { type: verb, token: second };
  if (second !== undefined || !Object.hasOwn(WORDS, verb)) return null;
  return { type: WORDS[verb]! };
}

/** The first line of the text that is not empty; only plain text is read. */
function firstLine(message: Message): string {
  const [field] = fieldsNamed(message, "content-type");
  const type = field === undefined ? PLAIN_TEXT : parseContentType(valueOf(field));
  if (type?.type !== "text/plain") return "";
  const [encoding] = fieldsNamed(message, "content-transfer-encoding");
  const body = concat(message.body.slice(0, PARTS_MAX)).subarray(0, BODY_BYTES_MAX);
  const text = decodeTransfer(body, encoding === undefined ? "" : valueOf(encoding)) ?? "";
  return text.split(/\r?\n/, LINES_MAX).find((line) => line.trim() !== "") ?? "";
}

/** Pieces of a body that are joined: what they hold beyond the limit above is not looked at. */
const PARTS_MAX = 64;
