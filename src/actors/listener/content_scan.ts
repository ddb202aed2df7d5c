import { asFailure, byteLength, describeError, utf8 } from "../../base/mod.ts";
import { formatAddress } from "../../mail/address.ts";
import type { AccountRecord, ScanCheck } from "../../messages/mod.ts";
import { readMessage, withoutFields } from "../../policy/header/mod.ts";
import {
  judgeScan,
  matchesRule,
  rulesFor,
  type ScanDirection,
  type ScannerRules,
  type ScanSettings,
  type Unscanned,
} from "../../policy/scan/mod.ts";
import type { DeliveryOutcome, ReceivedMail } from "../../protocol/smtp/mod.ts";
import { leadsTo } from "./recipients.ts";
import type { FrontServices } from "./services.ts";

/** Recipients that scanners are told of. */
const RECIPIENTS_MAX = 1_000;
/** How much longer a verdict is waited for than the policy actor takes at most, in ms. */
const MARGIN_MS = 5_000;

/** A mail that is to be looked at. */
export interface ScanSubject {
  readonly id: string;
  readonly mail: ReceivedMail;
  readonly client: { readonly address: string | null; readonly name: string | null };
  /** Who has handed it in; null when nobody has logged in. */
  readonly account: AccountRecord | null;
  /** What is kept of it so far. */
  readonly content: readonly Uint8Array[];
  /** Whether the client is a server of ours, which has looked at it itself. */
  readonly believed: boolean;
}

/** What is kept of a mail, and whether it is junk; or why it is refused. */
export type Scanned =
  | { readonly type: "keep"; readonly content: readonly Uint8Array[]; readonly junk: boolean }
  | { readonly type: "refuse"; readonly outcome: DeliveryOutcome };

/**
 * Has scanners look at a mail. Fields under the names by which they speak are taken out of it, and theirs put on. Of servers that
 * are believed nothing is scanned: what they have written says what is junk.
 */
export async function scanContent(subject: ScanSubject, services: FrontServices): Promise<Scanned> {
  const { id, client, account, believed, content } = subject;
  const { counters, log } = services;
  const { scanners, exempt, rules } = services.content;
  if (account === null && (believed || (client.address !== null && exempt.has(client.address)))) {
    return { type: "keep", content, junk: rules.length > 0 && matchesRule(readMessage(content).fields, rules) };
  }
  const direction = account === null ? "incoming" : "outgoing";
  if (scanners === null || rulesOf(scanners, direction).length === 0) return { type: "keep", content, junk: false };
  const check = await verdictOf(subject, { scanners, direction }, services);
  if (check === null) {
    counters.scans.busy++;
    return { type: "refuse", outcome: { type: "busy" } };
  }
  const { disposition, result, fields, remove, notes } = check;
  counters.scans[result]++;
  log.info("mail scanned", { id, disposition: disposition.type, result, scanners: notes });
  if (disposition.type === "reject" || disposition.type === "defer") {
    const { enhanced, text } = disposition;
    const code = disposition.type === "reject" ? 550 : 451;
    return { type: "refuse", outcome: { type: "refused", code, enhanced, text } };
  }
  const names = new Set(remove);
  const own = names.size === 0 ? content : withoutFields(content, ({ name }) => names.has(name));
  return {
    type: "keep",
    content: fields === "" ? own : [utf8(fields), ...own],
    junk: disposition.type === "quarantine",
  };
}

function rulesOf({ rspamd, clamav }: ScanSettings, direction: ScanDirection): ScannerRules[] {
  return [rulesFor(rspamd, direction), rulesFor(clamav, direction)].filter((rules) => rules !== null);
}

interface Scanning {
  readonly scanners: ScanSettings;
  readonly direction: ScanDirection;
}

/** Null: the mail has to come again, as too many are being scanned. */
async function verdictOf(
  subject: ScanSubject,
  { scanners, direction }: Scanning,
  services: FrontServices,
): Promise<ScanCheck | null> {
  const { id, mail, client, account, content } = subject;
  const staysHere = staysWith(subject, services);
  // Mail of users has been completed; of others what has come is shown, not what is written above it here.
  const parts = account === null ? mail.body : content;
  const size = byteLength(parts);
  const unscanned = () => {
    const finding = (rules: ScannerRules | null): Unscanned => ({
      type: "unscanned",
      why: rules !== null && size > rules.bytesMax ? "tooLarge" : "failed",
    });
    const findings = { rspamd: finding(scanners.rspamd), clamav: finding(scanners.clamav) };
    return judgeScan(findings, scanners, { direction, staysHere });
  };
  if (rulesOf(scanners, direction).every(({ bytesMax }) => size > bytesMax)) return unscanned();
  const request = {
    id,
    direction,
    staysHere,
    ip: client.address,
    name: client.name,
    helo: mail.helo,
    sender: mail.sender === null ? "" : formatAddress(mail.sender),
    recipients: mail.recipients.slice(0, RECIPIENTS_MAX).map(({ address }) => formatAddress(address)),
    user: account?.address ?? null,
    parts,
  } as const;
  try {
    const deadlineMs = services.content.scanMsMax + MARGIN_MS;
    return await services.policy.ask("policy.scan", request, { deadlineMs });
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    services.log.warn("mail not scanned", { id, error: describeError(failure) });
    return failure.kind === "busy" ? null : unscanned();
  }
}

/** Whether all recipients have their mailboxes here. */
function staysWith({ mail, account }: ScanSubject, services: FrontServices): boolean {
  const { sender, recipients } = mail;
  return recipients.every(({ address }) => {
    const leads = leadsTo(address, { sender, mayRelay: account !== null }, services);
    return leads.type === "accepted" && leads.forwards.length === 0;
  });
}
