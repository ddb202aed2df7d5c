import {
  domainOf,
  fetchKey,
  isSignedBy,
  parseSignature,
  timingOf,
  verifyFields,
  type VerifyWorld,
} from "../dkim/mod.ts";
import { type Message, parseTagList, resultOfMethod, valueOf } from "../header/mod.ts";
import { type ArcSet, chainProblem, collectSets, sealedText } from "./chain.ts";

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
  return isSignedBy(sealedText(sets, signature.field), signature, key)
    ? { result: "pass", reason: null }
    : { result: "fail", reason: "signature is wrong" };
}
