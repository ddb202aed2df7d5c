import { asFailure, type Clock, describeError, type Log, utf8 } from "../../base/mod.ts";
import type { PolicyProtocol, SigningDomain } from "../../messages/mod.ts";
import { signableSteps } from "../../policy/dkim/mod.ts";
import { readMessage } from "../../policy/header/mod.ts";
import type { Ref } from "../../runtime/types.ts";
import type { EnqueueInput } from "../../storage/mod.ts";
import { inTurns } from "../in_turns.ts";

/** Longest wait for signatures, in ms: a report without is better than one that comes late. */
const SIGN_MS_MAX = 20_000;

/** What signs the reports of this server. */
export interface ReportSigning {
  /** Whose keys sign for this domain; null when nobody's do. */
  signer(domain: string): SigningDomain | null;
  readonly policy: Ref<PolicyProtocol>;
}

/**
 * The report with DKIM-Signature fields above it: of this server's own domain, in whose name it comes, else of the domain of whoever
 * gets it. Without any when there are no keys, or they cannot be had.
 */
export async function signReport(
  report: EnqueueInput,
  { hostname, signing, clock, log }: {
    readonly hostname: string;
    readonly signing?: ReportSigning;
    readonly clock: Clock;
    readonly log: Log;
  },
): Promise<EnqueueInput> {
  const to = report.items[0]?.recipients[0]?.address ?? "";
  const signer = signing?.signer(hostname) ?? signing?.signer(to.slice(to.lastIndexOf("@") + 1)) ?? null;
  if (signing === undefined || signer === null) return report;
  try {
    const request = { ...signer, ...await inTurns(signableSteps(readMessage(report.parts)), clock) };
    const { fields } = await signing.policy.ask("policy.sign", request, { deadlineMs: SIGN_MS_MAX });
    return { ...report, parts: [utf8(fields.join("")), ...report.parts] };
  } catch (error) {
    if (asFailure(error) === null) throw error;
    log.warn("report not signed", { id: report.envelope.id, domain: signer.domain, error: describeError(error) });
    return report;
  }
}
