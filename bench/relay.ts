/**
 * Mail that goes on to another server: accepted, queued, handed over and counted there; Postfix does the same beside us.
 *
 * Mail without a signature is given three times over: by our own generator, which measures replies, too, and by Postfix's
 * smtp-source (one sender, one recipient, no pipelining), with `-d` over connections that are kept and without it over a new
 * one for each mail. Both sides get the same count of mails from as many sessions. A rate is mails divided by the time from
 * the generator's start until smtp-sink has counted the last of them. smtp-source and smtp-sink take some 25 µs a mail each,
 * a generator or a sink of ours 70: what is left of the machine is the server's. Mail with a signature comes from a user who
 * logs in, which smtp-source cannot: that is our own generator's, for Postfix, too.
 */
import { startServer, type TestServer } from "../test/support/server.ts";
import { type BenchContext, figure, type Findings, noFindings } from "./figures.ts";
import type { LoadOptions } from "./load/mod.ts";
import { startSink } from "./load/sink.ts";
import { startPostfixRelay, whyNoPostfix } from "./postfix_relay.ts";
import { hasProc, processCpu } from "./process_figures.ts";
import { type Sink, startSmtpSink, whyNoSmtpPrograms } from "./smtp_programs.ts";
import { BENCH_ACCOUNTS, BENCH_DOMAIN } from "./stagepost.ts";
import { type Delivered, type DeliveredLoad, deliverLoad, deliverSource, type Target } from "./target.ts";

const PEER = "Postfix";
const MESSAGE_BYTES = 4_096;
/** As many as Postfix takes at a time (`default_process_limit`). */
const SESSIONS = 100;
/** Load before each turn, in ms: code that has rested for half a minute is compiled anew. */
const WARM_UP_MS = 5_000;
const SINK_DOMAIN = "sink.test";
const PASSWORD = "a long way for a letter";

const LOAD = { accounts: BENCH_ACCOUNTS, domain: BENCH_DOMAIN, messageBytes: MESSAGE_BYTES, warmupMs: 0 } as const;
const SOURCE = {
  sessions: SESSIONS,
  messageBytes: MESSAGE_BYTES,
  sender: `load@load.${BENCH_DOMAIN}`,
  recipient: `u0@${BENCH_DOMAIN}`,
} as const;

/** What is measured: mail of strangers that aliases send on, and users' mail with a signature of one kind. */
const KINDS = ["plain", "ed25519", "rsa"] as const;
type Kind = typeof KINDS[number];

/** How mail is given. */
type Way = "generator" | "kept" | "fresh";

/** One measurement of ours; Postfix, which signs nothing, is measured once for each way. */
interface Arm {
  readonly label: string;
  readonly kind: Kind;
  readonly way: Way;
}

const GENERATED: readonly Arm[] = [
  { label: "", kind: "plain", way: "generator" },
  { label: "ed25519 ", kind: "ed25519", way: "generator" },
  { label: "rsa ", kind: "rsa", way: "generator" },
];
const SOURCED: readonly Arm[] = [
  { label: "smtp-source -d ", kind: "plain", way: "kept" },
  { label: "smtp-source ", kind: "plain", way: "fresh" },
];

/** Someone who relays, and how he is given mail. */
interface Relay extends AsyncDisposable {
  readonly target: Target;
  readonly load: Partial<LoadOptions>;
}

