/**
 * What a queue of a million mails costs, printed: its start, its memory, a page of its list, its shape. Run by hand:
 * `deno run -A bench/queue_million.ts [ITEMS]`. Nothing here decides anything by time.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { MailboxRefs } from "../src/actors/mailbox_refs.ts";
import { QUEUE_ACTOR, queueActor } from "../src/actors/queue/actor.ts";
import { type Log, type LogFields, SILENT, systemClock, systemRandom, utf8 } from "../src/base/mod.ts";
import { NO_PARAMETERS, type OutgoingEnvelope } from "../src/mail/mod.ts";
import type { DeliveryProtocol, ListProtocol, QueueProtocol } from "../src/messages/mod.ts";
import { ListKeys } from "../src/policy/list/mod.ts";
import { SenderRewriting } from "../src/policy/mod.ts";
import { createActorSystem, defineActor, type Ref } from "../src/runtime/mod.ts";
import { openQueueStore, type QueueStore } from "../src/storage/mod.ts";

const ITEMS = Number(process.argv[2] ?? 1_000_000);
/** Recipients' domains of one mail, and how many domains there are. */
const ITEMS_PER_MAIL = 10;
const DOMAINS = 50_000;
const BODY = [utf8(`Subject: one of many\r\n\r\n${"a line of a mail\r\n".repeat(60)}`)];
const HOUR = 3_600_000;
const WORKER = "queue";

const clock = systemClock();
const print = (line: string) => void process.stdout.write(`${line}\n`);
const since = (startMs: number) => Math.round(performance.now() - startMs);

function open(dir: string): Promise<QueueStore> {
  return openQueueStore({ dir: `${dir}/queue`, clock, log: SILENT });
}

function envelope(id: string): OutgoingEnvelope {
  return { ...NO_PARAMETERS, id, sender: `sender-${id}@example.test`, account: null };
}

/** Mails that fall due within the next hours: what is left of a day on which the world was not there. */
async function fill(dir: string): Promise<void> {
  const store = await open(dir);
  const startMs = performance.now();
  let made = 0;
  const worker = async () => {
    while (made * ITEMS_PER_MAIL < ITEMS) {
      const number = made++;
      const id = `m${String(number).padStart(12, "0")}`;
      const items = Array.from({ length: ITEMS_PER_MAIL }, (_, i) => {
        const destination = `domain-${(number * 7_919 + i * 104_729) % DOMAINS}.example`;
        const recipients = [{ address: `someone@${destination}`, notify: null, orcpt: null }];
        return { destination, recipients, dueMs: store.nowMs() + HOUR + (number % 3_600) * 1_000 };
      });
      await store.enqueue({ opId: id, envelope: envelope(id), parts: BODY, items });
    }
  };
  await Promise.all(Array.from({ length: 200 }, worker));
  print(`made ${store.counts().items} items in ${since(startMs)} ms`);
  await store.close();
}

/** Memory of the process's own, in bytes: pages of the index file are the system's. */
function ownBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  const status = existsSync("/proc/self/status") ? readFileSync("/proc/self/status", "utf8") : "";
  return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1_024;
}

const heapBytes = () => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** Tells when the queue says that it has taken everything up. */
function watchedLog(loaded: () => void): Log {
  const info = (event: string, _fields?: LogFields) => event === "queue loaded" && loaded();
  const log: Log = { ...SILENT, info, child: () => log };
  return log;
}

/** The queue actor over a store, and a delivery worker to whom nobody answers. */
async function start(
  store: QueueStore,
  loaded: () => void,
): Promise<{ queue: Ref<QueueProtocol>; stop(): Promise<void> }> {
  const system = createActorSystem({
    node: "local",
    worker: WORKER,
    clock,
    log: watchedLog(loaded),
    random: systemRandom(),
  });
  const delivery = defineActor<DeliveryProtocol, null>({
    restart: "permanent",
    inboxMax: 1_000,
    init: () => null,
    receive: {
      "delivery.attempt": (_state, { recipients }, reply) => {
        const outcome = { action: "deferred", code: 451, status: "4.7.1", text: "come again" } as const;
        reply.ok({ outcomes: recipients.map(() => outcome), destinationFault: false, host: null, tls: null });
      },
      "delivery.status": (_state, _request, reply) => reply.ok({ attempts: 0, active: 0, connections: 0 }),
    },
  });
  const deliveries = [await system.spawn(delivery, { name: "delivery", args: undefined })];
  const args = {
    store,
    routes: { resolve: () => ({ type: "relayDenied", steps: [] }) as const },
    mailboxes: new MailboxRefs(system, { shardCount: 1, mailboxWorkers: 1 }),
    srs: new SenderRewriting(new Uint8Array(32)),
    deliveries,
    lists: system.ref<ListProtocol>({ node: "local", worker: WORKER, actor: "lists" }),
    listKeys: new ListKeys(new Uint8Array(32)),
    policy: { pausesMs: [HOUR], lifetimeMs: 120 * HOUR, warnAfterMs: 4 * HOUR },
    dispatch: { attemptsMax: 500, perDestination: { first: 5, max: 20 } },
    hostname: "mail.example.test",
  };
  const queue = await system.spawn(queueActor, { name: QUEUE_ACTOR, args });
  return { queue, stop: () => system.shutdown() };
}

