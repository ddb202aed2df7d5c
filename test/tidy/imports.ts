import { mask } from "./mask.ts";
import type { Source } from "./sources.ts";

/** One import, re-export or worker URL of a source. */
export interface Import {
  readonly specifier: string;
  readonly at: number;
  /** `import type` or `export type`: gone when the program runs. */
  readonly typeOnly: boolean;
  /** Path from the top of the project for a relative specifier, else null. */
  readonly target: string | null;
}

const PATTERNS = [
  /\b(?:import|export)\s+(type\s+)?(?:[\w*$\s{},]|\bas\b)+?\s*\bfrom\s*["']([^"']+)["']/g,
  /\bimport\s+()["']([^"']+)["']/g,
  /\bimport\s*\(\s*()["']([^"']+)["']/g,
  /\bnew\s+URL\(\s*()["'](\.[^"']+\.tsx?)["']\s*,\s*import\.meta\.url/g,
];

/** Every import in a source, comments left out. */
export function importsOf(source: Source): Import[] {
  const code = mask(source.text, "codeAndStrings");
  const found: Import[] = [];
  for (const pattern of PATTERNS) {
    for (const match of code.matchAll(pattern)) {
      const specifier = match[2]!;
      found.push({
        specifier,
        at: match.index,
        typeOnly: match[1] !== undefined && match[1] !== "",
        target: specifier.startsWith(".") ? resolve(source.path, specifier) : null,
      });
    }
  }
  return found;
}

function resolve(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}
