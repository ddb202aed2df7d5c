import { directoryActor } from "../../../src/actors/directory.ts";
import { listActor } from "../../../src/actors/lists/mod.ts";
import { mailboxActor, mailboxShare } from "../../../src/actors/mailbox/actor.ts";
import { MAILBOX_ACTOR_PREFIX, MailboxRefs } from "../../../src/actors/mailbox_refs.ts";
import { newPolicyCounters, POLICY_ACTOR, POLICY_DEFAULTS, policyActor } from "../../../src/actors/policy/mod.ts";
import { QUEUE_ACTOR, queueActor } from "../../../src/actors/queue/actor.ts";
import { routerActor, type RoutingHolder } from "../../../src/actors/router.ts";
import { concat, FakeClock, jsonLog, latin1, seededRandom, utf8 } from "../../../src/base/mod.ts";
import { type AccountId, INBOX_ID, NO_PARAMETERS, type Uid } from "../../../src/mail/mod.ts";
import type {
  DeliveryAttempt,
  DeliveryProtocol,
  DirectoryProtocol,
  ListMember,
  ListProtocol,
  ListSettings,
  PolicyProtocol,
  QueueProtocol,
} from "../../../src/messages/mod.ts";
import { ListKeys } from "../../../src/policy/list/mod.ts";
import { SenderRewriting } from "../../../src/policy/srs.ts";
import { createActorSystem, defineActor, type HostedSystem, type Ref } from "../../../src/runtime/mod.ts";
import { createMemoryQueueStore, createMemoryStore, MemoryDirectoryStore } from "../../../src/storage/mod.ts";
import { FakeDns } from "../../policy/support/fake_dns.ts";
import { ED25519_PEM, RSA_PEM } from "../../policy/support/signing.ts";
import { QUICK_SCRAM } from "../../support/quick_scram.ts";
import { settle } from "../directory_world.ts";
import { all, DELIVERED, type Outside, POLICY } from "../queue/queue_world.ts";
import { NO_TEXTS } from "../../support/no_texts.ts";

export const LIST = "cats@smith.test";
export const REQUEST = "cats-request@smith.test";
export const OWNER = "olga@smith.test";

const WORKER = "mailbox-0";
const KEY = new Uint8Array(32).fill(3);
const HASHER = {
  ...QUICK_SCRAM,
  hash: (password: string) => Promise.resolve(password),
  verify: () => Promise.resolve(false),
  isOutdated: () => false,
};

/** What left for other servers: to whom, under which reverse-path, and its text. */
export interface Sent {
  readonly to: readonly string[];
  readonly sender: string;
  readonly text: string;
}

/** Directory, routing, lists and queue at work over stores in memory, with a list whose owner has a mailbox here. */
export class ListWorld {
  readonly clock = new FakeClock();
  readonly keys = new ListKeys(KEY);
  readonly attempts: DeliveryAttempt[] = [];
  readonly log: string[] = [];
  readonly #directoryStore = new MemoryDirectoryStore();
  readonly #queueStore = createMemoryQueueStore({ clock: this.clock, defer: (run) => run() });
  readonly #mail = createMemoryStore({ shards: [0], defer: (run) => run() });
  readonly #signings = new Set<Promise<unknown>>();
  #system: HostedSystem | null = null;
  #ids = 0;
  #seen = 0;
  #owner: AccountId | null = null;
  outside: Outside = all(DELIVERED);
  /** Called before the queue is asked by the list actor: what it throws is what the list actor gets. */
  beforeEnqueue: (opId: string) => void = () => {};
  /** The same when the queue has done it: the answer is lost on the way. */
  afterEnqueue: (opId: string) => void = () => {};
  /** The same before it deletes, retries or bounces a mail. */
  beforeAct: (id: string) => void = () => {};
  /** The same before a mail is signed for a domain. */
  beforeSign: (domain: string) => void = () => {};