/** Ours: all mail goes on to the sink. */
async function startRelay(kind: Kind, sink: Sink): Promise<Relay> {
  const route = { domain: "*", host: "127.0.0.1", port: sink.port, tls: "none" };
  const limits = { rates: { accountMessagesPerHour: 0, accountRecipientsPerHour: 0 } };
  const server = await startServer({ domains: [BENCH_DOMAIN], config: { outbound: { routes: [route] }, limits } });
  try {
    await (kind === "plain" ? addAliases(server) : addSigner(server, kind));
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  return {
    target: {
      name: kind,
      smtpPort: kind === "plain" ? server.ports.smtp : server.ports.submission,
      delivered: () => sink.taken(),
      cpu: () => hasProc() ? processCpu(server.pid) : null,
    },
    load: kind === "plain" ? {} : { password: PASSWORD, toDomain: SINK_DOMAIN },
    async [Symbol.asyncDispose]() {
      try {
        await server.stop();
      } finally {
        await server[Symbol.asyncDispose]();
      }
    },
  };
}

/** Each address here stands for one there. */
async function addAliases(server: TestServer): Promise<void> {
  for (let i = 0; i < BENCH_ACCOUNTS; i++) {
    await server.rpc("alias.add", { address: `u${i}@${BENCH_DOMAIN}`, targets: [`u${i}@${SINK_DOMAIN}`] });
  }
}

/** A user whose domain signs with one key, of this kind. */
async function addSigner(server: TestServer, kind: Exclude<Kind, "plain">): Promise<void> {
  await server.rpc("account.add", { address: `load@${BENCH_DOMAIN}`, password: PASSWORD });
  const { records } = await server.rpc<{ records: readonly { selector: string; algorithm: string }[] }>(
    "dkim.rotate",
    { domain: BENCH_DOMAIN },
  );
  await server.rpc("dkim.activate", { domain: BENCH_DOMAIN, unchecked: true });
  for (const { selector, algorithm } of records) {
    if (!algorithm.startsWith(kind)) await server.rpc("dkim.rm", { domain: BENCH_DOMAIN, selector });
  }
}

/** Where it all goes: smtp-sink, or our own where that is not installed. */
async function startAnySink(): Promise<Sink> {
  return whyNoSmtpPrograms() === null ? await startSmtpSink() : await startSink(0);
}

async function startPeer(sink: Sink): Promise<Relay> {
  const postfix = await startPostfixRelay(sink.port);
  const target = {
    name: PEER,
    delivered: () => sink.taken(),
    smtpPort: postfix.smtpPort,
    cpu: () => postfix.cpu(),
  };
  return { target, load: {}, [Symbol.asyncDispose]: () => postfix[Symbol.asyncDispose]() };
}

/** Measures all in turn (A B C A B C …): from the first connection until the last mail is at the sink. */
export async function benchRelay(context: BenchContext): Promise<Findings> {
  const findings = noFindings();
  const sink = await startAnySink();
  try {
    await using started = new AsyncDisposableStack();
    const relays = new Map<Kind, Relay>();
    for (const kind of KINDS) {
      const relay = started.use(await startRelay(kind, sink));
      // The first login has its password checked, which takes longer than a mail; it is remembered for the others.
      await deliverLoad(relay.target, { ...LOAD, ...relay.load, sessions: 1, countMax: 1 });
      relays.set(kind, relay);
    }
    const noPeer = context.quick ? "not in a quick run" : whyNoPostfix();
    const peer = noPeer === null ? started.use(await startPeer(sink)) : null;
    if (noPeer !== null) findings.skipped.push(`relay (${PEER}): ${noPeer}`);
    const noSource = whyNoSmtpPrograms();
    if (noSource !== null) findings.skipped.push(`relay (smtp-source): ${noSource}`);
    const arms = noSource === null ? [...GENERATED, ...SOURCED] : GENERATED;
    await measureAll(arms, { relays, peer }, { context, findings });
  } finally {
    await sink.close();
  }
  return findings;
}

async function measureAll(
  arms: readonly Arm[],
  { relays, peer }: { readonly relays: ReadonlyMap<Kind, Relay>; readonly peer: Relay | null },
  { context, findings }: { readonly context: BenchContext; readonly findings: Findings },
): Promise<void> {
  const own = new Map(arms.map((arm) => [arm, [] as Delivered[]]));
  const others = new Map(arms.map(({ way }) => [way, [] as Delivered[]]));
  for (let round = 0; round < (context.quick ? 1 : 3); round++) {
    const measure = async (relay: Relay, way: Way) => {
      context.note(`relay: round ${round + 1}, ${relay.target.name}, ${way}`);
      return way === "generator"
        ? await generate(relay, { context, findings })
        : await deliverSource(relay.target, { ...SOURCE, kept: way === "kept", count: countOf(way, context) });
    };
    for (const [kind, relay] of relays) {
      if (!context.quick) await warmUp(relay);
      for (const [arm, loads] of own) if (arm.kind === kind) loads.push(await measure(relay, arm.way));
    }
    if (peer === null) continue;
    await warmUp(peer);
    for (const [way, loads] of others) loads.push(await measure(peer, way));
  }
  for (const arm of arms) {
    add(findings, arm, { own: own.get(arm)!, other: peer === null ? null : others.get(arm.way)! });
  }
}

/** A load that is not measured, the same for all. */
async function warmUp({ target, load }: Relay): Promise<void> {
  await deliverLoad(target, { ...LOAD, ...load, sessions: SESSIONS, durationMsMax: WARM_UP_MS });
}

/** Mails in one load of smtp-source, the same for both: about as long as our own generator takes with ours. */
function countOf(way: Way, { quick }: BenchContext): number {
  if (quick) return 2_000;
  return way === "kept" ? 50_000 : 20_000;
}

async function generate(
  { target, load: own }: Relay,
  { context, findings }: { readonly context: BenchContext; readonly findings: Findings },
): Promise<DeliveredLoad> {
  const durationMsMax = context.quick ? 3_000 : 8_000;
  const load = await deliverLoad(target, { ...LOAD, ...own, sessions: SESSIONS, durationMsMax });
  for (const [reply, count] of Object.entries(load.result.errors)) {
    // So many sessions log in at once that some of them are told to come again, and do.
    if (!reply.startsWith("454 4.7.0 ")) findings.errors.push(`relay ${target.name}: ${count} × ${reply}`);
  }
  return load;
}

type Row = readonly [name: string, unit: string, better: "higher" | "lower", pick: (load: Delivered) => number];

const ROWS: readonly Row[] = [
  ["relayed", "msg/s", "higher", (load) => load.deliveredPerSecond],
  ["drain", "ms", "lower", (load) => load.drainMs],
  ["server CPU", "µs/msg", "lower", (load) => load.cpuUsPerMessage ?? NaN],
];

/** Only our own generator looks at replies. */
const REPLY_ROWS: readonly Row[] = [
  ["ack p50", "ms", "lower", (load) => replyOf(load).p50Ms],
  ["ack p99", "ms", "lower", (load) => replyOf(load).p99Ms],
];

function replyOf(load: Delivered): DeliveredLoad["result"]["ack"] {
  return (load as DeliveredLoad).result.ack;
}

function add(
  findings: Findings,
  { label, way }: Arm,
  { own, other }: { readonly own: readonly Delivered[]; readonly other: readonly Delivered[] | null },
): void {
  for (const [name, unit, better, pick] of way === "generator" ? [...ROWS, ...REPLY_ROWS] : ROWS) {
    findings.figures.push(figure(
      `relay/4KB ${label}${name}`,
      { unit, better, rounds: own.map(pick) },
      ...(other === null ? [] : [{ name: PEER, rounds: other.map(pick) }]),
    ));
  }
}
