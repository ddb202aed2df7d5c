import type { ClientMail } from "./actions.ts";
import { isAscii } from "./commands.ts";
import type { ContentFacts } from "./content.ts";
import type { PeerExtensions } from "./extensions.ts";
import { type ClientOutcome, ours } from "./outcome.ts";

/** Whether an address, or what was asked when the mail came in, needs SMTPUTF8 (RFC 6531 §3.2). */
export function needsUtf8({ sender, recipients, parameters }: ClientMail, facts: ContentFacts): boolean {
  if (!isAscii(sender) || !recipients.every(({ address }) => isAscii(address))) return true;
  // A sender may say SMTPUTF8 of a mail that has no use for it (RFC 6531 §3.6): where all is ASCII, it has not.
  return parameters.smtpUtf8 && facts.eightBit;
}

/** Why this peer cannot be given this mail at all, or null. Nothing is converted (RFC 6152 §3 leaves that, or returning it). */
export function obstacle(
  mail: ClientMail,
  facts: ContentFacts,
  { peer, secured }: { peer: PeerExtensions; secured: boolean },
): ClientOutcome | null {
  const { parameters, sender } = mail;
  if (parameters.requireTls && sender !== "") { // RFC 8689 §5: a report of non-delivery goes on without.
    if (!secured) return ours("failed", "5.7.10", "TLS is required, and there is none");
    if (!peer.requireTls) return ours("failed", "5.7.30", "the server does not support REQUIRETLS");
  }
  if (needsUtf8(mail, facts) && !peer.smtpUtf8) {
    return ours("failed", "5.6.7", "the server does not support internationalised mail (SMTPUTF8)");
  }
  if (parameters.body === "binarymime") {
    const taken = peer.binaryMime && peer.chunking; // RFC 3030 §3
    if (!taken) return ours("failed", "5.6.3", "the server does not take binary content");
  } else {
    // Whatever let it in: a lone CR or LF may be the end of the data to some server behind (RFC 5321 §2.3.8).
    if (facts.bareNewline) return ours("failed", "5.6.0", "the content has a CR or LF that is not part of CRLF");
    if (facts.eightBit && !peer.eightBitMime) return ours("failed", "5.6.3", "the server does not take 8-bit content");
  }
  if (peer.sizeBytesMax !== null && facts.bytes > peer.sizeBytesMax) { // RFC 1870 §6.1
    return ours("failed", "5.3.4", `the mail has ${facts.bytes} octets, the server takes ${peer.sizeBytesMax}`);
  }
  return null;
}
