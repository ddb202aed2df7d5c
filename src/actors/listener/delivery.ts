import { asFailure, describeError, type FailureKind } from "../../base/mod.ts";
import type { DomainName } from "../../mail/domain.ts";
import type { OutgoingEnvelope, OutgoingRecipient } from "../../mail/envelope.ts";
import { limitsOf } from "../../mail/quota.ts";
import type { AccountRecord, DeliverReply, DeliveryTarget } from "../../messages/mod.ts";
import type { DeliveryOutcome, ReceivedMail } from "../../protocol/smtp/mod.ts";
import { domainOfAccount } from "../mailbox_refs.ts";
import { leadsTo } from "./recipients.ts";
import type { FrontServices } from "./services.ts";

/** How long one share may take, restarts of a mailbox worker included; RFC 5321 §4.5.3.2.6 has clients wait 10 minutes. */
const DELIVER_MS_MAX = 60_000;

/** Recipients elsewhere that a line of the log names. */
const SHOWN_MAX = 10;

/** Pause before a share is asked for again after its worker was lost or busy. */
const RETRY_MS = 150;

/** How long a share is tried to be taken back, and the longest pause between two tries, in ms. */
const WITHDRAW_MS_MAX = 600_000;
const WITHDRAW_RETRY_MS_MAX = 5_000;

/** Shares being taken back at a time in one worker; beyond it a share is left where it is, with a line in the log. */
const WITHDRAWING_MAX = 10_000;

/** Recipients of one share: what a mailbox actor takes in one delivery. A domain with more gets several. */
const SHARE_TARGETS_MAX = 10_000;

/** What one domain has to store. */
interface Share {
  readonly domain: DomainName;
  readonly targets: DeliveryTarget[];
}

/** A mail that was taken: its identity, its envelope, and its bytes as they are kept here and as they go on to others. */
export interface Delivery {
  readonly id: string;
  readonly mail: ReceivedMail;
  /** Whether the client may send to other servers. */
  readonly mayRelay: boolean;
  /** Number of the mailbox that it goes into where it is kept. */
  readonly mailbox: number;
  readonly kept: readonly Uint8Array[];
  /** The MIME index of what is kept (RFC 9051 §7.5.2), made when it is first asked for. */
  readonly index: () => Uint8Array | null | Promise<Uint8Array | null>;
  readonly outgoing: { readonly envelope: OutgoingEnvelope; readonly parts: readonly Uint8Array[] };
}

/** Where a mail's recipients are: in mailboxes here, every account once however many addresses led to it, and elsewhere. */
class Shares {
  readonly local: Share[] = [];
  /** By the reverse-path under which it goes there. */
  readonly remote = new Map<string, Map<string, OutgoingRecipient>>();
  readonly #open = new Map<DomainName, Share>();
  readonly #seen = new Set<string>();

  keep(account: AccountRecord): void {
    if (this.#seen.has(account.id)) return;
    this.#seen.add(account.id);
    const domain = domainOfAccount(account);
    let share = this.#open.get(domain);
    if (share === undefined || share.targets.length === SHARE_TARGETS_MAX) {
      share = { domain, targets: [] };
      this.local.push(share);
      this.#open.set(domain, share);
    }
    share.targets.push({ account: account.id, ...limitsOf(account) });
  }

  send(recipient: OutgoingRecipient, sender: string): void {
    let bySender = this.remote.get(sender);
    if (bySender === undefined) this.remote.set(sender, bySender = new Map());
    if (!bySender.has(recipient.address)) bySender.set(recipient.address, recipient);
  }
}

/** The shares of a mail; null when one of its recipients leads nowhere. */
function sharesOf({ mail, mayRelay }: Delivery, services: FrontServices): Shares | null {
  const shares = new Shares();
  for (const { address, notify, orcpt } of mail.recipients) {
    const leads = leadsTo(address, { sender: mail.sender, mayRelay }, services);
    if (leads.type !== "accepted") return null;
    for (const account of leads.accounts) shares.keep(account);
    // RFC 3461 §5.2.7.3 c: where there are several, it is reported here that the mail was sent on to them, once.
    const several = leads.accounts.length + leads.forwards.length > 1;
    const wish = several ? notify?.filter((each) => each !== "success") ?? null : notify;
    for (const { address, sender } of leads.forwards) shares.send({ address, notify: wish, orcpt }, sender);
  }
  return shares;
}

/** A share that could not be stored. `stored` tells whether it may be on the disk although no answer said so. */
interface Failed {
  readonly type: "failed";
  readonly kind: FailureKind;
  readonly stored: "never" | "perhaps";
}

type ShareOutcome = DeliverReply | Failed;

/** Failures by which the mailbox says that it has not begun to store. */
const UNTOUCHED: ReadonlySet<FailureKind> = new Set(["busy", "disk_full", "invalid", "refused", "not_found"]);

/** Failures after which asking again may help. The same opId is stored once, so it cannot make a second copy. */
const RETRIED: ReadonlySet<FailureKind> = new Set(["busy", "down", "closed"]);

/** Asks until there is an answer: a worker that was lost comes back, one that is busy has time again. */
async function persist<T>(
  work: { readonly id: string; readonly domain: string; ask(deadlineMs: number): Promise<T> },
  services: FrontServices,
): Promise<T | Failed> {
  const { clock, log } = services;
  const { id, domain } = work;
  const giveUpMs = clock.monotonicMs() + DELIVER_MS_MAX;
  let stored: "never" | "perhaps" = "never";
  for (;;) {
    try {
      return await work.ask(Math.max(1, giveUpMs - clock.monotonicMs()));
    } catch (error) {
      const failure = asFailure(error);
      if (failure === null) throw error;
      const { kind } = failure;
      if (!UNTOUCHED.has(kind)) stored = "perhaps";
      if (RETRIED.has(kind) && clock.monotonicMs() + RETRY_MS < giveUpMs) {
        await pause(RETRY_MS, services);
        continue;
      }
      log.warn("delivery failed", { id, domain, kind, error: describeError(failure) });
      return { type: "failed", kind, stored };
    }
  }
}

async function deliverShare(
  { id, mailbox: number, kept: parts, index }: Delivery,
  { domain, targets, opId }: Share & { readonly opId: string },
  services: FrontServices,
): Promise<ShareOutcome> {
  const mailbox = services.mailboxes.forDomain(domain);
  const request = { opId, targets, parts, index: await index(), mailbox: number };
  return await persist({
    id,
    domain,
    ask: (deadlineMs) => mailbox.ask("mailbox.deliver", request, { deadlineMs }),
  }, services);
}

/** Hands over to the queue what goes to other servers. */
function enqueue(
  { outgoing: { envelope, parts } }: Delivery,
  { opId, sender, recipients }: {
    readonly opId: string;
    readonly sender: string;
    readonly recipients: readonly OutgoingRecipient[];
  },
  services: FrontServices,
): Promise<{ readonly type: "delivered" } | Failed> {
  const request = { opId, envelope: { ...envelope, sender }, recipients, parts };
  return persist({
    id: envelope.id,
    domain: "queue",
    ask: async (deadlineMs) => {
      await services.queue.ask("queue.enqueue", request, { deadlineMs });
      return { type: "delivered" };
    },
  }, services);
}

function pause(ms: number, { clock }: FrontServices): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}

