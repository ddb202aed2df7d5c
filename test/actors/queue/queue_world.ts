import { mailboxActor, mailboxShare } from "../../../src/actors/mailbox/actor.ts";
import { MAILBOX_ACTOR_PREFIX, MailboxRefs } from "../../../src/actors/mailbox_refs.ts";
import { QUEUE_ACTOR, queueActor, type QueueArgs } from "../../../src/actors/queue/actor.ts";
import { FakeClock, jsonLog, seededRandom, utf8 } from "../../../src/base/mod.ts";
import { type AccountId, INBOX_ID, NO_PARAMETERS, type OutgoingEnvelope, type Uid } from "../../../src/mail/mod.ts";
import type {
  AccountRecord,
  DeliveryAttempt,
  DeliveryProtocol,
  DeliveryReport,
  DirectorySnapshot,
  ListProtocol,
  QueueEntry,
  QueueProtocol,
  RecipientOutcome,
} from "../../../src/messages/mod.ts";
import { ListKeys } from "../../../src/policy/list/mod.ts";
import { type RetryPolicy, RoutingTable, SenderRewriting } from "../../../src/policy/mod.ts";
import { createActorSystem, defineActor, type HostedSystem, type Ref } from "../../../src/runtime/mod.ts";
import { createMemoryQueueStore, createMemoryStore, type QueueStore } from "../../../src/storage/mod.ts";
import { settle } from "../directory_world.ts";
import { NO_TEXTS } from "../../support/no_texts.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const JOHN = "john@smith.test";

/** One worker for all actors, so that one clock drives them; it is named as the mailbox worker of every shard. */
const WORKER = "mailbox-0";
const CREATED = "2026-01-01T00:00:00Z";
const PLACEMENT = { shardCount: 1, mailboxWorkers: 1 };

/** Key of the addresses under which mail is forwarded. */
export const SRS_KEY = new Uint8Array(32);

export const POLICY: RetryPolicy = {
  pausesMs: [5 * MINUTE, 10 * MINUTE, HOUR],
  lifetimeMs: 120 * HOUR,
  warnAfterMs: 4 * HOUR,
};

export const DELIVERED: RecipientOutcome = { action: "delivered", code: 250, status: "2.0.0", text: "ok" };
export const DEFERRED: RecipientOutcome = { action: "deferred", code: 451, status: "4.7.1", text: "come again" };
export const FAILED: RecipientOutcome = { action: "failed", code: 550, status: "5.1.1", text: "no such user" };
export const DOWN: RecipientOutcome = { action: "deferred", code: null, status: "4.4.1", text: "no answer" };

/** What the world outside does with an attempt; a promise holds it under way. */
export type Outside = (attempt: DeliveryAttempt) => DeliveryReport | Promise<DeliveryReport>;

/** The same outcome for every recipient. */
export function all(outcome: RecipientOutcome, more: Partial<DeliveryReport> = {}): Outside {
  return ({ recipients }) => ({
    outcomes: recipients.map(() => outcome),
    destinationFault: false,
    host: { name: "mx.test", address: "127.0.0.9", port: 25 },
    tls: null,
    ...more,
  });
}

/** The queue actor, a world outside as the test says, and mailboxes of smith.test: john and small, who has room for little. */
export class QueueWorld {
  readonly clock = new FakeClock();
  readonly attempts: DeliveryAttempt[] = [];
  readonly srs = new SenderRewriting(SRS_KEY);
  readonly store: QueueStore;
  readonly #mail = createMemoryStore({ shards: [0], defer: (run) => run() });
  readonly #routes: RoutingTable<AccountRecord>;
  #system: HostedSystem | null = null;
  #ids = 0;

  constructor(
    public outside: Outside = all(DELIVERED),
    private readonly options: { policy?: RetryPolicy; store?: (store: QueueStore) => QueueStore } = {},
  ) {
    const store = createMemoryQueueStore({ clock: this.clock, defer: (run) => run() });
    this.store = options.store?.(store) ?? store;
    this.#routes = new RoutingTable(snapshot());
  }

