import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** One file of the project. */
export interface Source {
  /** From the top of the project, with `/`. */
  readonly path: string;
  readonly text: string;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SKIPPED = new Set(["node_modules", "data", ".git"]);

/** The text of one file, from the top of the project. */
export function readSource(path: string): Source {
  return { path, text: readFileSync(ROOT + path, "utf8") };
}

/** All files below these folders (or the folder itself being a file) whose names end in one of `endings`, sorted by path. */
export function sources(tops: readonly string[], endings: readonly string[] = [".ts", ".tsx"]): Source[] {
  return tops.flatMap((top) => walk(top)).filter((path) => endings.some((ending) => path.endsWith(ending))).sort()
    .map(readSource);
}

/** Names of the files at the top of the project. */
export function topFiles(): string[] {
  return readdirSync(ROOT, { withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => entry.name);
}

function walk(folder: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(ROOT + folder, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory() && !SKIPPED.has(entry.name)) found.push(...walk(path));
    else if (entry.isFile()) found.push(path);
  }
  return found;
}

/** `file:line` of a place in a source. */
export function place(source: Source, at: number): string {
  return `${source.path}:${source.text.slice(0, at).split("\n").length}`;
}

/** Fails with one line for each finding, so that an editor can jump to all of them. */
export function assertNone(findings: readonly string[], rule: string): void {
  if (findings.length > 0) throw new Error(`${rule}\n  ${[...new Set(findings)].join("\n  ")}`);
}
