import { byteLength, type Clock, describeError, Failure, type Resolver } from "../../base/mod.ts";
import type { DirectoryProtocol, PolicyProtocol, SenderCheck } from "../../messages/mod.ts";
import type { DnsList } from "../../policy/dns_list.ts";
import { sealArc } from "../../policy/arc/mod.ts";
import { keyRecordName, keyRecordProblem } from "../../policy/dkim/mod.ts";
import { readMessage } from "../../policy/header/mod.ts";
import { BoundedResolver, checkSender, type SenderVerdict } from "../../policy/sender/mod.ts";
import { defineActor } from "../../runtime/define_actor.ts";
import type { Context, Ref, Reply } from "../../runtime/types.ts";
import { mayAsk } from "../rights.ts";
import { policyAccepts } from "./accepts.ts";
import { Gate, type GateLimits } from "./gate.ts";
import { ListLookup } from "./list_lookup.ts";
import { MailSigner } from "./mail_signer.ts";
import { Scanners, type ScannersConfig } from "./scanners.ts";

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
  /** Block and allow lists that are asked about clients. */
  readonly lists: readonly DnsList[];
  /** Scanners of content; null: there is none. */
  readonly scanners: ScannersConfig | null;
}

/** What the policy actor is started with. */
export interface PolicyArgs {
  readonly resolver: Resolver;
  /** Remembers nothing: for operators, who want to see what they have just published. */
  readonly freshResolver: Pick<Resolver, "txt">;
  /** Who has the keys that are signed with. */
  readonly directory: Ref<DirectoryProtocol>;
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
  /** Clients that a block list named. */
  listed: number;
  /** Questions to block and allow lists that brought no answer, or an error. */
  listFailures: number;
  /** Signatures made. */
  signed: number;
  /** ARC sets made. */
  sealed: number;
}

/** Counters at zero. */
export function newPolicyCounters(): PolicyCounters {
  return { accept: 0, quarantine: 0, defer: 0, reject: 0, busy: 0, listed: 0, listFailures: 0, signed: 0, sealed: 0 };
}

interface PolicyState extends PolicyArgs {
  readonly gate: Gate;
  readonly signer: MailSigner;
  readonly lists: ListLookup;
  readonly scanners: Scanners | null;
}

type PolicyContext = Context<PolicyProtocol>;

/**
 * Finds out who sent a message, whether a list names its client, and signs what goes out. Checks run beside the inbox, few at a time: each waits for name
 * servers of strangers. No byte of a message reaches the log.
 */
export const policyActor = defineActor<PolicyProtocol, PolicyState, PolicyArgs>({
  restart: "permanent",
  inboxMax: 10_000,
  accepts: policyAccepts,
  mayAsk,
  init: (args, { clock, log }) => ({
    ...args,
    gate: new Gate(args.settings.gate, clock),
    signer: new MailSigner({ directory: args.directory, clock }),
    lists: new ListLookup({ ...args, lists: args.settings.lists, clock, log }),
    scanners: args.settings.scanners === null ? null : new Scanners(args.settings.scanners, { clock, log }),
  }),
  receive: {
    "policy.check": (state, request, reply, context) => beside(state, request, reply, context),
    "policy.listed": ({ lists }, { ip }, reply, context) => answer(reply, context, () => lists.listed(ip)),
    "policy.scan": ({ scanners }, request, reply, context) =>
      answer(reply, context, () => scanners === null ? Promise.reject(noScanners()) : scanners.scan(request)),
    "policy.sign": ({ signer, counters }, request, reply, context) =>
      answer(reply, context, () => {
        const counted = (fields: readonly string[]) => {
          counters.signed += fields.length;
          return { fields };
        };
        const fields = signer.sign(request, secondsOf(context.clock));
        return fields instanceof Promise ? fields.then(counted) : counted(fields);
      }),
    "policy.checkKey": ({ freshResolver }, key, reply, context) =>
      answer(reply, context, async () => {
        const found = await freshResolver.txt(keyRecordName(key));
        return { problem: keyRecordProblem(key, found.type === "found" ? found.records : []) };
      }),
  },
});

function noScanners(): Failure {
  return new Failure("invalid", "no scanners are configured");
}

/** Answers what `run` brings, if it can in the same turn; a defect there reaches the asker as `down`, and the log. */
function answer<T>(reply: Reply<T>, { log }: PolicyContext, run: () => T | Promise<T>): void {
  const broke = (error: unknown) => {
    if (!(error instanceof Failure)) log.error("policy request broke", { cause: describeError(error) });
    reply.fail(error);
  };
  try {
    const answered = run();
    if (answered instanceof Promise) answered.then((value) => reply.ok(value), broke);
    else reply.ok(answered);
  } catch (error) {
    broke(error);
  }
}

/** Runs a check in its turn; a defect there reaches the asker as `down`, and the log. */
function beside(
  state: PolicyState,
  request: PolicyProtocol["policy.check"]["request"],
  reply: Reply<SenderCheck>,
  context: PolicyContext,
): void {
  const { counters, gate } = state;
  gate.run(byteLength(request.parts), async () => {
    const verdict = await check(state, request, context);
    return { verdict, sealed: await seal(state, request, { verdict, context }) };
  }).then(({ verdict, sealed }) => {
    counters[verdict.disposition.type]++;
    note(request.ip, verdict, context);
    reply.ok(answerOf(verdict, sealed));
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

/**
 * Our ARC set for a mail that goes on (RFC 8617 §5.1), by the results of this very check. By RSA where there is such a key, as
 * many cannot verify anything else. A mail goes on without when there is no key to be had: that breaks nothing. Nor is anything
 * sealed that should be refused: nobody would be helped, and a stranger could make us work.
 */
async function seal(
  { signer: { keys }, counters }: PolicyState,
  { seal, parts }: PolicyProtocol["policy.check"]["request"],
  { verdict, context }: { readonly verdict: SenderVerdict; readonly context: PolicyContext },
): Promise<readonly string[]> {
  const { type } = verdict.disposition;
  if (seal === null || type === "reject" || type === "defer") return [];
  try {
    const signer = (await keys.signers(seal))[0]!;
    const { arc: chain, field: results } = verdict;
    const set = sealArc(readMessage(parts), { signer, nowSeconds: secondsOf(context.clock), chain, results });
    if (set.length > 0) counters.sealed++;
    return set;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    context.log.warn("mail not sealed", { domain: seal.domain, error: describeError(error) });
    return [];
  }
}

function secondsOf(clock: Clock): number {
  return Math.floor(clock.wallMs() / 1_000);
}

function answerOf(
  { disposition, field, spf, dkim, arc, dmarc, iprev }: SenderVerdict,
  sealed: readonly string[],
): SenderCheck {
  return {
    sealed,
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
