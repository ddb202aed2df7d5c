/**
 * A test as a conversation, for any sans-IO session. One step a line:
 *
 *   C: text      the client sends this line (UTF-8) and CRLF
 *   R: "json"    the client sends these Latin-1 bytes and nothing else
 *   S: text      the server sends exactly this line
 *   ? text       the session asks or does this: any action that is no `send`, as `describe` prints it
 *   ! name args  the answer to the question: words, numbers, true, false, null or JSON
 *   X: text      no line of the server, from first to last, may contain this
 *   --           the client waits here even when it pipelines
 *
 * Each transcript is replayed by line, by byte, and with everything between two `--` sent at once.
 */
import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../src/base/bytes.ts";

/** Any action: `send` has its bytes in `text` or `data`. */
export interface TranscriptAction {
  readonly type: string;
  readonly text?: string;
  readonly data?: string | Uint8Array;
}

/** A session as the runner drives it. */
export interface TranscriptSession<A extends TranscriptAction = TranscriptAction> {
  open(): readonly A[];
  receive(bytes: Uint8Array): readonly A[];
  /** Calls the answer `name` of the session, e.g. `recipientChecked`. */
  answer(name: string, ...args: unknown[]): readonly A[];
  /** How a `?` line shows an action; by default its type and the values of its other fields. */
  describe?(action: A): string;
}

export type TranscriptMode = "line" | "byte" | "pipelined";

type Step =
  | { readonly type: "client"; readonly bytes: Uint8Array }
  | { readonly type: "expect"; readonly line: string }
  | { readonly type: "answer"; readonly name: string; readonly args: readonly unknown[] }
  | { readonly type: "sync" };

const ALL_MODES: readonly TranscriptMode[] = ["line", "byte", "pipelined"];

/** Replays `text` against a new session in each mode and asserts every line of it. */
export function transcript<A extends TranscriptAction>(
  makeSession: () => TranscriptSession<A>,
  text: string,
  options: { readonly modes?: readonly TranscriptMode[] } = {},
): void {
  const { steps, forbidden } = parseTranscript(text);
  for (const mode of options.modes ?? ALL_MODES) {
    const replay = new Replay(makeSession(), mode);
    replay.run(steps);
    for (const line of replay.seen) {
      for (const bad of forbidden) assert(!line.includes(bad), `${mode}: forbidden line was sent: ${line}`);
    }
  }
}

/** Runs the client's side once, by one chunking, and gives everything that came out, one entry a line or action. */
class Replay<A extends TranscriptAction> {
  readonly seen: string[] = [];
  #read = 0;
  #partial = "";
  constructor(private readonly session: TranscriptSession<A>, private readonly mode: TranscriptMode) {}

  run(steps: readonly Step[]): void {
    this.#take(this.session.open());
    if (this.mode === "pipelined") this.#feedSegment(steps, 0);
    for (const [index, step] of steps.entries()) {
      if (step.type === "expect") {
        assertEquals(this.seen[this.#read++] ?? "(nothing)", step.line, this.#where(steps, index));
      } else if (step.type === "answer") {
        this.#assertQuiet(steps, index);
        this.#take(this.session.answer(step.name, ...step.args));
      } else if (step.type === "sync") {
        this.#assertQuiet(steps, index);
        if (this.mode === "pipelined") this.#feedSegment(steps, index + 1);
      } else if (this.mode !== "pipelined") {
        this.#assertQuiet(steps, index);
        this.#feed(step.bytes);
      }
    }
    this.#assertQuiet(steps, steps.length);
    assertEquals(this.#partial, "", `${this.mode}: the server left an unfinished line`);
  }

  #feedSegment(steps: readonly Step[], from: number): void {
    const parts: number[] = [];
    for (let i = from; i < steps.length; i++) {
      const step = steps[i]!;
      if (step.type === "sync") break;
      if (step.type === "client") { for (const byte of step.bytes) parts.push(byte); }
    }
    if (parts.length > 0) this.#take(this.session.receive(Uint8Array.from(parts)));
  }

  #feed(bytes: Uint8Array): void {
    if (this.mode === "line") return this.#take(this.session.receive(bytes.slice()));
    for (const byte of bytes) this.#take(this.session.receive(Uint8Array.of(byte)));
  }

  #take(actions: readonly A[]): void {
    for (const action of actions) {
      if (action.type !== "send") {
        this.seen.push(`? ${this.session.describe?.(action) ?? describeAction(action)}`);
        continue;
      }
      const data = action.text ?? action.data ?? "";
      this.#partial += typeof data === "string" ? data : new TextDecoder().decode(data);
      const lines = this.#partial.split("\r\n");
      this.#partial = lines.pop()!;
      for (const line of lines) this.seen.push(`S: ${line}`);
    }
  }

  #assertQuiet(steps: readonly Step[], index: number): void {
    assertEquals(this.seen.slice(this.#read), [], `${this.#where(steps, index)}: the session said more than it should`);
  }

  #where(steps: readonly Step[], index: number): string {
    const shown = steps.slice(Math.max(0, index - 3), index + 1).map((step) =>
      step.type === "client" ? `C: ${new TextDecoder().decode(step.bytes).trimEnd()}` : JSON.stringify(step)
    );
    return `${this.mode}, step ${index + 1}: ${shown.join(" | ")}`;
  }
}

function parseTranscript(text: string): { steps: Step[]; forbidden: string[] } {
  const steps: Step[] = [];
  const forbidden: string[] = [];
  for (const raw of text.split("\n")) {
    const line = raw.trimStart();
    const rest = line.slice(2).trimStart();
    if (line.trim() === "") continue;
    else if (line.trim() === "--") steps.push({ type: "sync" });
    else if (line.startsWith("C:")) steps.push({ type: "client", bytes: utf8(`${line.slice(3)}\r\n`) });
    else if (line.startsWith("R:")) {
      const bytes = Uint8Array.from(JSON.parse(rest) as string, (character) => character.charCodeAt(0));
      steps.push({ type: "client", bytes });
    } else if (line.startsWith("S:")) steps.push({ type: "expect", line: `S: ${line.slice(3)}` });
    else if (line.startsWith("?")) steps.push({ type: "expect", line: `? ${line.slice(1).trim()}` });
    else if (line.startsWith("X:")) forbidden.push(rest);
    else if (line.startsWith("!")) {
      const [name, ...args] = tokens(line.slice(1));
      steps.push({ type: "answer", name: String(name), args });
    } else throw new Error(`not a transcript line: ${raw}`);
  }
  return { steps, forbidden };
}

/** Words, or JSON where one starts with a quote, brace or bracket. */
function tokens(text: string): unknown[] {
  const found: unknown[] = [];
  for (const match of text.matchAll(/[{[].*|"(?:[^"\\]|\\.)*"|\S+/g)) {
    const word = match[0];
    const isJson = /^(["{[]|-?\d+$|true$|false$|null$)/.test(word);
    found.push(isJson ? JSON.parse(word) : word);
  }
  return found;
}

function describeAction(action: TranscriptAction): string {
  const words = Object.entries(action).filter(([key]) => key !== "type").map(([, value]) =>
    typeof value === "string" && /^[^\s"]+$/.test(value) ? value : JSON.stringify(value)
  );
  return [action.type, ...words].join(" ");
}
