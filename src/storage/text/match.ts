/**
 * One thing that is looked for. `needle` is case-folded like the texts, as UTF-8 seen as latin1 (one character a byte): UTF-8
 * bytes of a text are found exactly where its characters are, in any script.
 */
export type TextKey =
  | { readonly in: "body" | "text"; readonly needle: string }
  /** Lines `field: value` of the header; an empty needle asks whether there is such a line. `field` in lower case. */
  | { readonly in: "header"; readonly field: string; readonly needle: string };

/** What is looked for in a header field. */
export type FieldKey = Extract<TextKey, { in: "header" }>;

/** Where one message's text lies in a chunk. That of a header begins with an LF, and each of its lines ends with one. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
}

/** What a text must hold if a key finds something in it. */
export function patternsOf(key: TextKey): string[] {
  return key.in === "header" ? [`\n${key.field}:`, key.needle] : [key.needle];
}

/**
 * Calls `found` with the index of each span that holds what the key asks for, once each, in order. Runs through the chunk at
 * the speed of a native substring search: what a span costs besides is spent on hits only.
 */
export function findIn(chunk: string, spans: readonly TextSpan[], key: TextKey, found: (span: number) => void): void {
  const pattern = key.in === "header" && key.needle === "" ? `\n${key.field}:` : key.needle;
  for (let at = 0, from = 0; at < spans.length;) {
    const hit = chunk.indexOf(pattern, from);
    if (hit < 0) return;
    while (at < spans.length && spans[at]!.end < hit + pattern.length) at++;
    const span = spans[at];
    if (span === undefined) return;
    const next = hit < span.start ? span.start : key.in === "header" ? nextInField(chunk, hit, span, key) : null;
    if (next === null) {
      found(at++);
      from = span.end;
    } else {
      from = next;
    }
  }
}

/** Null when the hit lies in a line of the field; else where to look on. */
function nextInField(chunk: string, hit: number, span: TextSpan, { field, needle }: FieldKey): number | null {
  if (needle === "") return null;
  const line = chunk.lastIndexOf("\n", hit) + 1;
  if (chunk.startsWith(`${field}:`, line)) {
    // The name of the field may hold the needle, too.
    return hit > line + field.length ? null : line + field.length + 1;
  }
  const next = chunk.indexOf(`\n${field}:`, hit);
  return next < 0 || next >= span.end ? span.end : next + field.length + 2;
}

/**
 * Calls `take` with each line of a field, in order: the index of the span in which it lies, and what stands behind the colon, an LF
 * at its end.
 */
export function linesIn(
  chunk: string,
  spans: readonly TextSpan[],
  field: string,
  take: (span: number, line: string) => void,
): void {
  const begin = `\n${field}:`;
  for (let at = 0, from = 0; at < spans.length;) {
    const hit = chunk.indexOf(begin, from);
    if (hit < 0) return;
    while (at < spans.length && spans[at]!.end < hit + begin.length) at++;
    const span = spans[at];
    if (span === undefined) return;
    if (hit < span.start) {
      from = span.start;
      continue;
    }
    const found = chunk.indexOf("\n", hit + begin.length);
    from = found < 0 ? span.end : Math.min(found, span.end);
    take(at, `${chunk.slice(hit + begin.length, from)}\n`);
  }
}
