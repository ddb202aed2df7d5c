import { type Address, parseMailbox } from "../../mail/address.ts";
import { parseDomain } from "../../mail/domain.ts";
import type { QuirkName } from "./quirks.ts";

/** The text between the brackets of a path, its source route cut off, and the text behind the brackets. */
export interface PathText {
  readonly mailbox: string;
  readonly parameters: string;
}

/** Longest path with its brackets and source route, in characters (RFC 5321 §4.5.3.1.3 asks 256 octets; routes are long). */
export const PATH_CHARS_MAX = 512;

/**
 * Cuts `FROM:<path> parameters` apart (RFC 5321 §4.1.1.2, §4.1.1.3), or null. A source route is checked and forgotten
 * (§4.1.1.3, appendix C).
 */
export function cutPath(
  argument: string,
  keyword: "FROM:" | "TO:",
  quirks: ReadonlySet<QuirkName>,
): PathText | null {
  if (argument.slice(0, keyword.length).toUpperCase() !== keyword) return null;
  let start = keyword.length;
  if (argument[start] === " " && quirks.has("spaceAfterColon")) start++;
  if (argument[start] !== "<") return null;
  const close = closingBracket(argument, start + 1);
  if (close < 0 || close - start >= PATH_CHARS_MAX) return null;
  const behind = argument.slice(close + 1);
  if (behind !== "" && behind[0] !== " ") return null;
  const mailbox = withoutRoute(argument.slice(start + 1, close));
  return mailbox === null ? null : { mailbox, parameters: behind.slice(1) };
}

/** The mailbox of a path, `utf8` where only SMTPUTF8 makes it legal, or null. */
export function readMailbox(text: string, smtpUtf8: boolean): Address | "utf8" | null {
  const address = parseMailbox(text, { utf8: smtpUtf8 });
  if (address !== null || smtpUtf8) return address;
  return parseMailbox(text, { utf8: true }) === null ? null : "utf8";
}

/** The `>` that is not inside a quoted string, or -1. */
function closingBracket(text: string, from: number): number {
  let quoted = false;
  for (let i = from; i < text.length; i++) {
    const character = text[i];
    if (quoted && character === "\\") i++;
    else if (character === '"') quoted = !quoted;
    else if (character === ">" && !quoted) return i;
  }
  return -1;
}

/** A-d-l ":" Mailbox, with A-d-l = At-domain *( "," At-domain ): the Mailbox alone, or null when the route is malformed. */
function withoutRoute(path: string): string | null {
  if (path[0] !== "@") return path;
  const colon = path.indexOf(":");
  if (colon < 0) return null;
  for (const hop of path.slice(0, colon).split(",")) {
    if (hop[0] !== "@" || parseDomain(hop.slice(1)) === null) return null;
  }
  return path.slice(colon + 1);
}
