import { directoryActor, type DirectoryArgs, type PasswordHasher } from "../../src/actors/directory.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { Failure, FakeClock, jsonLog, type LogLevel, seededRandom } from "../../src/base/mod.ts";
import type { AuthenticateReply, DirectoryProtocol } from "../../src/messages/mod.ts";
import { type ActorSystem, createActorSystem, type Ref } from "../../src/runtime/mod.ts";
import { MemoryDirectoryStore } from "../../src/storage/mod.ts";
import { QUICK_SCRAM } from "../support/quick_scram.ts";

/** Counts its work and does none; a hash names its password, so that nothing can be mixed up. */
export class FakeHasher implements PasswordHasher {
  readonly scramIterations = QUICK_SCRAM.scramIterations;
  readonly scramKeys = QUICK_SCRAM.scramKeys;
  checks = 0;
  hashes = 0;
  running = 0;
  runningMax = 0;
  version = 1;
  /** Set to hold checks back until it settles. */
  gate: Promise<void> = Promise.resolve();

  /** Set to hold hashes back until it settles. */
  hashGate: Promise<void> = Promise.resolve();

  async hash(password: string): Promise<string> {
    this.hashes++;
    await this.hashGate;
    return `v${this.version}:${password}`;
  }
  async verify(hashed: string, password: string): Promise<boolean> {
    this.checks++;
    this.runningMax = Math.max(this.runningMax, ++this.running);
    await this.gate;
    this.running--;
    return hashed.slice(hashed.indexOf(":") + 1) === password;
  }
  isOutdated(hashed: string): boolean {
    return !hashed.startsWith(`v${this.version}:`);
  }
}

export interface World {
  readonly system: ActorSystem;
  readonly directory: Ref<DirectoryProtocol>;
  readonly clock: FakeClock;
  readonly store: MemoryDirectoryStore;
  readonly hasher: FakeHasher;
  readonly log: string[];
}

export async function inWorld(run: (world: World) => Promise<void>, args: Partial<DirectoryArgs> = {}): Promise<void> {
  const clock = new FakeClock();
  const log: string[] = [];
  const options = {
    level: "debug" as LogLevel,
    wallMs: () => clock.wallMs(),
    write: (line: string) => void log.push(line),
  };
  const system = createActorSystem({
    node: "local",
    worker: "directory",
    clock,
    log: jsonLog(options),
    random: seededRandom(1),
  });
  const hasher = new FakeHasher();
  const store = new MemoryDirectoryStore();
  const login = { checksMax: 2, waitingMax: 4 };
  const directory = await system.spawn(directoryActor, {
    name: "directory",
    args: { store, login, hasher, ...args },
  });
  try {
    await directory.ask("directory.domainAdd", { name: "smith.test" });
    await directory.ask("directory.accountAdd", { address: "John@Smith.test", password: "boxing match" });
    await run({ system, directory, clock, store, hasher, log });
  } finally {
    await system.shutdown();
  }
}

/** Lets everything happen that can happen without the clock. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

export function login(
  { directory }: World,
  attempt: { user?: string; secret?: string; remote?: string } = {},
): Promise<AuthenticateReply> {
  const { user = "john@smith.test", secret = "boxing match", remote = "192.0.2.1" } = attempt;
  return directory.ask("directory.authenticate", { user, secret, remote, service: "pop3" });
}

export async function refuses(kind: string, ask: Promise<unknown>): Promise<string> {
  const failure = await assertRejects(() => ask, Failure);
  assertEquals(failure.kind, kind, failure.message);
  return failure.message;
}

/** Asks, moving the clock on until the answer is there; the answer and the time it took, in ms. */
export async function timed<T>(world: World, ask: Promise<T>): Promise<[T, number]> {
  const startMs = world.clock.monotonicMs();
  const answer: { value?: { is: T } } = {};
  const done = ask.then((value) => void (answer.value = { is: value }));
  for (let i = 0; answer.value === undefined && i < 4_000; i++) {
    await settle();
    if (answer.value === undefined) world.clock.advance(10);
  }
  await done;
  return [answer.value!.is, world.clock.monotonicMs() - startMs];
}