  /** Starts all actors, or starts them again over the same stores. */
  async start(): Promise<void> {
    const system = createActorSystem({
      node: "local",
      worker: WORKER,
      clock: this.clock,
      log: jsonLog({ level: "info", wallMs: () => 0, write: (line) => void this.log.push(line) }),
      random: seededRandom(3),
    });
    this.#system = system;
    const shard = this.#mail.shard(0);
    const share = mailboxShare(this.clock);
    system.onDemand(
      MAILBOX_ACTOR_PREFIX,
      () => ({ definition: mailboxActor, args: { shard, texts: NO_TEXTS, share } }),
    );
    await this.#startDelivery(system);
    const login = { checksMax: 1, waitingMax: 1 };
    const directoryArgs = { store: this.#directoryStore, login, hasher: HASHER };
    const directory = await system.spawn(directoryActor, { name: "directory", args: directoryArgs });
    const holder: RoutingHolder = { table: null };
    await system.spawn(routerActor, { name: "router", args: { holder, directory } });
    const at = (actor: string) => ({ node: "local", worker: WORKER, actor });
    const queue = system.ref<QueueProtocol>(at(QUEUE_ACTOR));
    const policy = this.#signing(await this.#startPolicy(system));
    const listArgs = { directory, queue: this.#watched(queue), policy, key: KEY };
    await system.spawn(listActor, { name: "lists", args: listArgs });
    const queueArgs = {
      store: this.#queueStore,
      routes: {
        resolve: (address: Parameters<NonNullable<RoutingHolder["table"]>["resolve"]>[0]) =>
          holder.table?.resolve(address) ?? null,
      },
      mailboxes: new MailboxRefs(system, { shardCount: 1, mailboxWorkers: 1 }),
      srs: new SenderRewriting(KEY),
      deliveries: [system.ref<DeliveryProtocol>(at("delivery"))],
      lists: system.ref<ListProtocol>(at("lists")),
      listKeys: this.keys,
      policy: POLICY,
      dispatch: { attemptsMax: 50, perDestination: { first: 20, max: 20 } },
      hostname: "mail.smith.test",
    };
    await system.spawn(queueActor, { name: QUEUE_ACTOR, args: queueArgs });
    await this.pass(1);
  }

  /** A new server with its list. */
  async open(settings: Partial<ListSettings> = {}): Promise<void> {
    await this.start();
    await this.directory.ask("directory.domainAdd", { name: "smith.test" });
    const account = await this.directory.ask("directory.accountAdd", { address: OWNER, password: "boxing match" });
    this.#owner = account.id;
    await this.directory.ask("directory.listAdd", { address: LIST, owners: [OWNER], ...settings });
    await this.pass(1);
  }

  #watched(queue: Ref<QueueProtocol>): Ref<QueueProtocol> {
    const ask = async (type: keyof QueueProtocol & string, request: never, options: never) => {
      const { opId, id } = request as { opId: string; id: string };
      if (type === "queue.enqueue") this.beforeEnqueue(opId);
      if (type === "queue.listDecide") this.beforeAct(id);
      const answer = await queue.ask(type, request, options);
      if (type === "queue.enqueue") this.afterEnqueue(opId);
      return answer;
    };
    return { address: queue.address, tell: queue.tell.bind(queue), ask } as unknown as Ref<QueueProtocol>;
  }

  /** The actor that signs; the directory gives keys to the policy worker alone, which this one is not, so it reads the store. */
  async #startPolicy(system: HostedSystem): Promise<Ref<PolicyProtocol>> {
    type Wanted = DirectoryProtocol["directory.signingKeys"]["request"];
    const directory = {
      ask: (_type: string, { domain, selectors }: Wanted) => {
        const rows = this.#directoryStore.all("dkimKey");
        const keys = rows.filter((row) => row["domain"] === domain && selectors.includes(String(row["selector"])));
        return Promise.resolve({ keys });
      },
    } as unknown as Ref<DirectoryProtocol>;
    const resolver = new FakeDns({});
    const settings = { ...POLICY_DEFAULTS, authservId: "mail.smith.test" };
    const args = { resolver, freshResolver: resolver, directory, settings, counters: newPolicyCounters() };
    return await system.spawn(policyActor, { name: POLICY_ACTOR, args });
  }

