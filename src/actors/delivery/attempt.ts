import type { Clock, Log } from "../../base/mod.ts";
import type { DeliveryAttempt, DeliveryReport, RecipientOutcome } from "../../messages/mod.ts";
import { isTlsOptional, REPORT_ID_PREFIX } from "../../policy/mod.ts";
import { isSurplus, ours } from "../../protocol/smtp/client/mod.ts";
import { type Conversation, type ConversationHost, openConversation, type Sent } from "./conversation.ts";
import type { Place } from "./lanes.ts";
import { type ConversationPool, keyOf } from "./pool.ts";
import { type DeliveryNames, type Target, targetsOf } from "./targets.ts";
import { countOpened, countRefused } from "./tls_counts.ts";
import type { TransportPolicies } from "./transport_policies.ts";

/** What attempts share. */
export interface AttemptServices extends ConversationHost {
  readonly names: DeliveryNames;
  /** Null: neither MTA-STS nor DANE is looked at. */
  readonly policies: TransportPolicies | null;
  readonly pool: ConversationPool;
  readonly clock: Clock;
  readonly log: Log;
}

/** Tries the hosts of the destination, best first, until every recipient has its verdict. Never rejects for the world's sake. */
export async function attemptDelivery(
  request: DeliveryAttempt,
  services: AttemptServices,
  place: Place,
): Promise<DeliveryReport> {
  const { clock, log } = services;
  const startMs = clock.monotonicMs();
  const attempt = new Attempt(request, services, place);
  await attempt.run();
  const report = attempt.report();
  noteReport(log, request, report, clock.monotonicMs() - startMs);
  return report;
}

/** What an operator wants to see of an attempt: all that did not go well, and the rest on request. */
function noteReport(log: Log, { envelope, destination }: DeliveryAttempt, report: DeliveryReport, ms: number): void {
  const refused = report.outcomes.find(({ action }) => action === "deferred" || action === "failed");
  const { action, code, status, text } = refused ?? report.outcomes[0] ?? {};
  log[refused === undefined ? "debug" : "info"]("delivery", {
    id: envelope.id,
    destination,
    recipients: report.outcomes.length,
    outcome: action,
    code,
    status,
    text,
    host: report.host?.name,
    address: report.host?.address,
    tls: report.tls,
    ms: Math.round(ms),
  });
}

/** Why a host, or all of them, was of no use. */
interface Trouble {
  readonly outcome: RecipientOutcome;
  readonly fault: "destination" | "mail";
}

/** A mail on its way to some of its recipients. */
interface Sending {
  readonly conversation: Conversation;
  readonly group: readonly number[];
  readonly sent: Promise<Sent>;
  /** Another attempt's mail came behind this one: the conversation is that one's. */
  readonly followed: () => boolean;
}

class Attempt {
  readonly #outcomes: (RecipientOutcome | null)[];
  readonly #troubles: Trouble[] = [];
  #host: DeliveryReport["host"] = null;
  #tls: string | null = null;
  /** Addresses tried. */
  #addresses = 0;
  /** Time spent on waiting for a place, in ms. */
  #waitedMs = 0;
  readonly #requireTls: boolean;
  /** Whether its sessions are reported: not those for the sake of a report. */
  readonly #counts: boolean;
  /** A host was of no use as its domain's policy on TLS was not met. */
  #keptByPolicy = false;

  constructor(
    private readonly request: DeliveryAttempt,
    private readonly services: AttemptServices,
    private readonly place: Place,
  ) {
    this.#outcomes = request.recipients.map(() => null);
    this.#counts = !request.envelope.id.startsWith(REPORT_ID_PREFIX);
    // RFC 8689 §5: it stops no report of non-delivery, which has no sender.
    this.#requireTls = request.envelope.requireTls && request.envelope.sender !== "";
  }

