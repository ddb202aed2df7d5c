/** The whole way of a mail: generator → sockets → our server → disk, and a count of what arrived. */
import { type BenchContext, type Figure, figure, type Findings, median, noFindings } from "./figures.ts";
import { type LoadOptions, type LoadResult, spawnLoad } from "./load/mod.ts";
import { type CpuSeconds, hasProc, processRss } from "./process_figures.ts";
import { BENCH_ACCOUNTS, BENCH_DOMAIN, type Stagepost, startStagepost } from "./stagepost.ts";
import { perMessage } from "./target.ts";
import { countSyncs, whyNoSyncCounter } from "./sync_counter.ts";

interface Scenario {
  readonly label: string;
  readonly load: Partial<LoadOptions>;
  readonly quick: boolean;
}

const SCENARIOS: readonly Scenario[] = [
  { label: "4KB", load: { messageBytes: 4_096 }, quick: true },
  { label: "4KB pipelined", load: { messageBytes: 4_096, pipelining: true }, quick: false },
  { label: "4KB reconnecting", load: { messageBytes: 4_096, reconnect: true }, quick: false },
  { label: "100KB", load: { messageBytes: 102_400 }, quick: true },
];

/** One round: what the generator saw and what the server used meanwhile. */
interface Round {
  readonly result: LoadResult;
  /** CPU of the server in µs per message, or null where that cannot be seen. */
  readonly serverCpuUs: number | null;
}

/** Runs all scenarios against one fresh server and verifies that what was acknowledged is stored. */
export async function benchE2e(context: BenchContext): Promise<Findings> {
  const findings = noFindings();
  await using ours = await startStagepost();
  const suite = new Suite(ours, context, findings);
  for (const { label, load, quick } of SCENARIOS) {
    if (context.quick && !quick) continue;
    const rate = await suite.closedLoop(label, load);
    if (label === "4KB" || label === "100KB") await suite.openLoop(label, load, rate / 2);
  }
  await suite.syncs();
  suite.memory();
  await suite.verify();
  await ours.stop();
  return findings;
}

class Suite {
  #acknowledged = 0;
  #inDoubt = 0;
  #run = 0;

  constructor(
    private readonly ours: Stagepost,
    private readonly context: BenchContext,
    private readonly findings: Findings,
  ) {}

  /** 50 sessions, each as fast as it is answered. Returns the rate. */
  async closedLoop(label: string, load: Partial<LoadOptions>): Promise<number> {
    const rounds: Round[] = [];
    for (let round = 0; round < (this.context.quick ? 1 : 3); round++) {
      this.context.note(`e2e: ${label}, closed loop, round ${round + 1}`);
      rounds.push(await this.#round(load));
    }
    const add = (name: string, unit: string, better: Figure["better"], pick: (round: Round) => number) =>
      this.findings.figures.push(figure(`e2e/${label} ${name}`, { unit, better, rounds: rounds.map(pick) }));
    add("rate", "msg/s", "higher", ({ result }) => result.messagesPerSecond);
    add("ack p50", "ms", "lower", ({ result }) => result.ack.p50Ms);
    add("ack p99", "ms", "lower", ({ result }) => result.ack.p99Ms);
    if (rounds.every(({ serverCpuUs }) => serverCpuUs !== null)) {
      add("server CPU", "µs/msg", "lower", ({ serverCpuUs }) => serverCpuUs!);
    }
    add("generator CPU", "µs/msg", "lower", ({ result: { cpuUsPerMessage: { user, system } } }) => user + system);
    return median(rounds.map(({ result }) => result.messagesPerSecond));
  }

  /** Messages on a schedule at `ratePerSecond`: latencies count from the instant a message was meant to start. */
  async openLoop(label: string, load: Partial<LoadOptions>, ratePerSecond: number): Promise<void> {
    if (!(ratePerSecond > 0)) return;
    this.context.note(`e2e: ${label}, open loop at ${Math.round(ratePerSecond)}/s`);
    const { result } = await this.#round({ ...load, ratePerSecond });
    const add = (name: string, value: number) =>
      this.findings.figures.push(
        figure(`e2e/${label} at half rate, ${name}`, { unit: "ms", better: "lower", rounds: [value] }),
      );
    add("ack p50", result.ack.p50Ms);
    add("ack p99", result.ack.p99Ms);
    add("whole p99", result.transaction.p99Ms);
    if (result.notStarted > result.acknowledged / 100) {
      this.context.note(`e2e: ${label}: ${result.notStarted} messages found no free session: the rate was too high`);
    }
  }

  /** Flushes per message at 50 sessions, in a short run of its own because watching slows the server. */
  async syncs(): Promise<void> {
    const reason = this.context.quick ? "not in a quick run" : whyNoSyncCounter();
    if (reason !== null) return void this.findings.skipped.push(`e2e flushes per message: ${reason}`);
    this.context.note("e2e: counting flushes");
    try {
      const { value, syncs } = await countSyncs(
        this.ours.server.pid,
        () => this.#load({ countMax: 4_000, warmupMs: 0 }),
      );
      const rounds = [syncs / Math.max(1, value.totals.acknowledged)];
      this.findings.figures.push(figure("e2e/4KB flush calls", { unit: "per msg", better: "lower", rounds }));
    } catch (error) {
      this.findings.skipped.push(`e2e flushes per message: ${error instanceof Error ? error.message : error}`);
    }
  }

  memory(): void {
    if (!hasProc()) return;
    const rounds = [processRss(this.ours.server.pid) / 1_048_576];
    this.findings.figures.push(figure("e2e/memory after the load", { unit: "MiB", better: "lower", rounds }));
  }

  /** Everything acknowledged must be in a maildrop, and nothing that was not sent. */
  async verify(): Promise<void> {
    this.context.note(`e2e: counting the maildrops, ${this.#acknowledged} acknowledged`);
    const stored = await this.ours.stored();
    // A message whose acknowledgement was never seen may be stored or not.
    if (stored < this.#acknowledged || stored > this.#acknowledged + this.#inDoubt) {
      const doubt = this.#inDoubt > 0 ? ` and ${this.#inDoubt} in doubt` : "";
      this.findings.errors.push(`e2e: ${stored} messages stored, ${this.#acknowledged} acknowledged${doubt}`);
    }
  }

  async #round(load: Partial<LoadOptions>): Promise<Round> {
    let atWindow: CpuSeconds | null = null;
    let atEnd: CpuSeconds | null = null;
    const result = await this.#load(load, (event) => {
      if (event === "window") atWindow = this.ours.cpu();
      if (event === "draining") atEnd = this.ours.cpu();
    });
    return { result, serverCpuUs: perMessage(atWindow, atEnd, result.acknowledged) };
  }

  async #load(load: Partial<LoadOptions>, onEvent: (event: string) => void = () => {}): Promise<LoadResult> {
    const { quick } = this.context;
    const base = { sessions: 50, accounts: BENCH_ACCOUNTS, domain: BENCH_DOMAIN, idPrefix: `e2e-${this.#run++}` };
    const time = { warmupMs: quick ? 1_000 : 2_000, durationMsMax: quick ? 3_000 : 6_000 };
    const options = { ...base, ...time, ...load, port: this.ours.smtpPort };
    const result = await spawnLoad(options, { onEvent: ({ event }) => onEvent(event) }).result;
    this.#acknowledged += result.totals.acknowledged;
    this.#inDoubt += result.totals.inDoubt;
    for (const [reply, count] of Object.entries(result.errors)) {
      this.findings.errors.push(`e2e: ${count} × ${reply}`);
    }
    return result;
  }
}
