import { asFailure, describeError } from "../../base/mod.ts";
import type { Address } from "../../mail/address.ts";
import type { AccountRecord, SigningDomain } from "../../messages/mod.ts";
import { signableSteps } from "../../policy/dkim/mod.ts";
import { authorAddresses } from "../../policy/dmarc/mod.ts";
import { readMessage } from "../../policy/header/mod.ts";
import type { ReceivedMail } from "../../protocol/smtp/mod.ts";
import { inTurns } from "../in_turns.ts";
import { leadsTo } from "./recipients.ts";
import type { FrontServices } from "./services.ts";

/** Longest wait for signatures, in ms. */
const SIGN_MS_MAX = 20_000;

/** The DKIM-Signature fields of a mail, perhaps none; or that it has to wait for them. */
export type Signed = { readonly type: "signed"; readonly fields: string } | { readonly type: "wait" };

const UNSIGNED: Signed = { type: "signed", fields: "" };

/**
 * Has a user's mail signed by the keys of its author's domain. Only of an author whose mail reaches this user: nobody gets our
 * signature under a colleague's name, or a stranger's; such mail goes on without one.
 */
export async function signSubmitted(
  { id, content, account }: {
    readonly id: string;
    readonly content: readonly Uint8Array[];
    readonly account: AccountRecord;
  },
  services: FrontServices,
): Promise<Signed> {
  const { routes, policy, clock, log, withoutSignature } = services;
  const message = readMessage(content);
  const authors = authorAddresses(message);
  const signer = signerOf(authors, services);
  if (signer === null) return UNSIGNED;
  const isOwn = (author: Address) => {
    const verdict = routes.resolve(author);
    return verdict?.type === "local" && verdict.accounts.some(({ id }) => id === account.id);
  };
  if (!authors!.every(isOwn)) {
    log.info("mail not signed", { id, domain: signer.domain, reason: "its author is not its sender" });
    return UNSIGNED;
  }
  try {
    const request = { ...signer, ...await inTurns(signableSteps(message), clock) };
    const { fields } = await policy.ask("policy.sign", request, { deadlineMs: SIGN_MS_MAX });
    return { type: "signed", fields: fields.join("") };
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    log.warn("mail not signed", { id, domain: signer.domain, error: describeError(failure) });
    // What no key can sign would wait for ever.
    return failure.temporary && withoutSignature === "defer" ? { type: "wait" } : UNSIGNED;
  }
}

function signerOf(authors: readonly Address[] | null, { routes }: FrontServices): SigningDomain | null {
  const domain = authors?.[0]?.domain ?? null;
  return domain === null ? null : routes.signer(domain);
}

/**
 * Whose keys seal a mail from outside that an alias forwards to other servers (RFC 8617): those of the alias's domain, or of this
 * server's own. Null when it stays here, or nobody has keys.
 */
export function sealerOf({ sender, recipients }: ReceivedMail, services: FrontServices): SigningDomain | null {
  const { routes, hostname } = services;
  for (const { address } of recipients) {
    const leads = leadsTo(address, { sender, mayRelay: false }, services);
    if (leads.type !== "accepted" || leads.forwards.length === 0) continue;
    const own = address.domain === null ? null : routes.signer(address.domain);
    return own ?? routes.signer(hostname);
  }
  return null;
}