  /** Starts all actors, or starts them again over the same store. */
  async start({ delivery = true } = {}): Promise<void> {
    const system = createActorSystem({
      node: "local",
      worker: WORKER,
      clock: this.clock,
      log: jsonLog({ level: "error", wallMs: () => 0, write: () => {} }),
      random: seededRandom(3),
    });
    this.#system = system;
    const args = { shard: this.#mail.shard(0), texts: NO_TEXTS, share: mailboxShare(this.clock) };
    system.onDemand(MAILBOX_ACTOR_PREFIX, () => ({ definition: mailboxActor, args }));
    if (delivery) await this.startDelivery();
    await system.spawn(queueActor, { name: QUEUE_ACTOR, args: this.#args(system) });
    await this.pass(1);
  }

  async startDelivery(): Promise<void> {
    const definition = defineActor<DeliveryProtocol, null>({
      restart: "permanent",
      inboxMax: 1_000,
      init: () => null,
      receive: {
        "delivery.attempt": (_state, attempt, reply) => {
          this.attempts.push(attempt);
          Promise.resolve(this.outside(attempt)).then((report) => reply.ok(report), (error) => reply.fail(error));
        },
        "delivery.status": (_state, _request, reply) => reply.ok({ attempts: 0, active: 0, connections: 0 }),
      },
    });
    await this.system.spawn(definition, { name: "delivery", args: undefined });
  }

  #args(system: HostedSystem): QueueArgs {
    return {
      store: this.store,
      routes: { resolve: (address) => this.#routes.resolve(address) },
      mailboxes: new MailboxRefs(system, PLACEMENT),
      srs: this.srs,
      deliveries: [system.ref<DeliveryProtocol>({ node: "local", worker: WORKER, actor: "delivery" })],
      lists: system.ref<ListProtocol>({ node: "local", worker: WORKER, actor: "lists" }),
      listKeys: new ListKeys(new Uint8Array(32)),
      policy: this.options.policy ?? POLICY,
      dispatch: { attemptsMax: 50, perDestination: { first: 5, max: 20 } },
      hostname: "mail.smith.test",
    };
  }

  get system(): HostedSystem {
    if (this.#system === null) throw new Error("the world was not started");
    return this.#system;
  }

  get queue(): Ref<QueueProtocol> {
    return this.system.ref<QueueProtocol>({ node: "local", worker: WORKER, actor: QUEUE_ACTOR });
  }

  /** Hands a mail in; resolves when the queue has answered. */
  async send(to: string | readonly string[], envelope: Partial<OutgoingEnvelope> = {}): Promise<string> {
    const id = `m${++this.#ids}`;
    const recipients = [to].flat().map((address) => ({ address, notify: null, orcpt: null }));
    const whole: OutgoingEnvelope = { ...NO_PARAMETERS, id, sender: JOHN, account: null, ...envelope };
    const parts = [utf8(`Subject: ${id}\r\n\r\nbody of ${id}\r\n`)];
    const answer = this.queue.ask("queue.enqueue", { opId: id, envelope: whole, recipients, parts });
    answer.catch(() => {});
    await this.pass(0);
    await answer;
    return id;
  }

  /** Lets everything happen that happens within so many ms. */
  async pass(ms: number): Promise<void> {
    await settle();
    this.clock.advance(ms);
    await settle();
  }

  async entries(): Promise<readonly QueueEntry[]> {
    const answer = this.queue.ask("queue.list", { filter: {}, after: 0, limit: 1_000 });
    await this.pass(0);
    await this.pass(0);
    return (await answer).entries;
  }

  async ask<K extends keyof QueueProtocol & string>(
    type: K,
    request: QueueProtocol[K]["request"],
  ): Promise<QueueProtocol[K]["reply"]> {
    const answer = this.queue.ask(type, request);
    answer.catch(() => {});
    for (let i = 0; i < 5; i++) await this.pass(0);
    return await answer;
  }

  /** What an account here has received, as text. */
  letters(account = "a1"): string[] {
    const shard = this.#mail.shard(0);
    const { rows } = shard.list(account as AccountId, INBOX_ID, 0, 1_000);
    return rows.map(({ uid, size }) => {
      const { bytes } = shard.fetch(account as AccountId, INBOX_ID, { uid: uid as Uid, offset: 0, length: size });
      return new TextDecoder().decode(bytes);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#system?.shutdown();
    await this.#mail.close();
    await this.store.close();
  }
}

function snapshot(): DirectorySnapshot {
  const account = (id: string, address: string, quotaBytes = 0, disabled = false) => ({
    id: id as AccountId,
    address,
    disabled,
    quotaBytes,
    createdAt: CREATED,
  });
  return {
    version: 1,
    domains: [{
      name: "smith.test" as DirectorySnapshot["domains"][number]["name"],
      disabled: false,
      catchAll: null,
      aliasOf: null,
      detailSeparator: "+",
      createdAt: CREATED,
    }],
    accounts: [account("a1", JOHN), account("a2", "small@smith.test", 20), account("a3", "off@smith.test", 0, true)],
    aliases: [
      { address: "nobody@smith.test", targets: ["off@smith.test"], createdAt: CREATED },
      { address: "away@smith.test", targets: [JOHN, "me@elsewhere.test"], createdAt: CREATED },
    ],
    bans: [],
    lists: [],
  };
}

/** Starts a world, runs the test and leaves nothing behind. */
export async function withQueue(
  run: (world: QueueWorld) => Promise<void>,
  ...options: ConstructorParameters<typeof QueueWorld>
): Promise<void> {
  await using world = new QueueWorld(...options);
  await world.start();
  await run(world);
}
