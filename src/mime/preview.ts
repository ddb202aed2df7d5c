import { decodeCharset } from "./charset.ts";
import { htmlText } from "./html_text.ts";
import type { IndexedPart } from "./part_rows.ts";
import { decodeBody } from "./transfer_encoding.ts";

/** Characters of a preview (RFC 8970 §3.3 wants 200, and forbids more than 256). */
export const PREVIEW_CHARS_MAX = 200;

/** Bytes of a part that are looked at: styles and headings of HTML may stand before its text. */
export const PREVIEW_BYTES_MAX = 65_536;

/**
 * The part of which a preview is made: the first plain text, else the first HTML, else none. Messages within the message have
 * none of its text. Of its body the first PREVIEW_BYTES_MAX bytes are enough for {@link previewText}.
 */
export function previewPart(message: IndexedPart): IndexedPart | null {
  const waiting: IndexedPart[] = [message];
  let html: IndexedPart | null = null;
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    if (part.kind === "multipart") {
      for (let i = part.children.length - 1; i >= 0; i--) waiting.push(part.children[i]!);
    } else if (part.bodyEnd === part.bodyStart) continue;
    else if (part.mediaType === "text/plain") return part;
    else if (part.mediaType === "text/html") html ??= part;
  }
  return html;
}

/**
 * The preview (RFC 8970 §3.3) of a part, from the first bytes of its body: one line of visible characters; "" when there is
 * nothing to show.
 */
export function previewText(
  { mediaType, charset, encoding }: Pick<IndexedPart, "mediaType" | "charset" | "encoding">,
  body: Uint8Array,
): string {
  const bytes = decodeBody(body.subarray(0, PREVIEW_BYTES_MAX), encoding);
  if (bytes === null) return "";
  const decoded = decodeCharset(bytes, charset);
  const text = mediaType === "text/html" ? htmlText(decoded) : withoutQuotes(decoded);
  return firstCharacters(oneLine(text));
}

/** Plain text without the lines that others wrote, and without a signature. */
function withoutQuotes(text: string): string {
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    if (line.trimEnd() === "--") break;
    if (!line.startsWith(">")) lines.push(line);
  }
  return lines.join("\n");
}

/** Blanks and line ends become one blank each; controls and what is not seen go. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u034f\ufffd]/gu, (char) => /\s/.test(char) ? " " : "").replace(/\s+/g, " ")
    .trim();
}

function firstCharacters(text: string): string {
  if (text.length <= PREVIEW_CHARS_MAX) return text;
  return [...text.slice(0, PREVIEW_CHARS_MAX * 2)].slice(0, PREVIEW_CHARS_MAX).join("").trimEnd();
}
