import { assert } from "../../base/mod.ts";
import { signArcMessage, type Signer, withSignature } from "../dkim/mod.ts";
import { type Message, parseTagList, valueOf } from "../header/mod.ts";
import { ARC_SETS_MAX, type ArcSet, collectSets, newestInstance, sealedText } from "./chain.ts";
import type { ArcVerdict } from "./verify.ts";

/** What a mediator seals with, and what he found out. */
export interface Sealing {
  readonly signer: Signer;
  readonly nowSeconds: number;
  /** What became of the chain so far. */
  readonly chain: Pick<ArcVerdict, "result">;
  /** The Authentication-Results field (RFC 8601) of the message, with its CRLF. */
  readonly results: string;
}

/**
 * The ARC set of one mediator, three fields with their CRLFs to stand above the message in this order, seal first (RFC 8617
 * §5.1). None where none may or need be added: the chain has failed before and says so (§5.1 step 2), it is full (§4.2.1), or
 * nobody knows whether it is whole, as the DNS did not answer. Throws Failure `invalid` when the header is longer than is read.
 */
export function sealArc(message: Message, { signer, nowSeconds, chain, results }: Sealing): string[] {
  const instance = newestInstance(message) + 1;
  if (chain.result === "temperror" || instance > ARC_SETS_MAX || saysFail(message, instance - 1)) return [];
  const cv = chain.result;
  const found = `ARC-Authentication-Results: i=${instance};${results.slice(results.indexOf(":") + 1)}`;
  const signature = signArcMessage(message, { instance, signer, nowSeconds });
  const { algorithm, domain, selector } = signer;
  const bare =
    `ARC-Seal: i=${instance}; a=${algorithm}; cv=${cv}; t=${nowSeconds};\r\n\td=${domain};\r\n\ts=${selector};` +
    `\r\n\tb=\r\n`;
  const own: ArcSet = {
    results: { name: "arc-authentication-results", raw: found },
    message: { name: "arc-message-signature", raw: signature },
    seal: { name: "arc-seal", raw: bare },
  };
  // RFC 8617 §5.1.2: over a chain that is broken, a seal covers its own set only.
  const earlier = cv === "pass" ? collectSets(message) : null;
  assert(typeof earlier !== "string", "a chain that passes has whole sets");
  const seal = withSignature(bare, sealedText([...earlier ?? [], own], own.seal), signer);
  return [seal, signature, found];
}

/** Whether the newest seal says that the chain is broken. */
function saysFail({ fields }: Message, newest: number): boolean {
  return fields.some((field) => {
    const tags = field.name === "arc-seal" ? parseTagList(valueOf(field)) : null;
    return tags?.get("i") === String(newest) && tags.get("cv") === "fail";
  });
}
