import { Buffer } from "node:buffer";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const CORPUS = fileURLToPath(new URL("../../../shared/corpus/", import.meta.url));

/** A message of the corpus beside the project. */
export interface CorpusMessage {
  /** Path below the corpus. */
  readonly name: string;
  /** With CRLF at the end of each line, as a mail server gets it. */
  readonly bytes: Uint8Array;
}

/** All messages of the corpus by name, or null where it cannot be read. */
export function mailCorpus(): CorpusMessage[] | null {
  try {
    const names = readdirSync(CORPUS, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== "README.md")
      .map((entry) => `${entry.parentPath}/${entry.name}`.slice(CORPUS.length).replace(/^\//, "")).sort();
    return names.map((name) => ({ name, bytes: readFileSync(`${CORPUS}${name}`).toString("latin1") }))
      .filter(({ bytes }) => bytes !== "")
      .map(({ name, bytes }) => ({ name, bytes: Buffer.from(bytes.replace(/\r?\n/g, "\r\n"), "latin1") }));
  } catch {
    return null;
  }
}
