import { asFailure, describeError, utf8 } from "../../base/mod.ts";
import { formatAddress } from "../../mail/address.ts";
import type { SenderCheck } from "../../messages/mod.ts";
import { withoutForgedResults } from "../../policy/header/mod.ts";
import type { DeliveryOutcome, ReceivedMail } from "../../protocol/smtp/mod.ts";
import type { FrontServices } from "./services.ts";
import { sealerOf } from "./signing.ts";

/** How mail from outside is judged: not at all, with the result in a field, or with what its sender's policy asks for. */
export type SenderAuthentication = "off" | "report" | "enforce";

/** Longest wait for a verdict, in ms: the policy actor gives up earlier. */
const CHECK_MS_MAX = 45_000;

/**
 * What is kept of a mail: its body with what was found out above it, the ARC set under which it goes on to others, "" for none, and
 * whether its sender's policy wants it in the junk; or why it is refused.
 */
export type Checked =
  | { readonly type: "keep"; readonly body: readonly Uint8Array[]; readonly sealed: string; readonly junk: boolean }
  | { readonly type: "refuse"; readonly outcome: DeliveryOutcome };

/** Asks the policy actor about a mail from outside. Fields that claim to be our results are taken out (RFC 8601 §5). */
export async function checkSender(
  { id, mail, ip }: { readonly id: string; readonly mail: ReceivedMail; readonly ip: string },
  mode: SenderAuthentication,
  services: FrontServices,
): Promise<Checked> {
  const { policy, hostname, log } = services;
  const own = withoutForgedResults(mail.body, hostname);
  if (mode === "off") return { type: "keep", body: own, sealed: "", junk: false };
  const sender = mail.sender === null ? "" : formatAddress(mail.sender);
  let check: SenderCheck;
  try {
    const request = { ip, helo: mail.helo, sender, parts: mail.body, seal: sealerOf(mail, services) };
    check = await policy.ask("policy.check", request, { deadlineMs: CHECK_MS_MAX });
  } catch (error) {
    if (asFailure(error) === null) throw error;
    log.warn("sender unchecked", { id, error: describeError(error) });
    if (mode === "enforce") return { type: "refuse", outcome: { type: "busy" } };
    return { type: "keep", body: own, sealed: "", junk: false };
  }
  note(id, check, services);
  const { disposition, field, sealed } = check;
  if (mode === "enforce" && (disposition.type === "reject" || disposition.type === "defer")) {
    const { enhanced, text } = disposition;
    return {
      type: "refuse",
      outcome: { type: "refused", code: disposition.type === "reject" ? 550 : 451, enhanced, text },
    };
  }
  const junk = mode === "enforce" && disposition.type === "quarantine";
  return { type: "keep", body: [utf8(field), ...own], sealed: sealed.join(""), junk };
}

function note(id: string, { disposition, results }: SenderCheck, { log }: FrontServices): void {
  const { spf, dkim, arc, dmarc, author, iprev } = results;
  const signatures = dkim.map(({ result, domain }) => `${result} ${domain ?? "?"}`);
  log.info("sender checked", { id, disposition: disposition.type, author, spf, dkim: signatures, arc, dmarc, iprev });
}