/** Takes a share back, however long its mailbox is away: else the client, who comes again, leaves a second copy. */
async function withdrawShare(
  id: string,
  { domain, opId }: { readonly domain: DomainName; readonly opId: string },
  services: FrontServices,
): Promise<void> {
  const { clock, counters, log } = services;
  if (counters.withdrawing >= WITHDRAWING_MAX) return log.warn("withdrawal failed", { id, domain, error: "too many" });
  counters.withdrawing++;
  const giveUpMs = clock.monotonicMs() + WITHDRAW_MS_MAX;
  for (let waitMs = RETRY_MS;; waitMs = Math.min(2 * waitMs, WITHDRAW_RETRY_MS_MAX)) {
    try {
      await services.mailboxes.forDomain(domain).ask("mailbox.withdraw", { opId });
      break;
    } catch (error) {
      if (asFailure(error)?.temporary !== true || clock.monotonicMs() + waitMs >= giveUpMs) {
        log.warn("withdrawal failed", { id, domain, error: describeError(error) });
        break;
      }
    }
    await pause(waitMs, services);
  }
  counters.withdrawing--;
}

/**
 * All shares or none: what was stored for some is taken back when another could not be, as the client will come again. What
 * goes to others comes last, as it cannot be called back.
 */
async function settle(
  delivery: Delivery,
  { local, remote }: Shares,
  services: FrontServices,
): Promise<DeliveryOutcome> {
  const { id } = delivery;
  // Numbered, not named after the domain: an opId is shorter than the longest domain.
  const entries = local.map((share, i) => ({ ...share, opId: `${id}/${i}` }));
  const outcomes = await Promise.all(entries.map((entry) => deliverShare(delivery, entry, services)));
  let bad: Exclude<ShareOutcome, { type: "delivered" }> | undefined;
  for (const outcome of outcomes) if (outcome.type !== "delivered") bad ??= outcome;
  for (const [i, [sender, recipients]] of [...remote].entries()) {
    if (bad !== undefined) break;
    const share = { opId: i === 0 ? id : `${id}/s${i}`, sender, recipients: [...recipients.values()] };
    const queued = await enqueue(delivery, share, services);
    if (queued.type === "failed") bad = queued;
  }
  if (bad === undefined) {
    services.log.debug("mail kept", {
      id,
      mailboxes: local.map(({ domain, targets }) => `${targets.length} at ${domain}`),
      elsewhere: [...remote.values()].flatMap((recipients) => [...recipients.keys()]).slice(0, SHOWN_MAX),
    });
    return { type: "accepted", id };
  }
  for (const [i, entry] of entries.entries()) {
    const outcome = outcomes[i]!;
    const isThere = outcome.type === "delivered" || (outcome.type === "failed" && outcome.stored === "perhaps");
    if (isThere) void withdrawShare(id, entry, services);
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
  const shares = sharesOf(delivery, services);
  if (shares === null) return Promise.resolve({ type: "failed" });
  return settle(delivery, shares, services);
}

/** Whether a message of `size` bytes fits into the mailboxes of all accounts that have a quota. */
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
