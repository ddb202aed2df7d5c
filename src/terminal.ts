import { createInterface } from "node:readline";
import type { ReadStream } from "node:tty";

/** Longest line taken from a person or a pipe, in UTF-16 units. */
const LINE_CHARS_MAX = 65_536;

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const BACKSPACES = ["\u007f", "\b"];

/** The first line of standard input, or null when there is none. */
export async function readFirstLine(): Promise<string | null> {
  const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
  try {
    for await (const line of lines) return line.slice(0, LINE_CHARS_MAX);
    return null;
  } finally {
    lines.close();
  }
}

/** Asks a question on the terminal; null when the person gave up. */
export function askOnTerminal(question: string, { secret }: { readonly secret: boolean }): Promise<string | null> {
  if (secret) return readUnseen(process.stdin as ReadStream, question);
  process.stderr.write(`${question} `);
  return readFirstLine();
}

/** Reads a line key by key, so that nothing of it is shown. Echo is off before the question is: who sees it may type. */
function readUnseen(input: ReadStream, question: string): Promise<string | null> {
  input.setRawMode(true);
  input.setEncoding("utf8");
  input.resume();
  process.stderr.write(`${question} `);
  return new Promise((resolve) => {
    let line = "";
    const done = (result: string | null) => {
      input.removeListener("data", read);
      input.setRawMode(false);
      input.pause();
      process.stderr.write("\n");
      resolve(result);
    };
    const read = (keys: string) => {
      for (const key of keys) {
        if (key === "\r" || key === "\n") return done(line);
        if (key === CTRL_C || (key === CTRL_D && line === "")) return done(null);
        if (BACKSPACES.includes(key)) line = line.slice(0, -1);
        else if (key >= " " && line.length < LINE_CHARS_MAX) line += key;
      }
    };
    input.on("data", read);
  });
}

/** Shows how far something has come, in one line that the next call overwrites; null wipes it. */
export function showProgress(line: string | null): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${line ?? ""}`);
}
