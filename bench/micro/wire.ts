import { decodeBatch, encodeBatch, type Frame } from "../../src/runtime/wire.ts";
import { type BenchContext, figure, type Findings, noFindings } from "../figures.ts";
import { compare, effort } from "./compare.ts";

/** Deliveries in one batch: what 50 busy sessions put into one turn. */
const BATCH = 16;
const REFERENCE = "structuredClone";

/** A batch of deliveries to bytes and back, beside the clone that `postMessage` would make of the same objects. */
export async function benchWire(context: BenchContext): Promise<Findings> {
  const findings = noFindings();
  for (const [label, bytes] of [["4KB", 4_096], ["64KB", 65_536]] as const) {
    context.note(`wire: ${label}`);
    const count = bytes > 10_000 ? 1 : BATCH;
    const frames = Array.from({ length: count }, (_, i) => delivery(i, bytes));
    const times = await compare([
      { name: "wire", operations: count, run: () => void roundTrip(frames) },
      { name: REFERENCE, operations: count, run: () => void structuredClone(frames) },
    ], effort(context.quick));
    findings.figures.push(
      figure(`wire/delivery of ${label}`, { unit: "µs", better: "lower", rounds: times.get("wire")! }, {
        name: REFERENCE,
        rounds: times.get(REFERENCE)!,
      }),
    );
    const back = roundTrip(frames);
    if (back !== count) findings.errors.push(`wire: ${back} of ${count} frames came back`);
  }
  return findings;
}

function roundTrip(frames: readonly Frame[]): number {
  return decodeBatch(encodeBatch({ acknowledged: 0, frames })).frames.length;
}

function delivery(i: number, bytes: number): Frame {
  const parts = [new Uint8Array(300), new Uint8Array(bytes).fill(65)];
  const targets = [{ account: `account-${i}`, quotaBytes: 0 }];
  const request = { opId: `op-${i}`, targets, parts, flags: 0, mailbox: 1 };
  return {
    kind: "message",
    to: "domain/bench.test",
    from: "smtp",
    type: "mailbox.deliver",
    id: i + 1,
    deadlineMs: 30_000,
    trace: undefined,
    request,
    bytes: 0,
  };
}
