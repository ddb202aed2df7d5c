import { setImmediate } from "node:timers";
import { FakeClock, type Log, type LogFields, seededRandom, SILENT } from "../../../src/base/mod.ts";
import {
  type ActorSystemOptions,
  createActorSystem,
  type HostedSystem,
  type LinkPort,
} from "../../../src/runtime/mod.ts";
import type { Sent } from "../../../src/runtime/beside.ts";

/** A system on a fake clock. */
export function testSystem(
  over: Partial<ActorSystemOptions> & { readonly clock?: FakeClock } = {},
): { system: HostedSystem; clock: FakeClock } {
  const clock = over.clock ?? new FakeClock();
  const options = { node: "local", worker: "w", log: SILENT, random: seededRandom(1), ...over, clock };
  return { system: createActorSystem(options), clock };
}

/** Lets turns and promises run until nothing but timers is left. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => void setImmediate(resolve));
}

/** One end of a channel whose batches wait until the test lets them through. */
export class TestPort implements LinkPort {
  readonly sent: Sent[] = [];
  closed = false;
  #handle: ((batch: unknown) => void) | null = null;
  send(batch: Sent): void {
    this.sent.push(batch);
  }
  receive(handle: (batch: unknown) => void): void {
    this.#handle = handle;
  }
  close(): void {
    this.closed = true;
  }
  /** What the peer says. */
  arrive(batch: unknown): void {
    this.#handle?.(batch);
  }
}

/** Links two systems; `pass` lets through what waits on both sides and answers how many batches that were. */
export function linkSystems(a: HostedSystem, b: HostedSystem) {
  const atA = new TestPort();
  const atB = new TestPort();
  a.connect({ node: "local", worker: b.worker }, atA);
  b.connect({ node: "local", worker: a.worker }, atB);
  const pass = () => {
    const [toB, toA] = [atA.sent.splice(0), atB.sent.splice(0)];
    for (const batch of toB) atB.arrive(batch);
    for (const batch of toA) atA.arrive(batch);
    return toA.length + toB.length;
  };
  const passAll = async () => {
    do await settle(); while (pass() > 0);
  };
  return { atA, atB, pass, passAll };
}

/** A log that keeps its lines. */
export function recordingLog(): { log: Log; lines: { level: string; event: string; fields: LogFields | undefined }[] } {
  const lines: { level: string; event: string; fields: LogFields | undefined }[] = [];
  const keep = (level: string) => (event: string, fields?: LogFields) => void lines.push({ level, event, fields });
  const log: Log = {
    debug: keep("debug"),
    info: keep("info"),
    warn: keep("warn"),
    error: keep("error"),
    child: () => log,
  };
  return { log, lines };
}
