import { canonicalField, canonicalSignature } from "../dkim/mod.ts";
import { type HeaderField, type Message, parseTagList, trimBlanks, valueOf } from "../header/mod.ts";

/** Sets that a chain may have (RFC 8617 §4.2.1). */
export const ARC_SETS_MAX = 50;

/** The three fields that one mediator added (RFC 8617 §4.2). */
export interface ArcSet {
  readonly results: HeaderField;
  readonly message: HeaderField;
  readonly seal: HeaderField;
}

const NAMES = ["arc-authentication-results", "arc-message-signature", "arc-seal"] as const;

/** The place of the newest set, as far as it can be read: 0 without any ARC field. */
export function newestInstance({ fields }: Pick<Message, "fields">): number {
  const instances = fields.map((field) => {
    const kind = NAMES.findIndex((name) => name === field.name);
    return kind < 0 ? 0 : instanceOf(field, kind) ?? 0;
  });
  return instances.reduce((newest, instance) => Math.max(newest, instance), 0);
}

/** The sets in order of instance; null when there is no ARC field at all, in words what is wrong with them else. */
export function collectSets({ fields }: Message): readonly ArcSet[] | string | null {
  const found = NAMES.map(() => new Map<number, HeaderField>());
  for (const field of fields) {
    const kind = NAMES.findIndex((name) => name === field.name);
    if (kind < 0) continue;
    const instance = instanceOf(field, kind);
    if (instance === null) return "bad instance";
    if (found[kind]!.has(instance)) return "an instance comes twice";
    found[kind]!.set(instance, field);
  }
  const count = Math.max(...found.map((map) => map.size));
  if (count === 0) return null;
  const sets: ArcSet[] = [];
  for (let instance = 1; instance <= count; instance++) {
    const [results, message, seal] = found.map((map) => map.get(instance));
    if (results === undefined || message === undefined || seal === undefined) return "a set is not whole";
    sets.push({ results, message, seal });
  }
  return sets;
}

/** i=, from 1 to 50, without leading zeros (RFC 8617 §4.2.1). */
function instanceOf(field: HeaderField, kind: number): number | null {
  const value = valueOf(field);
  // Authentication results are no tag list: only their first part is i=.
  const text = kind === 0 ? firstInstance(value) : parseTagList(value)?.get("i");
  if (text === undefined || !/^[1-9][0-9]?$/.test(text)) return null;
  return Number(text) <= ARC_SETS_MAX ? Number(text) : null;
}

function firstInstance(value: string): string | undefined {
  const semicolon = value.indexOf(";");
  const [name = "", text] = value.slice(0, Math.max(0, semicolon)).split("=", 2);
  return trimBlanks(name) === "i" && text !== undefined ? trimBlanks(text) : undefined;
}

/** What is wrong with the seals' own words: cv= of the first is none, of the others pass (RFC 8617 §5.2 steps 2 and 3). */
export function chainProblem(sets: readonly ArcSet[]): string | null {
  for (const [i, { seal }] of sets.entries()) {
    const tags = parseTagList(valueOf(seal));
    if (tags === null) return "bad seal";
    const cv = tags.get("cv");
    if (cv === "fail") return `seal ${i + 1} says fail`;
    if (cv !== (i === 0 ? "none" : "pass")) return `seal ${i + 1} has the wrong cv=`;
    // RFC 8617 §4.1.3: what a seal covers is fixed, so it does not say it.
    for (const name of ["h", "bh", "l"]) if (tags.has(name)) return `seal ${i + 1} has ${name}=`;
  }
  return null;
}

/** What a seal signs, always relaxed (RFC 8617 §5.1.1). */
export function sealedText(sets: readonly ArcSet[], own: HeaderField): string {
  return sets.flatMap(({ results, message, seal }) => [
    canonicalField(results, "relaxed"),
    canonicalField(message, "relaxed"),
    seal === own ? canonicalSignature(seal, "relaxed") : canonicalField(seal, "relaxed"),
  ]).join("");
}
