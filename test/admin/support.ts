import { directoryActor } from "../../src/actors/directory.ts";
import { listActor } from "../../src/actors/lists/mod.ts";
import { MailboxRefs } from "../../src/actors/mailbox_refs.ts";
import { queueActor, type QueueArgs } from "../../src/actors/queue/actor.ts";
import { routerActor, type RoutingHolder } from "../../src/actors/router.ts";
import { TraceRing } from "../../src/actors/trace.ts";
import {
  type ControlContext,
  type ControlPeer,
  ControlSession,
  type ControlStream,
  REGISTRY,
  serveControl,
} from "../../src/admin/mod.ts";
import { Failure, FakeClock, jsonLog, seededRandom, utf8 } from "../../src/base/mod.ts";
import { type ClusterConfig, describeReload, validateConfig } from "../../src/config/mod.ts";
import type {
  DeliveryProtocol,
  ListProtocol,
  MailboxProtocol,
  PolicyProtocol,
  SessionRow,
} from "../../src/messages/mod.ts";
import { keyRecordName, keyRecordProblem } from "../../src/policy/dkim/mod.ts";
import { ListKeys } from "../../src/policy/list/mod.ts";
import { type ActorSystem, createActorSystem, type Ref } from "../../src/runtime/mod.ts";
import { createMemoryQueueStore, MemoryDirectoryStore } from "../../src/storage/mod.ts";
import { QUICK_SCRAM } from "../support/quick_scram.ts";
import { SenderRewriting } from "../../src/policy/mod.ts";

/** A server without sockets: a real directory and router, the rest pretended. */
export interface FakeServer {
  readonly context: ControlContext;
  readonly log: string[];
  /** What was done to it, in order. */
  readonly deeds: string[];
  readonly clock: FakeClock;
  /** Set to make `verifyShard` find damage. */
  damaged: boolean;
  /** What mails there were. */
  readonly trace: TraceRing;
  /** Set to make every mailbox actor unreachable. */
  mailboxDown: boolean;
  /** Set to hold `verifyShard` back. */
  gate: Promise<void>;
  /** Who is connected. */
  sessions: SessionRow[];
  /** What workers count. */
  stats: { readonly name: string; readonly stats: unknown }[];
  /** TXT records that the DNS has; null: it does not answer. */
  zone: Map<string, string> | null;
  /** What `readConfig` gives. */
  wanted: ClusterConfig;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Every account holds three messages of 4,096 bytes in all, until they are purged. */
function fakeMailbox(isDown: () => boolean): Ref<MailboxProtocol> {
  let messages = 3;
  return {
    address: { node: "local", worker: "mailbox-0", actor: "domain/smith.test" },
    tell: () => false,
    ask(type: string): Promise<unknown> {
      if (isDown()) return Promise.reject(new Failure("down", "the mailbox worker is gone"));
      if (type === "mailbox.usage") return Promise.resolve({ bytes: 4_096, messages });
      if (type !== "mailbox.purge") return Promise.reject(new Failure("refused", "not in this test"));
      const purged = { messages };
      messages = 0;
      return Promise.resolve(purged);
    },
  } as unknown as Ref<MailboxProtocol>;
}

/** A queue in memory whose delivery workers are away: what is in it stays. */
function queueArgs(system: ActorSystem, holder: RoutingHolder, clock: FakeClock): QueueArgs {
  return {
    store: createMemoryQueueStore({ clock, defer: (run) => run() }),
    routes: { resolve: (address) => holder.table?.resolve(address) ?? null },
    srs: new SenderRewriting(new Uint8Array(32)),
    mailboxes: new MailboxRefs(system, { shardCount: 1, mailboxWorkers: 1 }),
    deliveries: [system.ref<DeliveryProtocol>({ node: "local", worker: "delivery-0", actor: "delivery" })],
    lists: system.ref<ListProtocol>({ node: "local", worker: "policy", actor: "lists" }),
    listKeys: new ListKeys(new Uint8Array(32)),
    policy: { pausesMs: [60_000], lifetimeMs: 86_400_000, warnAfterMs: 0 },
    dispatch: { attemptsMax: 10, perDestination: { first: 5, max: 5 } },
    hostname: "mail.smith.test",
  };
}

/** A policy actor that looks keys up in the test's own zone. */
function fakePolicy(zone: () => Map<string, string> | null): Ref<PolicyProtocol> {
  return {
    ask(type: string, key: PolicyProtocol["policy.checkKey"]["request"]): Promise<unknown> {
      const records = zone();
      if (type !== "policy.checkKey" || records === null) {
        return Promise.reject(new Failure("dns", "no answer in time"));
      }
      const text = records.get(keyRecordName(key));
      return Promise.resolve({ problem: keyRecordProblem(key, text === undefined ? [] : [text]) });
    },
  } as unknown as Ref<PolicyProtocol>;
}

export async function fakeServer(): Promise<FakeServer> {
  const clock = new FakeClock();
  const log: string[] = [];
  const logger = jsonLog({ level: "info", wallMs: () => clock.wallMs(), write: (line) => void log.push(line) });
  const system = createActorSystem({ node: "local", worker: "main", clock, log: logger, random: seededRandom(1) });
  const hasher = {
    hash: (password: string) => Promise.resolve(`hash of ${password.length}`),
    verify: () => Promise.resolve(false),
    isOutdated: () => false,
    ...QUICK_SCRAM,
  };
  const args = { store: new MemoryDirectoryStore(), login: { checksMax: 1, waitingMax: 4 }, hasher };
  const directory = await system.spawn(directoryActor, { name: "directory", args });
  const holder: RoutingHolder = { table: null };
  const router = await system.spawn(routerActor, { name: "router", args: { holder, directory } });
  const queue = await system.spawn(queueActor, { name: "queue", args: queueArgs(system, holder, clock) });
  const policy = system.ref<PolicyProtocol>({ node: "local", worker: "main", actor: "policy" });
  const lists = await system.spawn(listActor, {
    name: "lists",
    args: { directory, queue, policy, key: new Uint8Array(32) },
  });
  clock.advance(1); // The queue is loaded in a turn of its own.
  const config = validateConfig({ hostname: "mail.smith.test" }, "test");
  const deeds: string[] = [];
  const startedAtMs = clock.wallMs();
  const mailbox = fakeMailbox(() => server.mailboxDown);
  const server: FakeServer = {
    log,
    deeds,
    clock,
    damaged: false,
    trace: new TraceRing(clock, "listener-0"),
    mailboxDown: false,
    gate: Promise.resolve(),
    zone: new Map(),
    wanted: config,
    sessions: [],
    stats: [],
    context: {
      log: logger,
      clock,
      version: "0.1.0",
      pid: 4_711,
      startedAtMs,
      directory,
      queue,
      policy: fakePolicy(() => server.zone),
      lists,
      mailboxOf: () => mailbox,
      resolve: (address) => router.ask("router.resolve", { address }),
      shardCount: 4,
      trace: (words) => Promise.resolve(server.trace.find(words)),
      async verifyShard(shard) {
        await server.gate;
        const bad = { shard, account: "id", mailbox: 1, uid: 7, problem: "the checksum is wrong" };
        return { messages: 10, problems: server.damaged && shard === 2 ? [bad] : [] };
      },
      config: () => config,
      readConfig: () => Promise.resolve(server.wanted),
      reload() {
        deeds.push("reload");
        return Promise.resolve(describeReload(config, server.wanted));
      },
      drain: () => Promise.resolve(void deeds.push("drain")),
      stop: () => void deeds.push("stop"),
      workers: () => [
        { name: "directory", state: "up", restarts: 0, startedAt: "2026-01-01T00:00:00.000Z", lastError: null },
        { name: "mailbox-0", state: "up", restarts: 2, startedAt: "2026-01-01T00:01:00.000Z", lastError: "it broke" },
      ],
      restartWorker: (name) => Promise.resolve(void deeds.push(`restart ${name}`)),
      injectFault: (name, kind) => void deeds.push(`fault ${name} ${kind}`),
      stats: () => Promise.resolve(server.stats),
      sessions: (limit) =>
        Promise.resolve({ total: server.sessions.length, sessions: server.sessions.slice(0, limit) }),
      kick: (id) => Promise.resolve(server.sessions.some((row) => row.id === id) && deeds.push(`kick ${id}`) > 0),
      actors() {
        const [one] = system.stats();
        const address = { ...directory.address, actor: "domain/smith.test" };
        return Promise.resolve([...system.stats(), ...(one === undefined ? [] : [{ ...one, address }])]);
      },
    },
    [Symbol.asyncDispose]: () => system.shutdown(),
  };
  return server;
}

/** Lets everything happen that can happen without the clock. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 30; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** One open session. */
export function sessionRow(id: string, more: Partial<SessionRow> = {}): SessionRow {
  const at = { remote: "192.0.2.1:40000", since: "2026-01-01T00:00:00.000Z", phase: "command", idleMs: 61_000 };
  return { id, service: "smtp", tls: null, account: null, bytesIn: 10, bytesOut: 2_048, messages: 3, ...at, ...more };
}

/** One session of the control socket, and all that it did. */
export class Conversation {
  readonly text: string[] = [];
  closed = false;
  paused = false;
  readonly session: ControlSession;