  async run(): Promise<void> {
    const { settings, policies, clock, log } = this.services;
    const { destination, envelope, parts } = this.request;
    const untilMs = clock.monotonicMs() + settings.timeouts.attemptMsMax;
    await this.#tryAll(policies, untilMs);
    if (!this.#keptByPolicy || this.#undecided().length === 0) return;
    // RFC 8689 §4.1, §4.2.2: REQUIRETLS outranks the field, by which a policy is followed, but nothing fails for it.
    if (envelope.requireTls || !isTlsOptional(parts)) return;
    log.info("TLS policy set aside, as the mail asks", { id: envelope.id, destination });
    this.#addresses = 0;
    this.#troubles.length = 0;
    await this.#tryAll(null, untilMs);
  }

  async #tryAll(policies: TransportPolicies | null, untilMs: number): Promise<void> {
    const { settings, names, log } = this.services;
    const { destination, doubtfulAddress } = this.request;
    const requireTls = this.#requireTls;
    const putOff: Target[] = [];
    for await (const found of targetsOf(destination, { settings, names, policies, log, requireTls })) {
      if (found.type === "refused") {
        this.#keptByPolicy = true;
        if (policies !== null && this.#counts) countRefused(policies, found);
        continue;
      }
      if (found.type === "problem") {
        this.#troubles.push({ outcome: found.problem, fault: found.fault });
        continue;
      }
      // It may break off each time, and it may have the mail already: another one is the better bet.
      if (found.target.address === doubtfulAddress) putOff.push(found.target);
      else if (!await this.#goesOn(found.target, untilMs)) return;
    }
    for (const target of putOff) if (!await this.#goesOn(target, untilMs)) return;
  }

  /** Tries one address; whether another may follow. */
  async #goesOn(target: Target, untilMs: number): Promise<boolean> {
    const { settings, clock } = this.services;
    await this.#try(target);
    this.#addresses++;
    return this.#undecided().length > 0 && this.#addresses < settings.limits.addressesMax &&
      clock.monotonicMs() - this.#waitedMs < untilMs;
  }

  report(): DeliveryReport {
    const last = this.#lastTrouble();
    return {
      outcomes: this.#outcomes.map((outcome) => outcome ?? last.outcome),
      // A host that has judged a recipient, or broken off over the content, is there: others to it may fare better.
      destinationFault: this.#outcomes.every((outcome) => outcome === null) &&
        this.#troubles.every(({ fault }) => fault === "destination"),
      host: this.#host,
      tls: this.#tls,
    };
  }

  /** What is said to those whom no host has judged: for good only when every host said so. */
  #lastTrouble(): Trouble {
    const temporary = this.#troubles.filter(({ outcome }) => outcome.action === "deferred");
    // The words of a server say more than those of a network that has no way to it.
    return temporary.findLast(({ outcome }) => outcome.code !== null) ?? temporary.at(-1) ?? this.#troubles.at(-1) ??
      { outcome: ours("deferred", "4.4.0", "there is no host to try"), fault: "destination" };
  }

  #undecided(): number[] {
    return this.#outcomes.flatMap((outcome, index) => outcome === null ? [index] : []);
  }

