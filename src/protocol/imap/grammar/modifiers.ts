import type { Reader } from "./reader.ts";

/** Reads what stands behind the name of a modifier. */
export type ModifierTable = Readonly<Record<string, () => void>>;

/** "(" modifier *(SP modifier) ")": the parameters of SELECT, CREATE, FETCH, STORE (RFC 4466 §2), each at most once. */
export function readModifiers(reader: Reader, modifiers: ModifierTable): void {
  const seen = new Set<string>();
  const modifier = () => {
    const name = reader.word("a modifier");
    const read = Object.hasOwn(modifiers, name) ? modifiers[name] : undefined;
    if (read === undefined) reader.fail("Unknown modifier");
    else if (seen.has(name)) reader.fail("A modifier stands twice");
    else read();
    seen.add(name);
  };
  reader.list(modifier, { max: 8, what: "modifiers" });
}

/** SP mod-sequence-value (RFC 7162 §7); with `zero`, 0 too. */
export function readModSeq(reader: Reader, zero: boolean): number {
  reader.space();
  const modSeq = reader.number64("The modification sequence");
  if (modSeq === 0 && !zero) reader.fail("A modification sequence is never 0");
  return modSeq;
}

const MINUS = 0x2d;
const COLON = 0x3a;

/** SP partial-range (RFC 9394 §4): both ends count from the first result, or both from the last. */
export function readPartialRange(reader: Reader): { readonly first: number; readonly last: number } {
  reader.space();
  const negative = reader.take(MINUS);
  const first = reader.nzNumber("The first result");
  if (!reader.take(COLON) || reader.take(MINUS) !== negative) reader.fail("Not a range of results");
  const last = reader.nzNumber("The last result");
  return negative ? { first: -first, last: -last } : { first, last };
}
