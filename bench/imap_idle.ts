/** Idle IMAP connections: what each costs in memory, and how soon after the 250 it is told of mail. */
import { delay } from "../test/support/eventually.ts";
import { ImapIdlers, MANY_FILES } from "../test/support/imap_idlers.ts";
import { programPath } from "../test/support/programs.ts";
import { type BenchContext, figure, type Findings, noFindings } from "./figures.ts";
import { startPeer, whyNoPeer } from "./peers.ts";
import { BENCH_ACCOUNTS, BENCH_DOMAIN, type Stagepost, startStagepost } from "./stagepost.ts";

/** Until the collectors of idle workers have been through: measured, they take 25 to 35 s. */
const SETTLE_MS = 40_000;
/** From the beginning of one delivery to that of the next, in ms. */
const DELIVERY_EVERY_MS = 50;
/** Each is a process there. */
const PEER_CONNECTIONS = 200;
const PEER_PASSWORD = "secret";

function idlers(ours: Stagepost, count: number, tls: boolean): Promise<ImapIdlers> {
  const { ports } = ours.server;
  return ImapIdlers.open({
    port: tls ? ports.imaps : ports.imap,
    tls,
    count,
    users: Math.min(count, BENCH_ACCOUNTS),
    domain: BENCH_DOMAIN,
    password: ours.password,
    smtpPort: ports.smtp,
  });
}

/** Memory of the process, and what its heaps held after the last full collection of each, as V8 has traced them. */
function memoryOf({ server }: Stagepost): { readonly residentBytes: number; readonly heapBytes: number } {
  const heaps = new Map<string, number>();
  for (const line of server.text) {
    const [, isolate, megabytes] = /^\[\d+:(0x[0-9a-f]+)\].* Mark-Compact .*-> ([\d.]+) \(/.exec(line) ?? [];
    if (isolate !== undefined) heaps.set(isolate, Number(megabytes) * 1_048_576);
  }
  const heapBytes = [...heaps.values()].reduce((sum, bytes) => sum + bytes, 0);
  return { residentBytes: server.rssBytes(), heapBytes };
}

/** Delivers one mail after the other; how long after its 250 each client was told, in ms, the shortest first. */
async function notices(clients: ImapIdlers, deliveries: number, users: number): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < deliveries; i++) {
    const next = delay(DELIVERY_EVERY_MS);
    found.push(...await clients.deliver(i % users));
    await next;
  }
  return found.sort((a, b) => a - b);
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** Measures memory with plain and with TLS connections, and notices with few and with many of them. */
export async function benchImapIdle(context: BenchContext): Promise<Findings> {
  const findings = noFindings();
  if (programPath(MANY_FILES[0]) === null) {
    findings.skipped.push(`imap-idle: not installed: ${MANY_FILES[0]}`);
    return findings;
  }
  const dovecot = await peerMemory(context, findings);
  await benchKind("plain", context, { findings, reference: dovecot });
  await benchKind("TLS", context, { findings, reference: null });
  return findings;
}

async function benchKind(
  kind: "plain" | "TLS",
  context: BenchContext,
  { findings, reference }: { readonly findings: Findings; readonly reference: number | null },
): Promise<void> {
  const most = context.quick ? 1_000 : 5_000;
  const deliveries = context.quick ? 60 : 300;
  const add = (name: string, unit: string, value: number, against: number | null = null) => {
    const spec = { unit, better: "lower", rounds: [value] } as const;
    const other = against === null ? undefined : { name: "Dovecot", rounds: [against] };
    findings.figures.push(figure(`imap-idle/${name}, ${kind}`, spec, other));
  };
  await using ours = await startStagepost({}, { wrapper: MANY_FILES, env: { DENO_V8_FLAGS: "--trace-gc" } });
  context.note(`imap-idle: memory of ${most} connections, ${kind}`);
  await delay(SETTLE_MS);
  const before = memoryOf(ours);
  // The many first: garbage of others would count as theirs.
  for (const count of [most, 1, 100]) {
    await using clients = await idlers(ours, count, kind === "TLS");
    if (count === most) {
      await delay(SETTLE_MS);
      const after = memoryOf(ours);
      add(`memory of one of ${most}`, "KB", (after.residentBytes - before.residentBytes) / most / 1_024, reference);
      add(`of it on the heap`, "KB", (after.heapBytes - before.heapBytes) / most / 1_024);
    }
    context.note(`imap-idle: notices at ${count} connections, ${kind}`);
    const times = await notices(clients, deliveries, Math.min(count, BENCH_ACCOUNTS));
    add(`notice at ${count}, p50`, "ms", quantile(times, 0.5));
    add(`notice at ${count}, p99`, "ms", quantile(times, 0.99));
  }
  await ours.stop();
}

/** What a connection costs Dovecot, in KB; null where it is not. */
async function peerMemory(context: BenchContext, findings: Findings): Promise<number | null> {
  const reason = whyNoPeer();
  if (reason !== null) {
    findings.skipped.push(`imap-idle beside Dovecot: ${reason}`);
    return null;
  }
  context.note(`imap-idle: memory of ${PEER_CONNECTIONS} connections, Dovecot`);
  await using peer = await startPeer();
  const users = BENCH_ACCOUNTS;
  const options = {
    port: peer.imapPort,
    tls: false,
    users,
    domain: BENCH_DOMAIN,
    password: PEER_PASSWORD,
    smtpPort: null,
  };
  const open = (count: number) => ImapIdlers.open({ ...options, count });
  // Its first connections start processes that stay.
  await using _first = await open(users);
  const before = peer.memory();
  await using _more = await open(PEER_CONNECTIONS);
  return (peer.memory() - before) / PEER_CONNECTIONS / 1_024;
}