/** Hands mails in, one after the other, until `work` has ended; answers the longest wait in ms. */
async function longestWait(queue: Ref<QueueProtocol>, work: Promise<unknown>): Promise<number> {
  let over = false;
  work.finally(() => over = true).catch(() => {});
  let longestMs = 0;
  while (!over) {
    const startMs = performance.now();
    await handIn(queue);
    longestMs = Math.max(longestMs, performance.now() - startMs);
  }
  return Math.round(longestMs);
}

let handed = 0;

async function handIn(queue: Ref<QueueProtocol>): Promise<void> {
  const id = `n${++handed}`;
  const recipients = [{ address: "someone@new.example", notify: null, orcpt: null }];
  await queue.ask("queue.enqueue", { opId: id, envelope: envelope(id), recipients, parts: BODY });
}

async function timed(what: string, queue: Ref<QueueProtocol>, work: () => Promise<unknown>): Promise<void> {
  const startMs = performance.now();
  const run = work();
  const waitMs = await longestWait(queue, run);
  await run;
  print(`${what}: ${since(startMs)} ms; a mail handed in meanwhile waited ${waitMs} ms at most`);
}

async function measure(dir: string): Promise<void> {
  const before = { own: ownBytes(), heap: heapBytes() };
  const startMs = performance.now();
  const store = await open(dir);
  print(`store opened after ${since(startMs)} ms`);
  const loaded = Promise.withResolvers<void>();
  const { queue, stop } = await start(store, loaded.resolve);
  await handIn(queue);
  print(`first mail taken ${since(startMs)} ms after the start`);
  const waitMs = await longestWait(queue, loaded.promise);
  print(`everything taken up ${since(startMs)} ms after the start; a mail waited ${waitMs} ms at most`);
  const { items } = store.counts();
  const each = (bytes: number) => (bytes / items).toFixed(1);
  print(
    `memory for each of ${items}: ${each(heapBytes() - before.heap)} bytes of heap and buffers, ` +
      `${each(ownBytes() - before.own)} bytes of the process's own`,
  );
  const list = (filter: object, after: number, limit: number) => () =>
    queue.ask("queue.list", { filter, after, limit }, { deadlineMs: 600_000 });
  await timed("summary", queue, () => queue.ask("queue.summary", null));
  await timed("list, the first 100", queue, list({}, 0, 100));
  await timed("list, 1,000 from the middle", queue, list({}, Math.floor(items / 2), 1_000));
  await timed("list of one domain", queue, list({ domain: "domain-7919.example" }, 0, 100));
  await timed("list of a sender who has none", queue, list({ sender: "none@example.test" }, 0, 100));
  await timed("shape", queue, () => queue.ask("queue.shape", null, { deadlineMs: 600_000 }));
  await stop();
  await store.close();
}

/** The measurement in a process of its own, whose memory the filling has not touched. */
function measureApart(dir: string): void {
  const runtime = "Deno" in globalThis ? ["run", "-A", "--v8-flags=--expose-gc"] : ["--expose-gc"];
  const script = fileURLToPath(import.meta.url);
  const { status } = spawnSync(process.execPath, [...runtime, script, String(ITEMS), dir], { stdio: "inherit" });
  process.exitCode = status ?? 1;
}

const given = process.argv[3];
const dir = given ?? mkdtempSync(`${tmpdir()}/stagepost-queue-`);
if (given !== undefined) await measure(dir);
else {
  try {
    await fill(dir);
    measureApart(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
