import { asFailure, type Clock, describeError, utf8 } from "../../base/mod.ts";
import { INBOX_ID, JUNK_ID } from "../../mail/account.ts";
import { formatAddress } from "../../mail/address.ts";
import type { OutgoingEnvelope } from "../../mail/envelope.ts";
import type { AccountRecord, RouteVerdict } from "../../messages/mod.ts";
import { indexSteps } from "../../protocol/imap/mod.ts";
import {
  type DeliveryOutcome,
  receivedField,
  type ReceivedMail,
  type ReceivedRecipient,
  returnPathField,
  submitted,
} from "../../protocol/smtp/mod.ts";
import { inTurns } from "../in_turns.ts";
import { scanContent } from "./content_scan.ts";
import { deliverEach } from "./deliver_each.ts";
import { deliver, type Delivery } from "./delivery.ts";
import { type Checked, checkSender, type SenderAuthentication } from "./sender_check.ts";
import type { FrontServices } from "./services.ts";
import { signSubmitted } from "./signing.ts";

/** A mail as a session gives it away, and from whom it came. */
export interface Reception {
  readonly id: string;
  readonly mail: ReceivedMail;
  readonly client: { readonly address: string | null; readonly name: string | null };
  readonly tlsVersion: string | null;
  /** Who has logged in; null when nobody has. */
  readonly account: AccountRecord | null;
  /** Whether the Received field tells nothing of the client. */
  readonly hideClient: boolean;
  /** How its sender is judged; null when it is not, as the client is ours. */
  readonly senders: SenderAuthentication | null;
  /** Whether each recipient has an outcome of its own (LMTP). */
  readonly each: boolean;
}

/** Takes a mail in: judged or signed, completed, stamped and durable everywhere, or refused. One outcome, or one for each recipient. */
export async function receive(reception: Reception, services: FrontServices): Promise<readonly DeliveryOutcome[]> {
  const { mail, each } = reception;
  const completed = await complete(reception, services);
  if (completed.type === "refuse") {
    return each ? mail.recipients.map(() => completed.outcome) : [completed.outcome];
  }
  const delivery = deliveryOf(reception, completed, services);
  // All or nothing, as SMTP has one answer for all recipients; LMTP has one for each.
  const outcomes = each ? await deliverEach(delivery, services) : [await deliver(delivery, services)];
  const kept = mail.recipients.filter((_, i) => outcomes[each ? i : 0]!.type === "accepted");
  if (kept.length > 0) await reportSuccess(delivery, kept, services);
  return outcomes;
}

/** A mail's content, and the signatures that stand above it: everywhere, or only where it goes on to others. */
interface Completed {
  readonly type: "keep";
  readonly content: readonly Uint8Array[];
  readonly signed: string;
  readonly sealed: string;
  /** Whether it is filed as junk where it stays. */
  readonly junk: boolean;
}

async function complete(
  { id, mail, client, account, senders, each }: Reception,
  services: FrontServices,
): Promise<Completed | { readonly type: "refuse"; readonly outcome: DeliveryOutcome }> {
  if (account !== null) {
    const { clock, hostname } = services;
    const content = submitted(mail.body, { wallMs: clock.wallMs(), messageId: `<${id}@${hostname}>` });
    const scanned = await scanContent({ id, mail, client, account, content, believed: false }, services);
    if (scanned.type === "refuse") return scanned;
    const signing = await signSubmitted({ id, content, account }, services);
    if (signing.type === "wait") return { type: "refuse", outcome: { type: "busy" } };
    return { type: "keep", content, signed: signing.fields, sealed: "", junk: false };
  }
  const checked: Checked = senders === null || client.address === null
    ? { type: "keep", body: mail.body, sealed: "", junk: false }
    : await checkSender({ id, mail, ip: client.address }, senders, services);
  if (checked.type === "refuse") return checked;
  const scan = { id, mail, client, account, content: checked.body, believed: each };
  const scanned = await scanContent(scan, services);
  if (scanned.type === "refuse") return scanned;
  const { content, junk } = scanned;
  return {
    type: "keep",
    content,
    signed: "",
    sealed: checked.sealed,
    junk: services.content.file && (junk || checked.junk),
  };
}

function deliveryOf(
  { id, mail, client, tlsVersion, account, hideClient }: Reception,
  { content, signed, sealed, junk }: Completed,
  { clock, hostname }: FrontServices,
): Delivery {
  const received = receivedField({
    helo: hideClient ? null : mail.helo,
    clientIp: hideClient ? null : client.address,
    clientName: client.name,
    hostname,
    protocol: mail.protocol,
    id,
    recipients: mail.recipients.map(({ address }) => address),
    wallMs: clock.wallMs(),
    tlsVersion,
  });
  const sender = mail.sender === null ? "" : formatAddress(mail.sender);
  // Signatures come last, so they stand first (RFC 6376 §5.6); no byte that they cover changes from here on.
  const kept = [utf8(returnPathField(mail.sender) + signed + received), ...content];
  const envelope: OutgoingEnvelope = { ...mail.parameters, id, sender, account: account?.id ?? null };
  return {
    id,
    mail,
    mayRelay: account !== null,
    mailbox: junk ? JUNK_ID : INBOX_ID,
    kept,
    index: indexOnce(kept, clock),
    outgoing: { envelope, parts: [utf8(sealed + signed + received), ...content] },
  };
}

/** The MIME index of a message for whoever asks first, and all others. */
function indexOnce(parts: readonly Uint8Array[], clock: Clock): Delivery["index"] {
  let made: ReturnType<Delivery["index"]> | undefined;
  return () => {
    if (made === undefined) made = inTurns(indexSteps(parts), clock);
    return made;
  };
}

/** NOTIFY=SUCCESS for addresses here (RFC 3461 §5.2.3 d, §5.2.7.3): reports are queued before the client is answered. */
async function reportSuccess(
  { id, mail, outgoing }: Delivery,
  kept: readonly ReceivedRecipient[],
  services: FrontServices,
): Promise<void> {
  if (mail.sender === null) return;
  const asked = kept.filter(({ notify }) => notify?.includes("success") === true);
  for (const action of ["delivered", "expanded"] as const) {
    const recipients = asked.filter(({ address }) => successAt(services.routes.resolve(address)) === action)
      .map(({ address, notify, orcpt }) => ({ address: formatAddress(address), notify, orcpt }));
    if (recipients.length === 0) continue;
    try {
      await services.queue.ask("queue.report", { ...outgoing, action, recipients });
    } catch (error) {
      if (asFailure(error) === null) throw error;
      services.log.warn("report not queued", { id, error: describeError(error) }); // The mail itself is safe.
    }
  }
}

/** What is reported of an address; null: nothing by us, as the wish for it goes on with the mail. */
function successAt(verdict: RouteVerdict | null): "delivered" | "expanded" | null {
  if (verdict?.type !== "local") return null;
  const { accounts, forwards } = verdict;
  if (forwards.length === 0) return "delivered";
  return accounts.length + forwards.length > 1 ? "expanded" : null; // RFC 3461 §5.2.7.2: an alias of one address.
}
