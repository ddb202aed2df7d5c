import type { HeaderField } from "../header/mod.ts";

/** A field that is to be put on a mail. */
export type NewField = readonly [name: string, value: string];

/** Fields by which scanners speak, in lower case. What others have written under these names is taken away. */
export const SPAM_FIELDS: readonly string[] = [
  "x-spam",
  "x-spam-flag",
  "x-spam-status",
  "x-spam-score",
  "x-spam-level",
  "x-spam-bar",
  "x-spamd-bar",
  "x-spamd-result",
  "x-rspamd-action",
  "x-rspamd-score",
  "x-rspamd-server",
  "x-rspamd-queue-id",
];
export const VIRUS_FIELDS: readonly string[] = ["x-virus-scanned", "x-virus-status"];

/** Octets of one line of a field (RFC 5322 §2.1.1), less its line end and the blank before it. */
const LINE_CHARS_MAX = 900;
/** Lines of one field. */
const LINES_MAX = 100;
/** Longest line that is not folded where it could be, in characters (RFC 5322 §2.1.1). */
const FOLD_CHARS = 78;

/** Whether a scanner may put on or take away a field: those that the message is made of, and our own, are not its business. */
export function isScannersField(name: string): boolean {
  return name.toLowerCase().startsWith("x-");
}

/** The field with its CRLF. Folds are kept; whatever the value is made of, it stays one field of printable ASCII. */
export function formatField([name, value]: NewField): string {
  const lines = value.split(/\r\n|\r|\n/, LINES_MAX).map((line) => line.replace(/[^\t -~]/g, "?").trim())
    .filter((line) => line !== "").map((line) => line.slice(0, LINE_CHARS_MAX));
  return `${name}: ${lines.join("\r\n\t")}\r\n`;
}

/** Words with commas between them, folded behind commas. */
export function foldedList(words: readonly string[], startChars: number): string {
  let text = "";
  let column = startChars;
  for (const [i, word] of words.entries()) {
    const piece = i === words.length - 1 ? word : `${word},`;
    const folds = i > 0 && column + piece.length > FOLD_CHARS;
    text += folds ? `\r\n\t${piece}` : piece;
    column = folds ? piece.length + 1 : column + piece.length;
  }
  return text;
}

/** The fields as a reader of the mail would find them, for rules. */
export function asHeader(fields: readonly NewField[]): HeaderField[] {
  return fields.map((field) => ({ name: field[0].toLowerCase(), raw: formatField(field) }));
}
