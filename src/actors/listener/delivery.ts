import { asFailure, describeError, type FailureKind } from "../../base/mod.ts";
import type { DomainName } from "../../mail/domain.ts";
import type { DeliverReply, DeliveryTarget } from "../../messages/mod.ts";
import type { DeliveryOutcome, ReceivedMail } from "../../protocol/smtp/mod.ts";
import { domainOfAccount } from "../mailbox_refs.ts";
import { accountsOf, type FrontServices } from "./services.ts";

/** How long one share may take, restarts of a mailbox worker included; RFC 5321 §4.5.3.2.6 has clients wait 10 minutes. */
const DELIVER_MS_MAX = 60_000;

/** Pause before a share is asked for again after its worker was lost or busy. */
const RETRY_MS = 150;

/** What each domain has to store. */
type Shares = Map<DomainName, DeliveryTarget[]>;

/** A mail that is to be kept: its identity, its envelope and the bytes to keep. */
export interface Delivery {
  readonly id: string;
  readonly mail: ReceivedMail;
  readonly parts: readonly Uint8Array[];
}

/** Each domain's recipients, every account once however many addresses led to it; null when one of them leads nowhere. */
function sharesOf(mail: ReceivedMail, services: FrontServices): Shares | null {
  const shares: Shares = new Map();
  const seen = new Set<string>();
  for (const recipient of mail.recipients) {
    const accounts = accountsOf(services.routes.resolve(recipient));
    if (accounts.length === 0) return null;
    for (const account of accounts) {
      if (seen.has(account.id)) continue;
      seen.add(account.id);
      const domain = domainOfAccount(account);
      const target = { account: account.id, quotaBytes: account.quotaBytes };
      const share = shares.get(domain);
      if (share === undefined) shares.set(domain, [target]);
      else share.push(target);
    }
  }
  return shares;
}

/** Outcomes of the shares that were asked for, by domain. */
type ShareOutcome = DeliverReply | { readonly type: "failed"; readonly kind: FailureKind };

async function deliverShare(
  { id, parts }: Delivery,
  [domain, targets]: [DomainName, DeliveryTarget[]],
  services: FrontServices,
): Promise<ShareOutcome> {
  const mailbox = services.mailboxes.forDomain(domain);
  const request = { opId: `${id}/${domain}`, targets, parts };
  const giveUpMs = services.clock.monotonicMs() + DELIVER_MS_MAX;
  for (;;) {
    const deadlineMs = Math.max(1, giveUpMs - services.clock.monotonicMs());
    try {
      return await mailbox.ask("mailbox.deliver", request, { deadlineMs });
    } catch (error) {
      const failure = asFailure(error);
      if (failure === null) throw error;
      // The same opId is stored once, so asking again after a lost worker cannot make a second copy.
      const again = failure.kind === "down" || failure.kind === "busy" || failure.kind === "closed";
      if (again && services.clock.monotonicMs() + RETRY_MS < giveUpMs) {
        await new Promise<void>((resolve) => services.clock.after(RETRY_MS, resolve));
        continue;
      }
      services.log.warn("delivery failed", { id, domain, kind: failure.kind, error: describeError(failure) });
      return { type: "failed", kind: failure.kind };
    }
  }
}

/** All shares or none: what was stored for some is taken back when another could not be, as the client will come again. */
async function settle(delivery: Delivery, shares: Shares, services: FrontServices): Promise<DeliveryOutcome> {
  const entries = [...shares];
  const outcomes = await Promise.all(entries.map((entry) => deliverShare(delivery, entry, services)));
  const bad = outcomes.find((outcome) => outcome.type !== "delivered");
  if (bad === undefined) return { type: "accepted", id: delivery.id };
  for (const [i, [domain]] of entries.entries()) {
    // A share whose answer never came may be stored all the same: it is taken back too.
    if (outcomes[i]?.type === "full") continue;
    services.mailboxes.forDomain(domain).ask("mailbox.withdraw", { opId: `${delivery.id}/${domain}` })
      .catch((error) => services.log.warn("withdrawal failed", { id: delivery.id, error: describeError(error) }));
  }
  return outcomeOf(bad);
}

function outcomeOf(bad: ShareOutcome): DeliveryOutcome {
  if (bad.type === "full") return { type: "mailboxFull" };
  if (bad.type === "failed" && bad.kind === "disk_full") return { type: "diskFull" };
  if (bad.type === "failed" && (bad.kind === "busy" || bad.kind === "down")) return { type: "busy" };
  return { type: "failed" };
}

/** Stores one mail for all its recipients. `accepted` means durable everywhere; anything else means nowhere. */
export function deliver(delivery: Delivery, services: FrontServices): Promise<DeliveryOutcome> {
  const shares = sharesOf(delivery.mail, services);
  if (shares === null) return Promise.resolve({ type: "failed" });
  return settle(delivery, shares, services);
}

/** Whether `size` more bytes fit into the mailboxes of all accounts that have a quota. */
export async function hasRoom(
  targets: readonly { readonly domain: DomainName; readonly target: DeliveryTarget }[],
  size: number,
  services: FrontServices,
): Promise<boolean> {
  const answers = await Promise.all(
    targets.map(({ domain, target }) =>
      services.mailboxes.forDomain(domain).ask("mailbox.room", { target, size }, { deadlineMs: ROOM_MS_MAX })
    ),
  );
  return answers.every(({ fits }) => fits);
}

/** A question at RCPT may wait this long; then the client is told to come again. */
const ROOM_MS_MAX = 10_000;
