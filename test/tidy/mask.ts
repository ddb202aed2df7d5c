/** What may stay when a source is masked; everything else becomes blanks, so that places keep their line and column. */
export type Masking = "code" | "codeAndStrings";

type Kind = "code" | "comment" | "string" | "regex";

/** Blanks the comments (and with `code` also the contents of strings, templates and regular expressions). */
export function mask(text: string, keep: Masking): string {
  const out: string[] = [];
  for (const [kind, piece] of pieces(text)) {
    const kept = kind === "code" || (keep === "codeAndStrings" && kind !== "comment");
    out.push(kept ? piece : piece.replace(/[^\n]/g, " "));
  }
  return out.join("");
}

/** The text as pieces of one kind each. A template's `${…}` is code; braces of a nested one are counted. */
function* pieces(text: string): Generator<readonly [Kind, string]> {
  /** For each template that is open: how many braces are open in its `${`. */
  const templates: number[] = [];
  let at = 0;
  let code = 0;
  while (at < text.length) {
    const found = literalAt(text, at, templates);
    if (found === null) {
      at++;
      continue;
    }
    if (found.start > code) yield ["code", text.slice(code, found.start)];
    yield [found.kind, text.slice(found.start, found.end)];
    at = code = found.end;
  }
  if (at > code) yield ["code", text.slice(code)];
}

interface Literal {
  readonly kind: Kind;
  readonly start: number;
  readonly end: number;
}

function literalAt(text: string, at: number, templates: number[]): Literal | null {
  const char = text[at];
  if (char === "/" && text[at + 1] === "/") return { kind: "comment", start: at, end: indexOr(text, "\n", at) };
  if (char === "/" && text[at + 1] === "*") return { kind: "comment", start: at, end: indexOr(text, "*/", at + 2, 2) };
  if (char === '"' || char === "'") return { kind: "string", start: at, end: endOfQuoted(text, at + 1, char) };
  if (char === "`") return templatePart(text, at, at + 1, templates);
  if (char === "/" && regexMayStart(text, at)) return { kind: "regex", start: at, end: endOfRegex(text, at + 1) };
  if (templates.length === 0) return null;
  const depth = templates.length - 1;
  if (char === "{") templates[depth]!++;
  else if (char === "}") {
    if (templates[depth] === 0) {
      templates.pop();
      return templatePart(text, at + 1, at + 1, templates);
    }
    templates[depth]!--;
  }
  return null;
}

/** A template's text from `from` to its end or to the next `${`. */
function templatePart(text: string, start: number, from: number, templates: number[]): Literal {
  for (let at = from; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "`") return { kind: "string", start, end: at + 1 };
    else if (text[at] === "$" && text[at + 1] === "{") {
      templates.push(0);
      return { kind: "string", start, end: at + 2 };
    }
  }
  return { kind: "string", start, end: text.length };
}

function indexOr(text: string, wanted: string, from: number, plus = 0): number {
  const at = text.indexOf(wanted, from);
  return at < 0 ? text.length : at + plus;
}

function endOfQuoted(text: string, from: number, quote: string): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === quote) return at + 1;
    else if (text[at] === "\n") return at;
  }
  return text.length;
}

function endOfRegex(text: string, from: number): number {
  let inClass = false;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "[") inClass = true;
    else if (text[at] === "]") inClass = false;
    else if (text[at] === "\n") return at;
    else if (text[at] === "/" && !inClass) return at + 1;
  }
  return text.length;
}

/** A slash begins a regular expression where a value may stand, else it divides. */
function regexMayStart(text: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && /\s/.test(text[before]!)) before--;
  if (before < 0 || "(,=:[!&|?{};+-*%<>~^".includes(text[before]!)) return true;
  return /\b(return|typeof|case|in|of|yield|await|throw)$/.test(text.slice(Math.max(0, before - 10), before + 1));
}