  #signing(policy: Ref<PolicyProtocol>): Ref<PolicyProtocol> {
    const ask = async (type: keyof PolicyProtocol & string, request: never, options: never) => {
      this.beforeSign((request as { domain: string }).domain);
      const signing = policy.ask(type, request, options);
      this.#signings.add(signing);
      try {
        return await signing;
      } finally {
        this.#signings.delete(signing);
      }
    };
    return { address: policy.address, tell: policy.tell.bind(policy), ask } as unknown as Ref<PolicyProtocol>;
  }

  /** Gives a domain the keys `r` and `e`, and starts all actors again. */
  async sign(domain: string): Promise<void> {
    await this.stop();
    const at = { domain, state: "active", createdAt: "2026-01-01T00:00:00Z", since: "2026-01-01T00:00:00Z" };
    const rows = [
      { ...at, selector: "r", algorithm: "rsa-sha256", pem: RSA_PEM },
      { ...at, selector: "e", algorithm: "ed25519-sha256", pem: ED25519_PEM },
    ];
    const writes = rows.map((row) => ({ table: "dkimKey", key: `${domain}/${row.selector}`, row }) as const);
    this.#directoryStore.commit(this.#directoryStore.version(), writes);
    await this.start();
  }

  async #startDelivery(system: HostedSystem): Promise<void> {
    const definition = defineActor<DeliveryProtocol, null>({
      restart: "permanent",
      inboxMax: 10_000,
      init: () => null,
      receive: {
        "delivery.attempt": (_state, attempt, reply) => {
          this.attempts.push(attempt);
          Promise.resolve(this.outside(attempt)).then((report) => reply.ok(report), (error) => reply.fail(error));
        },
        "delivery.status": (_state, _request, reply) => reply.ok({ attempts: 0, active: 0, connections: 0 }),
      },
    });
    await system.spawn(definition, { name: "delivery", args: undefined });
  }

  get directory(): Ref<DirectoryProtocol> {
    return this.#system!.ref<DirectoryProtocol>({ node: "local", worker: WORKER, actor: "directory" });
  }

  get lists(): Ref<ListProtocol> {
    return this.#system!.ref<ListProtocol>({ node: "local", worker: WORKER, actor: "lists" });
  }

  async stop(): Promise<void> {
    await this.#system?.shutdown();
  }

  async join(...addresses: readonly string[]): Promise<void> {
    for (const address of addresses) {
      await this.directory.ask("directory.memberPut", { list: LIST, address, mode: "each" });
    }
  }

  async member(address: string): Promise<ListMember | null> {
    return (await this.directory.ask("directory.memberGet", { list: LIST, address })).member;
  }

  /** As an operator who retries all that waits. */
  async retryAll(): Promise<void> {
    const queue = this.#system!.ref<QueueProtocol>({ node: "local", worker: WORKER, actor: QUEUE_ACTOR });
    const answer = queue.ask("queue.act", { verb: "retry", filter: { all: true }, dryRun: false });
    for (let i = 0; i < 12; i++) await this.pass(1);
    await answer;
  }

  /** Hands a mail in as a listener does, and lets all of it happen. */
  async mail(to: string, text: string, { sender = "bea@other.test" }: { sender?: string } = {}): Promise<void> {
    const id = `m${++this.#ids}`;
    const queue = this.#system!.ref<QueueProtocol>({ node: "local", worker: WORKER, actor: QUEUE_ACTOR });
    const recipients = [{ address: to, notify: null, orcpt: null }];
    const envelope = { ...NO_PARAMETERS, id, sender, account: null };
    const answer = queue.ask("queue.enqueue", { opId: id, envelope, recipients, parts: [utf8(text)] });
    await this.pass(0);
    await answer;
    for (let i = 0; i < 8; i++) await this.pass(1);
  }

  /** What has left since this was asked last. */
  sent(): Sent[] {
    const fresh = this.attempts.slice(this.#seen);
    this.#seen = this.attempts.length;
    return fresh.map(({ recipients, envelope, parts }) => ({
      to: recipients.map(({ address }) => address),
      sender: envelope.sender,
      text: latin1(concat(parts)),
    }));
  }

  /** What the owner's mailbox holds. */
  letters(): string[] {
    const shard = this.#mail.shard(0);
    const { rows } = shard.list(this.#owner!, INBOX_ID, 0, 1_000);
    return rows.map(({ uid, size }) =>
      latin1(shard.fetch(this.#owner!, INBOX_ID, { uid: uid as Uid, offset: 0, length: size }).bytes)
    );
  }

  get waiting(): number {
    return this.#queueStore.counts().items;
  }

  async pass(ms: number): Promise<void> {
    await this.#settled();
    this.clock.advance(ms);
    await this.#settled();
  }

  /** Nothing more happens by itself: signatures are made on other threads, each in its own time. */
  async #settled(): Promise<void> {
    await settle();
    while (this.#signings.size > 0) {
      await Promise.allSettled(this.#signings);
      await settle();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#mail.close();
    await this.#queueStore.close();
  }
}

/** Starts a world with a list, runs the test and leaves nothing behind. */
export async function withLists(
  run: (world: ListWorld) => Promise<void>,
  settings: Partial<ListSettings> = {},
): Promise<void> {
  await using world = new ListWorld();
  await world.open(settings);
  await run(world);
}

/** A mail as people write it. */
export function post(from: string, { subject = "hello", head = "", body = "meow\r\n" } = {}): string {
  return `From: ${from}\r\nSubject: ${subject}\r\n${head}\r\n${body}`;
}
