/** Mail that goes on to another server: accepted, queued, handed over and counted there; Postfix does the same beside us. */
import { startServer, type TestServer } from "../test/support/server.ts";
import { type BenchContext, figure, type Findings, noFindings } from "./figures.ts";
import type { LoadOptions } from "./load/mod.ts";
import { startSink } from "./load/sink.ts";
import { startPostfixRelay, whyNoPostfix } from "./postfix_relay.ts";
import { hasProc, processCpu } from "./process_figures.ts";
import { BENCH_ACCOUNTS, BENCH_DOMAIN } from "./stagepost.ts";
import { type DeliveredLoad, deliverLoad, type Target } from "./target.ts";

const PEER = "Postfix";
const MESSAGE_BYTES = 4_096;
const SINK_DOMAIN = "sink.test";
const PASSWORD = "a long way for a letter";

const LOAD = { accounts: BENCH_ACCOUNTS, domain: BENCH_DOMAIN, messageBytes: MESSAGE_BYTES, warmupMs: 0 } as const;

/** What is measured: mail of strangers that aliases send on, and users' mail with a signature of one kind. */
const KINDS = ["plain", "ed25519", "rsa"] as const;
type Kind = typeof KINDS[number];

/** Someone who relays, and how he is given mail. */
interface Relay extends AsyncDisposable {
  readonly target: Target;
  readonly load: Partial<LoadOptions>;
}

/** Ours: all mail goes on to the sink. */
async function startRelay(kind: Kind, sink: { readonly port: number; taken(): number }): Promise<Relay> {
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

/** Measures all in turn (A B C A B C …): from the first connection until the last mail is at the sink. */
export async function benchRelay(context: BenchContext): Promise<Findings> {
  const findings = noFindings();
  const sink = await startSink(0);
  try {
    await using started = new AsyncDisposableStack();
    const relays: Relay[] = [];
    for (const kind of KINDS) {
      const relay = started.use(await startRelay(kind, sink));
      // The first login has its password checked, which takes longer than a mail; it is remembered for the others.
      await deliverLoad(relay.target, { ...LOAD, ...relay.load, sessions: 1, countMax: 1 });
      relays.push(relay);
    }
    const reason = context.quick ? "not in a quick run" : whyNoPostfix();
    if (reason !== null) findings.skipped.push(`relay (${PEER}): ${reason}`);
    else {
      const postfix = started.use(await startPostfixRelay(sink.port));
      const target = {
        name: PEER,
        delivered: () => sink.taken(),
        smtpPort: postfix.smtpPort,
        cpu: () => postfix.cpu(),
      };
      relays.push({ target, load: {}, [Symbol.asyncDispose]: () => Promise.resolve() });
    }
    const loads = new Map(relays.map(({ target }) => [target.name, [] as DeliveredLoad[]]));
    for (let round = 0; round < (context.quick ? 1 : 3); round++) {
      for (const { target, load: own } of relays) {
        context.note(`relay: round ${round + 1}, ${target.name}`);
        const load = await deliverLoad(target, {
          ...LOAD,
          ...own,
          sessions: 50,
          durationMsMax: context.quick ? 3_000 : 8_000,
        });
        loads.get(target.name)!.push(load);
        for (const [reply, count] of Object.entries(load.result.errors)) {
          // So many sessions log in at once that some of them are told to come again, and do.
          if (!reply.startsWith("454 4.7.0 ")) findings.errors.push(`relay ${target.name}: ${count} × ${reply}`);
        }
      }
    }
    for (const kind of KINDS) add(findings, loads, kind);
  } finally {
    await sink.close();
  }
  return findings;
}

/** Postfix signs nothing: its figures are the same beside each kind of ours. */
function add(findings: Findings, loads: ReadonlyMap<string, readonly DeliveredLoad[]>, kind: Kind): void {
  const rows: readonly (readonly [string, string, "higher" | "lower", (load: DeliveredLoad) => number])[] = [
    ["relayed", "msg/s", "higher", (load) => load.deliveredPerSecond],
    ["ack p50", "ms", "lower", (load) => load.result.ack.p50Ms],
    ["ack p99", "ms", "lower", (load) => load.result.ack.p99Ms],
    ["drain", "ms", "lower", (load) => load.drainMs],
    ["server CPU", "µs/msg", "lower", (load) => load.cpuUsPerMessage ?? NaN],
  ];
  for (const [name, unit, better, pick] of rows) {
    const peer = loads.get(PEER);
    findings.figures.push(figure(
      `relay/4KB ${kind === "plain" ? "" : `${kind} `}${name}`,
      { unit, better, rounds: loads.get(kind)!.map(pick) },
      ...(peer === undefined ? [] : [{ name: PEER, rounds: peer.map(pick) }]),
    ));
  }
}
