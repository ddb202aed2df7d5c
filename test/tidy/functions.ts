import { mask } from "./mask.ts";

/** A function found in a source: where its body's braces stand. */
export interface FunctionBody {
  /** Best guess at its name, for the message. */
  readonly name: string;
  readonly open: number;
  readonly close: number;
}

const NOT_FUNCTIONS = new Set(["if", "for", "while", "switch", "catch", "with"]);

/** Every function body in braces, by matching brackets in the masked text: no parser, and so no dependency. */
export function functionBodies(text: string): FunctionBody[] {
  const code = mask(text, "code");
  const partners = matchBrackets(code);
  const bodies: FunctionBody[] = [];
  for (const [open, close] of partners) {
    if (code[open] !== "{" || open > close) continue;
    const name = functionName(code, open, partners);
    if (name !== null) bodies.push({ name, open, close });
  }
  return bodies;
}

/** Each bracket's partner, both ways. */
function matchBrackets(code: string): Map<number, number> {
  const partners = new Map<number, number>();
  const open: number[] = [];
  for (let at = 0; at < code.length; at++) {
    if ("({[".includes(code[at]!)) open.push(at);
    else if (")}]".includes(code[at]!)) {
      const start = open.pop();
      if (start === undefined) continue;
      partners.set(start, at);
      partners.set(at, start);
    }
  }
  return partners;
}

/** The name of the function whose body opens here, or null when it is another kind of block. */
function functionName(code: string, open: number, partners: ReadonlyMap<number, number>): string | null {
  const head = code.slice(0, open).trimEnd();
  if (head.endsWith("=>")) return nameBefore(code, parametersBeforeArrow(code, head.length - 2, partners));
  const paramsEnd = endOfParameters(code, head.length - 1, partners);
  if (paramsEnd === null) return null;
  const paramsStart = partners.get(paramsEnd);
  if (paramsStart === undefined) return null;
  const before = code.slice(0, paramsStart).trimEnd().replace(/<[^<>()]*>$/, "");
  const word = /([#\w$]+)$/.exec(before)?.[1];
  return word === undefined || NOT_FUNCTIONS.has(word) ? null : word;
}

/** Index of the `)` that ends the parameters, when what lies between it and `last` can be a return type. */
function endOfParameters(code: string, last: number, partners: ReadonlyMap<number, number>): number | null {
  if (code[last] === ")") return last;
  // A return type: walk back over its brackets and words to the colon behind a `)`.
  for (let at = last; at >= 0; at--) {
    const char = code[at]!;
    if (at < last && char === ":") {
      const head = code.slice(0, at).trimEnd();
      return head.endsWith(")") ? head.length - 1 : null;
    }
    if (")}]".includes(char)) {
      // A word behind a bracket begins another statement.
      if (/^\s*\w/.test(code.slice(at + 1, last + 1)) && !/^\s*(is|extends|in)\b/.test(code.slice(at + 1))) return null;
      at = partners.get(at) ?? -1;
    } else if (!/[\w\s.<>|&,?$#"'=-]/.test(char)) return null;
  }
  return null;
}

function parametersBeforeArrow(code: string, arrow: number, partners: ReadonlyMap<number, number>): number {
  const head = code.slice(0, arrow).trimEnd();
  const end = endOfParameters(code, head.length - 1, partners);
  return end === null ? head.length : partners.get(end) ?? head.length;
}

function nameBefore(code: string, at: number): string {
  const line = code.slice(code.lastIndexOf("\n", at - 1) + 1, at);
  return /([#\w$.]+)\s*[:=(]?[^:=(]*$/.exec(line.trim())?.[1] ?? "(arrow)";
}
