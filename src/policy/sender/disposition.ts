import type { ArcVerdict } from "../arc/mod.ts";
import type { DkimVerdict } from "../dkim/mod.ts";
import type { DmarcVerdict } from "../dmarc/mod.ts";
import type { SpfVerdict } from "../spf/mod.ts";

/** What is to be done with a message, for whoever enforces it. `text` goes into the reply: printable ASCII, one line. */
export type Disposition =
  | { readonly type: "accept" }
  /** Into the junk, or marked (RFC 9989 §4.7, quarantine). */
  | { readonly type: "quarantine"; readonly text: string }
  /** 451: the DNS did not answer what decides. */
  | { readonly type: "defer"; readonly enhanced: string; readonly text: string }
  /** 550. */
  | { readonly type: "reject"; readonly enhanced: string; readonly text: string };

/** Characters of a text: with its codes it fits one reply line of 512 octets (RFC 5321 §4.5.3.1.5). */
const TEXT_CHARS_MAX = 400;

/** What was found out about a message's sender. */
export interface Findings {
  readonly spf: SpfVerdict;
  readonly dkim: readonly DkimVerdict[];
  readonly arc: ArcVerdict;
  readonly dmarc: DmarcVerdict;
}

/**
 * One disposition from all verdicts. DMARC decides where a domain asks for it, unless a mediator that the operator trusts says
 * that the message passed when it came to it (RFC 8617 §7.2.1); without DMARC an SPF fail counts when nobody signed.
 */
export function dispositionOf(
  { spf, dkim, arc, dmarc }: Findings,
  trustedSealers: readonly string[],
): Disposition {
  const vouched = arc.result === "pass" && arc.dmarc === "pass" && arc.sealer !== null &&
    trustedSealers.includes(arc.sealer);
  if (dmarc.result === "permerror") {
    // RFC 7489 §6.6.1: no author to ask about; no mediator can mend that.
    return { type: "reject", enhanced: "5.7.1", text: `Cannot tell the author: ${dmarc.reason}` };
  }
  if (vouched) return { type: "accept" };
  if (dmarc.decision === "reject") {
    return { type: "reject", enhanced: "5.7.1", text: `Rejected by the DMARC policy of ${dmarc.domain}` };
  }
  if (dmarc.decision === "quarantine") {
    return { type: "quarantine", text: `Quarantined by the DMARC policy of ${dmarc.domain}` };
  }
  if (dmarc.result === "temperror") {
    return { type: "defer", enhanced: "4.7.1", text: "The DMARC policy cannot be looked up, try again later" };
  }
  const signed = dkim.some(({ result }) => result === "pass");
  if (dmarc.result === "none" && spf.result === "fail" && !signed) {
    // RFC 7372 §3.2.
    return { type: "reject", enhanced: "5.7.23", text: spfText(spf) };
  }
  return { type: "accept" };
}

/** The domain's own words are told as such (RFC 7208 §6.2). */
function spfText({ domain, explanation }: SpfVerdict): string {
  const text = `Not sent by a server of ${printable(domain ?? "")} (SPF)`;
  return explanation === null ? text : `${text}; it explains: ${printable(explanation)}`.slice(0, TEXT_CHARS_MAX);
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}