  async #try(target: Target): Promise<void> {
    const key = keyOf(target);
    const following = this.place.own ? null : await this.#follow(key);
    if (following !== null) {
      if (await this.#converse(following, { target, key, kept: true }) === "over") return;
      await this.#ownPlace();
    }
    const kept = this.services.pool.take(key);
    // A connection that has died while it was kept says nothing of the host.
    if (kept !== null) {
      if (!this.#suits(kept)) return;
      if (await this.#converse(this.#send(kept, key), { target, key, kept: true }) === "over") return;
    }
    while (this.#undecided().length > 0) {
      await this.#ownPlace();
      const conversation = await this.#open(target);
      if (conversation === null || !this.#suits(conversation)) return;
      if (await this.#converse(this.#send(conversation, key), { target, key, kept: false }) === "over") return;
    }
  }

  /** Whoever was followed has given its place away with its connection. */
  async #ownPlace(): Promise<void> {
    if (!this.place.own) await new Promise<void>((resolve) => this.place.whenOwn(resolve));
  }

  /** Follows another mail over its connection as soon as one lets it; null when it may have a connection before. */
  #follow(key: string): Promise<Sending | null> {
    const { place, services: { clock } } = this;
    const sinceMs = clock.monotonicMs();
    return new Promise((resolve) => {
      const follow = (sending: Sending | null) => {
        this.#waitedMs += clock.monotonicMs() - sinceMs;
        resolve(sending);
      };
      // What demands TLS looks at the connection first.
      if (!this.#requireTls) place.want(key, (conversation) => follow(this.#send(conversation, key, "follow")));
      place.whenOwn(() => follow(null));
    });
  }

  /** Begins to send to as many as the host takes at a time. Behind the last of them another attempt's mail may follow. */
  #send(conversation: Conversation, key: string, how: "send" | "follow" = "send"): Sending {
    const undecided = this.#undecided();
    const group = undecided.slice(0, conversation.recipientsMax);
    let followed = false;
    const lend = () => void (followed = this.place.lend(key, conversation));
    const sent = conversation[how](this.#mailFor(group), group.length === undecided.length ? lend : null);
    return { conversation, group, sent, followed: () => followed };
  }

  /** RFC 8689 §4.2.1: a host that does not hand the demand on is left, and the next one may. */
  #suits(conversation: Conversation): boolean {
    if (!this.#requireTls || conversation.offersRequireTls) return true;
    const outcome = ours("failed", "5.7.30", "the server does not support REQUIRETLS");
    this.#troubles.push({ outcome, fault: "mail" });
    conversation.quit();
    return false;
  }

  /** A conversation with the target, or null when it cannot be had; without TLS where its TLS is broken and nobody insists. */
  async #open(target: Target): Promise<Conversation | null> {
    const { policies } = this.services;
    let opened = await openConversation(target, this.services);
    if (policies !== null && this.#counts) countOpened(policies, target, opened);
    if ("type" in opened && opened.stage === "tls" && target.tls === "opportunistic") {
      this.services.log.info("TLS failed, sent without", { host: target.name, reason: opened.problem.text });
      opened = await openConversation({ ...target, tls: "never" }, this.services);
      if (!("type" in opened)) opened.fellBack = true;
    }
    if (!("type" in opened)) {
      this.#host = hostOf(target);
      return opened;
    }
    const { stage, problem } = opened;
    if (stage !== "connect") this.#host = hostOf(target);
    if (stage === "tls" && target.security.report !== null) this.#keptByPolicy = true;
    // RFC 8689 §4.2.1: the sender hears of it when no host is left; a route's TLS that is gone today may be back tomorrow.
    const insisted = stage === "tls" && this.#requireTls && problem.code === null;
    this.#troubles.push(
      insisted
        ? { outcome: ours("failed", "5.7.10", problem.text), fault: "mail" }
        : { outcome: problem, fault: "destination" },
    );
    return null;
  }

  /** Sends to whom it can, `first` of all what was begun. `again`: a fresh connection may do what this one could not. */
  async #converse(
    first: Sending,
    { target, key, kept }: { readonly target: Target; readonly key: string; readonly kept: boolean },
  ): Promise<"over" | "again"> {
    const { conversation } = first;
    for (let sending = first;; sending = this.#send(conversation, key)) {
      const { tls } = conversation;
      const sent = await sending.sent;
      if (kept && sending === first && sent.end === "beforeMail") return "again";
      this.#host = hostOf(target);
      if (sent.outcomes.some(isTaken)) this.#tls = tls;
      if (!this.#note(sending.group, conversation.fellBack ? withoutTlsDemand(sent) : sent)) return "over";
      if (sending.followed()) return this.#undecided().length === 0 ? "over" : "again";
      if (this.#undecided().length === 0) break;
      if (conversation.mailsLeft > 0) continue;
      conversation.quit();
      return "again";
    }
    if (conversation.mailsLeft > 0 && this.services.settings.limits.keepMsMax > 0) {
      this.services.pool.give(key, conversation);
    } else conversation.quit();
    return "over";
  }

  /** Takes the outcomes of a transaction; false when this host has no more to say. */
  #note(group: readonly number[], sent: Sent): boolean {
    const taken = sent.outcomes.some(isTaken);
    for (const [i, index] of group.entries()) {
      const outcome = sent.outcomes[i] ?? null;
      // RFC 5321 §4.5.3.1.10: those beyond the peer's limit go in a transaction of their own, as long as that gets on.
      if (outcome !== null && !(taken && isSurplus(outcome))) this.#outcomes[index] = outcome;
    }
    if (sent.problem === null) return true;
    this.#troubles.push({ outcome: sent.problem, fault: sent.end === "beforeMail" ? "destination" : "mail" });
    return false;
  }

  #mailFor(group: readonly number[]) {
    const { envelope, recipients, parts } = this.request;
    return {
      sender: envelope.sender,
      parameters: envelope,
      recipients: group.flatMap((index) => recipients[index] ?? []),
      parts,
    };
  }
}

function isTaken(outcome: RecipientOutcome | null): boolean {
  return outcome?.action === "delivered" || outcome?.action === "relayed";
}

/** The code of a server that wants TLS first (RFC 3207 §4): where its TLS is broken, that is no verdict on the mail. */
const TLS_WANTED = 530;

function withoutTlsDemand(sent: Sent): Sent {
  const outcomes = sent.outcomes.map((outcome) =>
    outcome?.code === TLS_WANTED ? { ...outcome, action: "deferred" as const, status: "4.7.5" } : outcome
  );
  return { ...sent, outcomes };
}

function hostOf({ name, address, port }: Target): NonNullable<DeliveryReport["host"]> {
  return { name, address, port };
}
