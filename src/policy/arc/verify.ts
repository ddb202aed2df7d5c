import {
  canonicalField,
  canonicalSignature,
  domainOf,
  fetchKey,
  isSignedBy,
  parseSignature,
  type Signature,
  timingOf,
  verifyFields,
  type VerifyWorld,
} from "../dkim/mod.ts";
import { type HeaderField, type Message, parseTagList, resultOfMethod, trimBlanks, valueOf } from "../header/mod.ts";

/** Sets that a chain may have (RFC 8617 §4.2.1). */
export const ARC_SETS_MAX = 50;

/** Results of ARC (RFC 8617 §5.2, RFC 8601 §2.7); temperror when the DNS did not answer. */
export type ArcResult = "none" | "pass" | "fail" | "temperror";

/** What became of a message's chain. */
export interface ArcVerdict {
  readonly result: ArcResult;
  /** In a few plain words; null for none and pass. */
  readonly reason: string | null;
  readonly sets: number;
  /** d= of the newest seal of a chain that passes: who vouches for what the chain says. */
  readonly sealer: string | null;
  /** What that mediator found out about DMARC when the message came to it; null when it does not say. */
  readonly dmarc: string | null;
}

/** The three fields that one mediator added (RFC 8617 §4.2). */
interface ArcSet {
  readonly results: HeaderField;
  readonly message: HeaderField;
  readonly seal: HeaderField;
}

const NAMES = ["arc-authentication-results", "arc-message-signature", "arc-seal"] as const;

/** Verifies the chain of a message (RFC 8617 §5.2): the newest message signature, then every seal, newest first. */
export async function verifyArc(message: Message, world: VerifyWorld): Promise<ArcVerdict> {
  const sets = collectSets(message);
  if (sets === null) return { result: "none", reason: null, sets: 0, sealer: null, dmarc: null };
  if (typeof sets === "string") return failed(sets, 0);
  const broken = chainProblem(sets);
  if (broken !== null) return failed(broken, sets.length);
  const newest = sets.at(-1)!;
  const signature = parseSignature(newest.message, "arcMessage");
  // RFC 8617 §4.1.2: a message signature must not cover a seal.
  if (typeof signature !== "string" && signature.names.includes("arc-seal")) {
    return failed("seal is signed", sets.length);
  }
  const [verdict] = await verifyFields(message, [signature], world);
  if (verdict!.result !== "pass") return problem(verdict!, "message signature", sets.length);
  for (let instance = sets.length; instance > 0; instance--) {
    const sealed = await verifySeal(sets.slice(0, instance), world);
    if (sealed.result !== "pass") return problem(sealed, `seal ${instance}`, sets.length);
  }
  const sealer = domainOf(parseTagList(valueOf(newest.seal))?.get("d") ?? "");
  const dmarc = resultOfMethod(valueOf(newest.results), "dmarc");
  return { result: "pass", reason: null, sets: sets.length, sealer, dmarc };
}

function failed(reason: string, sets: number): ArcVerdict {
  return { result: "fail", reason, sets, sealer: null, dmarc: null };
}

function problem(
  { result, reason }: { readonly result: string; readonly reason: string | null },
  where: string,
  sets: number,
): ArcVerdict {
  return { ...failed(`${where}: ${reason}`, sets), result: result === "temperror" ? "temperror" : "fail" };
}

/** The sets in order of instance; null when there is no ARC field at all, in words what is wrong with them else. */
function collectSets({ fields }: Message): readonly ArcSet[] | string | null {
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
function chainProblem(sets: readonly ArcSet[]): string | null {
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

/** Verifies the last of these seals: it covers all sets up to its own, itself without b= (RFC 8617 §5.1.1). */
async function verifySeal(
  sets: readonly ArcSet[],
  { resolver, nowSeconds }: VerifyWorld,
): Promise<{ readonly result: string; readonly reason: string | null }> {
  const signature = parseSignature(sets.at(-1)!.seal, "arcSeal");
  if (typeof signature === "string") return { result: "permerror", reason: signature };
  const timing = timingOf(signature, nowSeconds);
  if (timing !== null) return timing;
  const key = await fetchKey(signature, resolver);
  if ("result" in key) return key;
  return isSignedBy(sealedText(sets, signature), signature, key)
    ? { result: "pass", reason: null }
    : { result: "fail", reason: "signature is wrong" };
}

/** What a seal signs, always relaxed (RFC 8617 §5.1.1). */
function sealedText(sets: readonly ArcSet[], { field }: Signature): string {
  return sets.flatMap(({ results, message, seal }) => [
    canonicalField(results, "relaxed"),
    canonicalField(message, "relaxed"),
    seal === field ? canonicalSignature(seal, "relaxed") : canonicalField(seal, "relaxed"),
  ]).join("");
}
