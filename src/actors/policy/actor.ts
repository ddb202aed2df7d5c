import { byteLength, type Clock, describeError, Failure, type Resolver } from "../../base/mod.ts";
import type { PolicyProtocol, SenderCheck } from "../../messages/mod.ts";
import { readSigner, signDkim } from "../../policy/dkim/mod.ts";
import { readMessage } from "../../policy/header/mod.ts";
import { BoundedResolver, checkSender, type SenderVerdict } from "../../policy/sender/mod.ts";
import { defineActor } from "../../runtime/define_actor.ts";
import type { Context, Reply } from "../../runtime/types.ts";
import { policyAccepts } from "./accepts.ts";
import { Gate, type GateLimits } from "./gate.ts";

/** Name of the policy actor, in the worker of the same name. */
export const POLICY_ACTOR = "policy";

/** Different questions that one check may ask of the DNS: an honest mail asks for some 15. */
const QUESTIONS_MAX = 250;

/** How senders are checked. */
export interface PolicySettings {
  /** Our name in Authentication-Results (RFC 8601 §2.5): the host name. */
  readonly authservId: string;
  /** Domains whose ARC seals are believed, as lower-case A-labels. */
  readonly trustedSealers: readonly string[];
  /** How long one check may wait for the DNS, in ms; what is not known then is a temporary error. */
  readonly checkMsMax: number;
  readonly gate: GateLimits;
}

/** What the policy actor is started with. */
export interface PolicyArgs {
  readonly resolver: Resolver;
  readonly settings: PolicySettings;
  /** Counted up as it goes. */
  readonly counters: PolicyCounters;
}

/** Figures since the worker's start. */
export interface PolicyCounters {
  accept: number;
  quarantine: number;
  defer: number;
  reject: number;
  /** Turned away because too much was under way. */
  busy: number;
  /** Signatures made. */
  signed: number;
}

/** Counters at zero. */
export function newPolicyCounters(): PolicyCounters {
  return { accept: 0, quarantine: 0, defer: 0, reject: 0, busy: 0, signed: 0 };
}

interface PolicyState extends PolicyArgs {
  readonly gate: Gate;
}

type PolicyContext = Context<PolicyProtocol>;

/**
 * Finds out who sent a message, and signs what goes out. Checks run beside the inbox, few at a time: each waits for name
 * servers of strangers. No byte of a message reaches the log.
 */
export const policyActor = defineActor<PolicyProtocol, PolicyState, PolicyArgs>({
  restart: "permanent",
  inboxMax: 10_000,
  accepts: policyAccepts,
  init: (args, { clock }) => ({ ...args, gate: new Gate(args.settings.gate, clock) }),
  receive: {
    "policy.check": (state, request, reply, context) => beside(state, request, reply, context),
    "policy.sign": ({ counters }, { parts, keys }, reply, { clock }) => {
      try {
        const signers = keys.map(readSigner);
        const fields = signDkim(readMessage(parts), signers, secondsOf(clock));
        counters.signed += fields.length;
        reply.ok({ fields });
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        reply.fail(error);
      }
    },
  },
});

/** Runs a check in its turn; a defect there reaches the asker as `down`, and the log. */
function beside(
  state: PolicyState,
  request: PolicyProtocol["policy.check"]["request"],
  reply: Reply<SenderCheck>,
  context: PolicyContext,
): void {
  const { counters, gate } = state;
  gate.run(byteLength(request.parts), () => check(state, request, context)).then((verdict) => {
    counters[verdict.disposition.type]++;
    note(request.ip, verdict, context);
    reply.ok(answerOf(verdict));
  }).catch((error) => {
    if (error instanceof Failure) counters.busy++;
    else context.log.error("check of a sender broke", { cause: describeError(error) });
    reply.fail(error);
  });
}

async function check(
  { resolver, settings }: PolicyState,
  request: PolicyProtocol["policy.check"]["request"],
  { clock }: PolicyContext,
): Promise<SenderVerdict> {
  const { checkMsMax: deadlineMs, authservId, trustedSealers } = settings;
  const bounded = new BoundedResolver(resolver, { clock, deadlineMs, questionsMax: QUESTIONS_MAX });
  try {
    const nowSeconds = secondsOf(clock);
    return await checkSender(request, { resolver: bounded, nowSeconds, authservId, trustedSealers });
  } finally {
    bounded.close();
  }
}

function secondsOf(clock: Clock): number {
  return Math.floor(clock.wallMs() / 1_000);
}

function answerOf({ disposition, field, spf, dkim, arc, dmarc, iprev }: SenderVerdict): SenderCheck {
  return {
    disposition,
    field,
    results: {
      spf: spf.result,
      dkim: dkim.map(({ result, domain }) => ({ result, domain })),
      arc: arc.result,
      dmarc: dmarc.result,
      author: dmarc.domain,
      iprev: iprev.result,
    },
  };
}

function note(ip: string, { disposition, spf, dkim, arc, dmarc, iprev }: SenderVerdict, { log }: PolicyContext): void {
  log.debug("sender checked", {
    remote: ip,
    disposition: disposition.type,
    spf: spf.result,
    dkim: dkim.map(({ result }) => result),
    arc: arc.result,
    dmarc: dmarc.result,
    author: dmarc.domain,
    iprev: iprev.result,
  });
}
