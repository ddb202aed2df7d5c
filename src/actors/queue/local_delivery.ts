import { createHash } from "node:crypto";
import { asFailure, byteLength, concat, describeError, utf8 } from "../../base/mod.ts";
import { type Address, parseMailbox } from "../../mail/address.ts";
import type { DomainName } from "../../mail/domain.ts";
import { limitsOf } from "../../mail/quota.ts";
import type { AccountRecord, DeliveryTarget, RecipientOutcome, RouteVerdict } from "../../messages/mod.ts";
import { returnPathField } from "../../protocol/smtp/trace.ts";
import { forwardSender } from "../forward_sender.ts";
import { domainOfAccount } from "../mailbox_refs.ts";
import type { Attempt, AttemptResult, Forward } from "./attempt_types.ts";
import { toLists } from "./list_delivery.ts";
import type { QueueServices } from "./services.ts";

/** One mailbox delivery may take, in ms. */
const DELIVER_MS_MAX = 60_000;

/** Messages longer than this are indexed when somebody looks at them, in bytes; and how long making an index may take, in ms. */
const INDEXED_BYTES_MAX = 16 * 1024 * 1024;
const INDEX_MS_MAX = 10_000;

const DELIVERED: RecipientOutcome = { action: "delivered", code: null, status: "2.0.0", text: "delivered here" };

/** Delivers an item whose domain is ours: reports to our own senders, mail that waited for a mailbox. */
export async function deliverHere(attempt: Attempt, services: QueueServices): Promise<AttemptResult> {
  const outcomes: RecipientOutcome[] = [];
  const forwards: Forward[] = [];
  for (const recipient of attempt.item.recipients) {
    const address = parseMailbox(recipient.address, { utf8: true });
    if (address === null) {
      outcomes.push(failed("5.1.3", "the address is none"));
      continue;
    }
    const verdict = services.routes.resolve(address);
    if (verdict?.type !== "local") {
      outcomes.push(refusal(verdict));
      continue;
    }
    const { accounts, forwards: elsewhere, lists } = verdict;
    if (accounts.length + elsewhere.length + lists.length === 0) {
      outcomes.push(deferred("4.2.1", "every mailbox that the address leads to is disabled"));
      continue;
    }
    // Named after the address: its place among those that still wait changes from attempt to attempt.
    const opId = `${attempt.message.envelope.id}-l${attempt.item.item}.${nameOf(recipient.address)}`;
    const stored = await store(attempt, { opId, accounts }, services);
    const outcome = stored === DELIVERED && lists.length > 0
      ? await toLists(attempt, { id: opId, lists }, services)
      : stored;
    // What was done for others is not done twice.
    if (outcome === null) return { type: "later" };
    outcomes.push(outcome);
    if (elsewhere.length === 0) continue;
    const { notify, orcpt } = recipient;
    const recipients = elsewhere.map((address) => ({ address, notify, orcpt }));
    forwards.push({ opId: `${opId}/f`, sender: senderBeyond(attempt, address, services), recipients });
  }
  return { type: "report", report: { outcomes, destinationFault: false, host: null, tls: null }, forwards };
}

/** The MIME index, made where no files are written; without it the mail is delivered all the same. */
async function indexOf(kept: readonly Uint8Array[], { indexer, log }: QueueServices): Promise<Uint8Array | null> {
  if (indexer === undefined || byteLength(kept) > INDEXED_BYTES_MAX) return null;
  try {
    return (await indexer.ask("text.index", { bytes: concat(kept) }, { deadlineMs: INDEX_MS_MAX })).index;
  } catch (error) {
    if (asFailure(error) === null) throw error;
    log.debug("index not made", { error: describeError(error) });
    return null;
  }
}

/** What is no address stays as it came: nobody could be told under another. */
function senderBeyond({ message: { envelope } }: Attempt, alias: Address, services: QueueServices): string {
  const sender = parseMailbox(envelope.sender, { utf8: true });
  return sender === null ? envelope.sender : forwardSender(sender, alias, services);
}

/** Into the mailboxes of all accounts, each domain's actor asked once. The same opId is stored once, however often it is tried. */
async function store(
  { message, parts }: Attempt,
  { opId, accounts }: { readonly opId: string; readonly accounts: readonly AccountRecord[] },
  services: QueueServices,
): Promise<RecipientOutcome> {
  const { mailboxes, log } = services;
  const targets = new Map<DomainName, DeliveryTarget[]>();
  for (const account of accounts) {
    const domain = domainOfAccount(account);
    const target = { account: account.id, ...limitsOf(account) };
    targets.set(domain, [...targets.get(domain) ?? [], target]);
  }
  const sender = message.envelope.sender === "" ? null : parseMailbox(message.envelope.sender, { utf8: true });
  const kept = [utf8(returnPathField(sender)), ...parts];
  const index = await indexOf(kept, services);
  for (const domain of [...targets.keys()].sort()) {
    // A shard keeps several domains: each has an opId of its own, whichever others the address led to before.
    const request = { opId: `${opId}/${nameOf(domain)}`, targets: targets.get(domain)!, parts: kept, index };
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

/** A name of any length and script as a part of an opId, which has 255 ASCII characters at most. */
function nameOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
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
      return deferred("4.3.0", "the directory has not answered yet");
  }
}

function deferred(status: string, text: string): RecipientOutcome {
  return { action: "deferred", code: null, status, text };
}

function failed(status: string, text: string): RecipientOutcome {
  return { action: "failed", code: null, status, text };
}
