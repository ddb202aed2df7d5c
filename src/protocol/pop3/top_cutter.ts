import { latin1 } from "./dot_stuffing.ts";

/** How far TOP has come: `part` the header (with the blank line) or the body, and how the current line stands. */
export interface TopState {
  readonly part: "header" | "body";
  /** Body lines still wanted. */
  readonly linesLeft: number;
  /** Bytes of the current line seen so far, up to 2: enough to know a blank line. */
  readonly lineBytes: number;
  readonly afterCr: boolean;
}

/** TOP with `lines` lines of the body (RFC 1939 §7). */
export function topStart(lines: number): TopState {
  return { part: "header", linesLeft: lines, lineBytes: 0, afterCr: false };
}

/** The part of `bytes` that TOP shows, and whether it shows nothing behind it. */
export function cutTop(state: TopState, bytes: Uint8Array): { state: TopState; shown: Uint8Array; done: boolean } {
  const text = latin1(bytes);
  let { part, linesLeft, lineBytes } = state;
  for (let start = 0;;) {
    const end = endOfLine(text, start, start === 0 && state.afterCr);
    if (end < 0) {
      const rest = Math.min(2, lineBytes + bytes.length - start);
      return {
        state: { part, linesLeft, lineBytes: rest, afterCr: bytes.length === 0 ? state.afterCr : text.endsWith("\r") },
        shown: bytes,
        done: false,
      };
    }
    if (part === "body") linesLeft--;
    else if (lineBytes + end - start === 2) part = "body"; // Nothing but CRLF: the header ends here.
    start = end;
    lineBytes = 0;
    if (part === "body" && linesLeft === 0) {
      return { state: { part, linesLeft, lineBytes, afterCr: false }, shown: bytes.subarray(0, end), done: true };
    }
  }
}

/** Index behind the next CRLF, or -1. */
function endOfLine(text: string, start: number, afterCr: boolean): number {
  if (afterCr && text.startsWith("\n")) return 1;
  const at = text.indexOf("\r\n", start);
  return at < 0 ? -1 : at + 2;
}
