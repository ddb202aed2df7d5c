import { asFailure, describeError, utf8 } from "../../base/mod.ts";
import { parseMailbox } from "../../mail/address.ts";
import type { DomainName } from "../../mail/domain.ts";
import type { AccountRecord, DeliveryTarget, RecipientOutcome, RouteVerdict } from "../../messages/mod.ts";
import { returnPathField } from "../../protocol/smtp/trace.ts";
import { domainOfAccount } from "../mailbox_refs.ts";
import type { Attempt, AttemptResult } from "./attempt.ts";
import { toLists } from "./list_delivery.ts";
import type { QueueServices } from "./services.ts";

/** One mailbox delivery may take, in ms. */
const DELIVER_MS_MAX = 60_000;

/** Recipients elsewhere that an alias here led to. */
export interface Forward {
  readonly opId: string;
  readonly addresses: readonly string[];
}

const DELIVERED: RecipientOutcome = { action: "delivered", code: null, status: "2.0.0", text: "delivered here" };

/** Delivers an item whose domain is ours: reports to our own senders, mail that waited for a mailbox. */
export async function deliverHere(attempt: Attempt, services: QueueServices): Promise<AttemptResult> {
  const outcomes: RecipientOutcome[] = [];
  const forwards: Forward[] = [];
  for (const [i, recipient] of attempt.item.recipients.entries()) {
    const address = parseMailbox(recipient.address, { utf8: true });
    const verdict = address === null ? null : services.routes.resolve(address);
    if (verdict?.type !== "local") {
      outcomes.push(refusal(verdict));
      continue;
    }
    const opId = `${attempt.message.envelope.id}-l${attempt.item.item}.${i}`;
    const stored = await store(attempt, { opId, accounts: verdict.accounts }, services);
    const outcome = stored === DELIVERED && verdict.lists.length > 0
      ? await toLists(attempt, { id: opId, lists: verdict.lists }, services)
      : stored;
    // What was done for others is not done twice.
    if (outcome === null) return { type: "later" };
    outcomes.push(outcome);
    if (verdict.forwards.length > 0) forwards.push({ opId: `${opId}/f`, addresses: verdict.forwards });
  }
  return { type: "report", report: { outcomes, destinationFault: false, host: null, tls: null }, forwards };
}

/** Into the mailboxes of all accounts, each domain's actor asked once. The same opId is stored once, however often it is tried. */
async function store(
  { message, parts }: Attempt,
  { opId, accounts }: { readonly opId: string; readonly accounts: readonly AccountRecord[] },
  { mailboxes, log }: QueueServices,
): Promise<RecipientOutcome> {
  const targets = new Map<DomainName, DeliveryTarget[]>();
  for (const account of accounts) {
    const domain = domainOfAccount(account);
    const target = { account: account.id, quotaBytes: account.quotaBytes };
    targets.set(domain, [...targets.get(domain) ?? [], target]);
  }
  const sender = message.envelope.sender === "" ? null : parseMailbox(message.envelope.sender, { utf8: true });
  const kept = [utf8(returnPathField(sender)), ...parts];
  const domains = [...targets.keys()].sort();
  for (const [i, domain] of domains.entries()) {
    const request = { opId: `${opId}/${i}`, targets: targets.get(domain)!, parts: kept };
    try {
      const answer = await mailboxes.forDomain(domain).ask("mailbox.deliver", request, { deadlineMs: DELIVER_MS_MAX });
      if (answer.type === "full") return deferred("4.2.2", "the mailbox is full");
    } catch (error) {
      const failure = asFailure(error);
      if (failure === null) throw error;
      log.warn("delivery failed", { id: message.envelope.id, domain, error: describeError(failure) });
      return deferred(failure.kind === "disk_full" ? "4.3.1" : "4.3.0", "the mailbox could not take it");
    }
  }
  return DELIVERED;
}

function refusal(verdict: Exclude<RouteVerdict, { type: "local" }> | null): RecipientOutcome {
  switch (verdict?.type) {
    case "disabled":
      return deferred("4.2.1", "the mailbox is disabled");
    case "loop":
      return failed("5.4.6", "the aliases go round in a circle");
    case "relayDenied":
      return deferred("4.3.0", "the domain is no longer here: it is looked up again");
    case "unknownUser":
      return failed("5.1.1", "no such user here");
    case undefined:
      return failed("5.1.3", "the address is none");
  }
}

function deferred(status: string, text: string): RecipientOutcome {
  return { action: "deferred", code: null, status, text };
}

function failed(status: string, text: string): RecipientOutcome {
  return { action: "failed", code: null, status, text };
}
