/** Postfix with Dovecot LMTP beside our server: the same load in turn, counted by what reached the mailboxes. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { freePorts } from "../test/support/free_ports.ts";
import { isRoot, programPath, runOk } from "../test/support/programs.ts";
import { type BenchContext, figure, type Findings, noFindings } from "./figures.ts";
import { LineCounter } from "./line_counter.ts";
import { treeCpu, treeMemory } from "./process_figures.ts";
import { startStagepost } from "./stagepost.ts";
import { type DeliveredLoad, deliverLoad, type Target } from "./target.ts";

const SCRIPT = fileURLToPath(new URL("../../shared/peers/postfix-dovecot", import.meta.url));
const PEER = "Postfix + Dovecot LMTP";

/** A running peer. */
export interface Peer extends Target, AsyncDisposable {
  readonly imapPort: number;
  /** Memory of all its processes, in bytes. */
  memory(): number;
}

/** Why the peer cannot run here, or null when it can. */
export function whyNoPeer(): string | null {
  if (!existsSync(SCRIPT)) return "its start script is not beside this repository";
  const missing = ["postfix", "dovecot", "doveadm"].filter((program) => programPath(program) === null);
  if (missing.length > 0) return `not installed: ${missing.join(", ")}`;
  return isRoot() ? null : "it starts as root only";
}

/** Starts the peer pair in a directory of its own on free ports. `dovecot`: more lines of Dovecot's configuration. */
export async function startPeer({ dovecot = "" }: { readonly dovecot?: string } = {}): Promise<Peer> {
  const dir = await Deno.makeTempDir({ prefix: "stagepost-peer-" });
  // Postfix and Dovecot drop to users of their own, who have to get through.
  await Deno.chmod(dir, 0o755);
  const [smtp, imap, pop3] = await freePorts(3);
  const root = `${dir}/pair`;
  const env = { ROOT: root, SMTP: `${smtp}`, IMAP: `${imap}`, POP3: `${pop3}` };
  const stop = async () => {
    await runOk(SCRIPT, ["stop"], { env });
    await Deno.remove(dir, { recursive: true });
  };
  try {
    await start(env);
    if (dovecot !== "") await restartDovecot(`${root}/dovecot.conf`, dovecot);
  } catch (error) {
    await stop();
    throw error;
  }
  const log = new LineCounter(`${root}/maillog`, "status=sent");
  const pids = [`${root}/spool/pid/master.pid`, `${root}/run/master.pid`].map((file) =>
    Number(readFileSync(file, "utf8").trim())
  );
  return {
    name: PEER,
    smtpPort: smtp!,
    imapPort: imap!,
    delivered: () => log.count(),
    cpu: () => treeCpu(pids),
    memory: () => treeMemory(pids),
    [Symbol.asyncDispose]: stop,
  };
}

async function start(env: Record<string, string>): Promise<void> {
  const { code } = await daemon(SCRIPT, ["start"], env);
  if (code !== 0) throw new Error(`${PEER}: the start script ended with ${code}`);
}

/** Starts Dovecot again with more lines in its configuration. */
async function restartDovecot(config: string, lines: string): Promise<void> {
  await runOk("doveadm", ["-c", config, "stop"]);
  await Deno.writeTextFile(config, lines, { append: true });
  const { code } = await daemon("dovecot", ["-c", config]);
  if (code !== 0) throw new Error(`${PEER}: dovecot ended with ${code}`);
}

/** Daemons keep their starter's output open, so it goes to nowhere: waiting for its end would be waiting for theirs. */
function daemon(program: string, args: string[], env: Record<string, string> = {}): Promise<Deno.CommandStatus> {
  return new Deno.Command(program, { args, env, stdin: "null", stdout: "null", stderr: "null" }).spawn().status;
}

const SIZES = [{ label: "4KB", messageBytes: 4_096 }, { label: "100KB", messageBytes: 102_400 }] as const;

/** Measures both in turn (A B A B …), 50 sessions, connections kept. */
export async function benchPeers(context: BenchContext): Promise<Findings> {
  const findings = noFindings();
  const reason = whyNoPeer();
  if (reason !== null) {
    findings.skipped.push(`peers (${PEER}): ${reason}`);
    return findings;
  }
  await using ours = await startStagepost();
  await using theirs = await startPeer();
  const rounds = context.quick ? 1 : 3;
  const durationMsMax = context.quick ? 2_000 : 8_000;
  let acknowledged = 0;
  for (const { label, messageBytes } of SIZES) {
    const [own, other]: [DeliveredLoad[], DeliveredLoad[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      for (const [target, loads] of [[ours, own], [theirs, other]] as const) {
        context.note(`peers: ${label}, round ${round + 1} of ${rounds}, ${target.name}`);
        const load = await deliverLoad(target, { messageBytes, durationMsMax, warmupMs: 0 });
        loads.push(load);
        for (const [reply, count] of Object.entries(load.result.errors)) {
          findings.errors.push(`peers/${label} ${target.name}: ${count} × ${reply}`);
        }
      }
    }
    acknowledged += own.reduce((sum, { result }) => sum + result.totals.acknowledged, 0);
    findings.figures.push(...comparison(label, own, other));
  }
  const stored = await ours.stored();
  if (stored !== acknowledged) findings.errors.push(`peers: ${stored} messages stored, ${acknowledged} acknowledged`);
  await ours.stop();
  return findings;
}

function comparison(label: string, own: readonly DeliveredLoad[], other: readonly DeliveredLoad[]) {
  const rounds = (pick: (load: DeliveredLoad) => number) => {
    return [{ rounds: own.map(pick) }, { name: PEER, rounds: other.map(pick) }] as const;
  };
  const [rate, peerRate] = rounds((load) => load.deliveredPerSecond);
  const [p50, peerP50] = rounds((load) => load.result.ack.p50Ms);
  const [p99, peerP99] = rounds((load) => load.result.ack.p99Ms);
  const [cpu, peerCpu] = rounds((load) => load.cpuUsPerMessage ?? NaN);
  return [
    figure(`peers/${label} delivered`, { unit: "msg/s", better: "higher", ...rate }, peerRate),
    figure(`peers/${label} ack p50`, { unit: "ms", better: "lower", ...p50 }, peerP50),
    figure(`peers/${label} ack p99`, { unit: "ms", better: "lower", ...p99 }, peerP99),
    figure(`peers/${label} server CPU`, { unit: "µs/msg", better: "lower", ...cpu }, peerCpu),
  ];
}
