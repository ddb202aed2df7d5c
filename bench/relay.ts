/** Mail that goes on to another server: accepted, queued, handed over and counted there; Postfix does the same beside us. */
import { startServer } from "../test/support/server.ts";
import { type BenchContext, figure, type Findings, noFindings } from "./figures.ts";
import { startSink } from "./load/sink.ts";
import { startPostfixRelay, whyNoPostfix } from "./postfix_relay.ts";
import { hasProc, processCpu } from "./process_figures.ts";
import { BENCH_ACCOUNTS, BENCH_DOMAIN } from "./stagepost.ts";
import { type DeliveredLoad, deliverLoad, type Target } from "./target.ts";

const PEER = "Postfix";
const MESSAGE_BYTES = 4_096;

/** Each address here stands for one there: all mail goes on. */
async function startRelay(sinkPort: number): Promise<Target & AsyncDisposable & { stop(): Promise<void> }> {
  const route = { domain: "*", host: "127.0.0.1", port: sinkPort, tls: "none" };
  const server = await startServer({ domains: [BENCH_DOMAIN], config: { outbound: { routes: [route] } } });
  for (let i = 0; i < BENCH_ACCOUNTS; i++) {
    await server.rpc("alias.add", { address: `u${i}@${BENCH_DOMAIN}`, targets: [`u${i}@sink.test`] });
  }
  return {
    name: "stagepost",
    smtpPort: server.ports.smtp,
    delivered: () => null,
    cpu: () => hasProc() ? processCpu(server.pid) : null,
    stop: () => server.stop(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Measures both in turn (A B A B …): from the first connection until the last mail is at the sink. */
export async function benchRelay(context: BenchContext): Promise<Findings> {
  const findings = noFindings();
  const sink = await startSink(0);
  try {
    await using ours = await startRelay(sink.port);
    const reason = context.quick ? "not in a quick run" : whyNoPostfix();
    await using theirs = reason === null ? await startPostfixRelay(sink.port) : null;
    if (reason !== null) findings.skipped.push(`relay (${PEER}): ${reason}`);
    const targets: Target[] = [{ ...ours, delivered: () => sink.taken() }];
    if (theirs !== null) targets.push({ name: PEER, delivered: () => sink.taken(), ...theirs });
    const loads = new Map(targets.map(({ name }) => [name, [] as DeliveredLoad[]]));
    for (let round = 0; round < (context.quick ? 1 : 3); round++) {
      for (const target of targets) {
        context.note(`relay: round ${round + 1}, ${target.name}`);
        const load = await deliverLoad(target, {
          sessions: 50,
          accounts: BENCH_ACCOUNTS,
          domain: BENCH_DOMAIN,
          messageBytes: MESSAGE_BYTES,
          durationMsMax: context.quick ? 3_000 : 8_000,
          warmupMs: 0,
        });
        loads.get(target.name)!.push(load);
        for (const [reply, count] of Object.entries(load.result.errors)) {
          findings.errors.push(`relay ${target.name}: ${count} × ${reply}`);
        }
      }
    }
    add(findings, loads);
    await ours.stop();
  } finally {
    await sink.close();
  }
  return findings;
}

function add(findings: Findings, loads: ReadonlyMap<string, readonly DeliveredLoad[]>): void {
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
      `relay/4KB ${name}`,
      { unit, better, rounds: loads.get("stagepost")!.map(pick) },
      ...(peer === undefined ? [] : [{ name: PEER, rounds: peer.map(pick) }]),
    ));
  }
}