  constructor(server: FakeServer) {
    const peer: ControlPeer = {
      write: (text) => void this.text.push(text),
      close: () => void (this.closed = true),
      pause: () => void (this.paused = true),
      resume: () => void (this.paused = false),
    };
    this.session = new ControlSession(peer, { registry: REGISTRY, context: server.context });
  }
  send(text: string): void {
    this.session.data(utf8(text));
  }
  /** Sends and gives the lines that came back, parsed. */
  async ask(text: string): Promise<Message[]> {
    const before = this.text.length;
    this.send(text);
    await settle();
    return this.text.slice(before).join("").split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  }
}

/** An answer or a notification. */
export interface Message {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data: { kind: string; hint: string | null };
  };
  readonly method?: string;
  readonly params?: unknown;
}

type Handlers = Parameters<ControlStream["start"]>[0];

/** A stream whose other end is a session of the server. */
export function connectTo(server: FakeServer): ControlStream {
  const ends: (Handlers | null)[] = [null, null];
  let open = true;
  const later = (run: () => void) => queueMicrotask(() => void (open && run()));
  const close = () => {
    later(() => {
      open = false;
      for (const end of ends) end?.closed("local");
    });
  };
  const end = (own: 0 | 1): ControlStream => ({
    start: (handlers) => void (ends[own] = handlers),
    write: (text) => later(() => ends[1 - own]?.data(utf8(text))),
    pause() {},
    resume() {},
    close,
    destroy: close,
  });
  serveControl(end(0), { registry: REGISTRY, context: server.context });
  return end(1);
}
