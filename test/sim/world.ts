import type { DomainName } from "../../src/mail/domain.ts";
import type { Address } from "../../src/mail/address.ts";
import { directoryActor } from "../../src/actors/directory.ts";
import { Viewers, VIEWERS_ACTOR } from "../../src/actors/listener/viewers.ts";
import { Admission } from "../../src/actors/listener/admission.ts";
import { newCounters } from "../../src/actors/listener/counters.ts";
import { TogetherBudget } from "../../src/actors/listener/together.ts";
import { MemoryBudget } from "../../src/actors/listener/memory_budget.ts";
import { Pop3Front } from "../../src/actors/listener/pop3_front.ts";
import type { Front, FrontServices } from "../../src/actors/listener/services.ts";
import { SmtpFront } from "../../src/actors/listener/smtp_front.ts";
import { TurnRules } from "../../src/actors/listener/queue_turns.ts";
import { mailboxActor, mailboxShare } from "../../src/actors/mailbox/actor.ts";
import { MAILBOX_ACTOR_PREFIX, MailboxRefs, shardsOfWorker } from "../../src/actors/mailbox_refs.ts";
import { routerActor, type RoutingHolder } from "../../src/actors/router.ts";
import { describeError, type Log, type LogFields, type Random } from "../../src/base/mod.ts";
import { shardOfDomain } from "../../src/mail/placement.ts";
import type { DirectoryProtocol, PolicyProtocol, QueueProtocol } from "../../src/messages/mod.ts";
import { SenderRewriting } from "../../src/policy/mod.ts";
import type { Ref, Simulation } from "../../src/runtime/mod.ts";
import { MemoryDirectoryStore } from "../../src/storage/memory/directory_store.ts";
import { createMemoryStore } from "../../src/storage/memory/store.ts";
import type { MailStore } from "../../src/storage/types.ts";
import { NO_RATES } from "../support/no_rates.ts";
import { NO_SCANS } from "../support/no_scans.ts";
import { Ledger } from "./ledger.ts";
import { opens, readMails } from "./pop3_reader.ts";
import { type PlantedBug, SimDisk } from "./sim_disk.ts";
import { SimConnection, type SimPeer } from "./sim_connection.ts";
import { type QueueMode, Relay } from "./relay/relay.ts";
import { isReport } from "./relay/relay_ledger.ts";
import { relayMails } from "./relay/relay_sender.ts";
import type { QueueBug } from "./relay/queue_disk.ts";
import { PASSWORD, type Served, type Service } from "./served.ts";
import { sendMails } from "./smtp_sender.ts";
import { QUICK_SCRAM } from "../support/quick_scram.ts";
import { NO_TEXTS } from "../support/no_texts.ts";

export const LISTENERS = ["listener-0", "listener-1"];
export const MAILBOXES = ["mailbox-0", "mailbox-1"];
export const WORKERS = ["directory", ...MAILBOXES, ...LISTENERS];

const PLACEMENT = { shardCount: 4, mailboxWorkers: MAILBOXES.length };
const DOMAINS = ["smith.test", "bob.test", "mary.test"];
/** Local parts of every domain and the quota of each, in bytes. */
const USERS: readonly (readonly [string, number])[] = [["john", 0], ["mary", 0], ["small", 6_000]];

const HASHER = {
  ...QUICK_SCRAM,
  hash: (password: string) => Promise.resolve(password),
  verify: (hashed: string, password: string) => Promise.resolve(hashed === password),
  isOutdated: () => false,
};

/** Whose mail is not judged: there is no DNS here. */
const EVERYBODY = { has: () => true };

const SMTP_TIMEOUTS = { commandMsMax: 300_000, dataMsMax: 180_000, dataBytesPerSecondMin: 100, slowGraceMs: 30_000 };

const CLIENTS = { sender: sendMails, reader: readMails, relayer: relayMails };

/** What else than a server of mailboxes there is. */
export interface WorldOptions {
  /** A defect of the mailboxes' disks. */
  readonly bug?: PlantedBug | null;
  /** How mail for other servers is queued; absent, there is none. */
  readonly relay?: { readonly mode: QueueMode; readonly bug: QueueBug | null };
}

/** One life of a listener worker. */
interface Life {
  readonly services: FrontServices;
  /** Each with the session behind it. */
  readonly connections: Map<SimConnection, Front>;
  readonly accept: (service: Service, connection: SimConnection) => void;
  /** It takes no new connections. */
  closed: boolean;
  lost: boolean;
}

/** The whole server but its sockets, files and threads, and the clients that use it. */
export class World implements Served {
  readonly ledger = new Ledger();
  readonly addresses: [address: string, accounts: readonly string[]][] = [];
  readonly logins: [address: string, account: readonly [string]][] = [];
  readonly forwards: { readonly address: string; readonly accounts: string[]; readonly elsewhere: string[] }[] = [];
  readonly relay: Relay | null;
  /** Clients that have not ended yet. */
  readonly busy = new Set<string>();
  readonly #directory = new MemoryDirectoryStore();
  readonly #durable: MailStore;
  readonly #listeners = new Map<string, Life>();
  readonly #log: Log;
  #ids = 0;

  private constructor(readonly sim: Simulation, private readonly options: WorldOptions) {
    const shards = Array.from({ length: PLACEMENT.shardCount }, (_, shard) => shard);
    this.#durable = createMemoryStore({ shards, defer: (run) => run() });
    for (const shard of shards) this.ledger.watch(this.#durable.shard(shard));
    this.#log = this.#strictLog();
    this.relay = options.relay === undefined ? null : new Relay(sim, { placement: PLACEMENT, ...options.relay });
    if (this.relay !== null) this.ledger.other = (account, text) => this.#reportCame(account, text);
  }

  static async start(sim: Simulation, options: WorldOptions = {}): Promise<World> {
    const world = new World(sim, options);
    await sim.worker("main");
    await world.#startDirectory();
    await world.#populate();
    for (const name of MAILBOXES) await world.#startMailbox(name);
    await world.relay?.start();
    for (const name of LISTENERS) await world.#startListener(name);
    return world;
  }

  connect(service: Service, random: Random): { peer: SimPeer; lost: () => boolean } | null {
    const names = LISTENERS.filter((name) => this.#listeners.get(name)?.closed === false);
    const life = this.#listeners.get(names[Math.floor(random.next() * names.length)] ?? "");
    if (life === undefined) return null;
    const remote = { address: `198.51.100.${1 + Math.floor(random.next() * 200)}`, port: 40_000 };
    const connection = new SimConnection(`c${++this.#ids}`, remote, this.sim.clock, random);
    this.sim.clock.after(1, () => life.lost ? connection.die() : life.accept(service, connection));
    return { peer: connection.peer, lost: () => life.lost };
  }

  /** Starts a client `afterMs` from now. */
  client(kind: keyof typeof CLIENTS, afterMs: number, random: Random): void {
    const name = `${kind}${++this.#ids}`;
    this.busy.add(name);
    this.sim.clock.after(afterMs, () => {
      CLIENTS[kind](this, name, random).catch((error) =>
        this.ledger.violations.push(`${name}: ${describeError(error)}`)
      )
        .finally(() => this.busy.delete(name));
    });
  }

  kill(name: string): void {
    const life = this.#listeners.get(name);
    if (life !== undefined) life.lost = life.closed = true;
    if (name.startsWith("mailbox")) this.ledger.locksLost();
    if (life === undefined) this.relay?.ledger.lost();
    this.sim.kill(name);
    for (const connection of life?.connections.keys() ?? []) connection.die();
  }

  /** Ends a listener the friendly way: its sessions finish what they do, for at most `graceMs`; nobody new gets in. */
  async drain(name: string, graceMs: number): Promise<void> {
    const life = this.#listeners.get(name)!;
    life.closed = true;
    for (const front of [...life.connections.values()]) front.shutDown();
    await this.sim.run({ until: () => life.connections.size === 0, forMs: graceMs });
    this.kill(name);
  }

  /** Disables or enables an account that no alias leads to: an alias passes over what is disabled. */
  disable(index: number, disabled: boolean): void {
    const address = { node: "local", worker: "directory", actor: "directory" };
    const alone = this.logins.filter(([address]) => !address.startsWith("mary@"));
    const [account] = alone[index % alone.length]!;
    const asker = this.sim.system("main").ref<DirectoryProtocol>(address);
    asker.ask("directory.accountUpdate", { address: account, disabled }).catch(() => {});
  }

  async restart(name: string): Promise<void> {
    await this.sim.restart(name);
  }

  /** When all clients are gone, listeners hold nothing any more and every maildrop can be opened. */
  async nothingIsLeft(random: Random): Promise<void> {
    const { sim, ledger } = this;
    for (const [address] of this.logins) {
      let answer: boolean | null = null;
      opens(this, address, random).catch(() => false).then((opened) => answer = opened);
      await sim.run({ until: () => answer !== null });
      if (answer !== true) ledger.violations.push(`${address} cannot be opened although nobody reads it`);
    }
    await sim.run({ forMs: 1_000 });
    for (const [name, { services, connections }] of this.#listeners) {
      const { memory, counters } = services;
      const left = { bytes: memory.usedBytes, connections: connections.size, withdrawing: counters.withdrawing };
      for (const [what, count] of Object.entries(left)) {
        if (count !== 0) ledger.violations.push(`${name} holds ${count} ${what} for nobody`);
      }
    }
  }

  async #startDirectory(): Promise<void> {
    const login = { checksMax: 4, waitingMax: 100 };
    const args = { store: this.#directory, login, hasher: HASHER };
    await this.sim.worker("directory", async ({ system }) => {
      await system.spawn(directoryActor, { name: "directory", args });
    });
  }

  async #populate(): Promise<void> {
    const address = { node: "local", worker: "directory", actor: "directory" };
    const directory = this.sim.system("directory").ref<DirectoryProtocol>(address);
    const fill = async () => {
      for (const name of DOMAINS) {
        await directory.ask("directory.domainAdd", { name });
        for (const [local, quotaBytes] of USERS) {
          const address = `${local}@${name}`;
          const { id } = await directory.ask("directory.accountAdd", { address, password: PASSWORD, quotaBytes });
          this.addresses.push([address, [id]], [`${local}+detail@${name}`, [id]]);
          this.logins.push([address, [id]]);
        }
      }
      const targets = DOMAINS.map((name) => `mary@${name}`);
      await directory.ask("directory.aliasAdd", { address: "all@smith.test", targets });
      const accounts = this.logins.filter(([address]) => targets.includes(address)).map(([, [id]]) => id);
      this.addresses.push(["all@smith.test", accounts]);
      if (this.relay !== null) await this.#addForwards(directory);
    };
    let done = false;
    const filled = fill().finally(() => done = true);
    await this.sim.run({ until: () => done });
    await filled;
  }

  /** Each leads to an address of its own elsewhere, so that whatever arrives there has come by one way. */
  async #addForwards(directory: Ref<DirectoryProtocol>): Promise<void> {
    const [[john, [id]]] = this.logins as [[string, readonly [string]]];
    for (const [i, domain] of ["open.test", "strict.test", "moody.test", "dead.test"].entries()) {
      for (const [kind, accounts] of [["away", []], ["both", [id]]] as const) {
        const address = `${kind}${i}@${DOMAINS[i % DOMAINS.length]}`;
        const elsewhere = [`no-${kind}@${domain}`];
        await directory.ask("directory.aliasAdd", {
          address,
          targets: [...elsewhere, ...(accounts.length > 0 ? [john] : [])],
        });
        this.forwards.push({ address, accounts: [...accounts], elsewhere });
      }
    }
  }

  /** What an account got that nobody sent: only reports may be such. */
  #reportCame(account: string, text: string): boolean {
    if (!isReport(text)) return false;
    const [address] = this.logins.find(([, [id]]) => id === account)!;
    this.relay?.ledger.reported(address, text);
    return true;
  }

  async #startMailbox(name: string): Promise<void> {
    const owned = shardsOfWorker(MAILBOXES.indexOf(name), PLACEMENT);
    await this.sim.worker(name, ({ system, clock, random, fails }) => {
      const disks = new Map(owned.map((shard) => {
        return [
          shard,
          new SimDisk({ base: this.#durable.shard(shard), clock, random, fails, bug: this.options.bug ?? null }),
        ] as const;
      }));
      const share = mailboxShare(clock);
      system.onDemand(MAILBOX_ACTOR_PREFIX, (actor) => {
        const domain = actor.slice(MAILBOX_ACTOR_PREFIX.length) as DomainName;
        const shard = disks.get(shardOfDomain(domain, PLACEMENT.shardCount));
        return shard === undefined ? null : { definition: mailboxActor, args: { shard, texts: NO_TEXTS, share } };
      });
    });
  }

  async #startListener(name: string): Promise<void> {
    await this.sim.worker(name, async ({ system, clock, random }) => {
      const directory = system.ref<DirectoryProtocol>({ node: "local", worker: "directory", actor: "directory" });
      const counters = newCounters();
      const admission = new Admission({ exempt: [], rates: NO_RATES }, {
        clock,
        counters,
        overloaded: () => false,
      });
      const holder: RoutingHolder = { table: null, bans: admission };
      const router = await system.spawn(routerActor, { name: "router", args: { holder, directory } });
      const services: FrontServices = {
        system,
        routes: {
          resolve: (address: Address) => holder.table?.resolve(address) ?? null,
          signer: (domain: string) => holder.table?.signer(domain) ?? null,
        },
        withoutSignature: "defer",
        viewers: new Viewers({ node: "local", worker: name, actor: VIEWERS_ACTOR }),
        mailboxes: new MailboxRefs(system, PLACEMENT),
        directory,
        policy: system.ref<PolicyProtocol>({ node: "local", worker: "policy", actor: "policy" }),
        srs: new SenderRewriting(new Uint8Array(32)),
        queue: system.ref<QueueProtocol>({ node: "local", worker: "queue", actor: "queue" }),
        presence: router.address,
        hostname: "mx.smith.test",
        clock,
        random,
        log: this.#log,
        memory: new MemoryBudget(10_000_000),
        changesTogether: new TogetherBudget(100),
        appendsTogether: new TogetherBudget(1_000_000),
        counters,
        admission,
        greylist: null,
        lists: false,
        content: NO_SCANS,
      };
      this.#listeners.set(name, lifeOf(services));
    });
  }

  /** Nothing here may ever be logged as an error: that is what defects of ours are. */
  #strictLog(): Log {
    const error = (event: string, fields?: LogFields) =>
      void this.ledger.violations.push(`logged as an error: ${event} ${JSON.stringify(fields ?? {})}`);
    const log: Log = { debug() {}, info() {}, warn() {}, error, child: () => log };
    return log;
  }
}

function lifeOf(services: FrontServices): Life {
  const connections = new Map<SimConnection, Front>();
  const { hostname } = services;
  const accept: Life["accept"] = (service, connection) => {
    const gone = () => void connections.delete(connection);
    const smtp = { session: { hostname, postmasterDomain: DOMAINS[0] as DomainName }, tls: "none" } as const;
    const pop3 = { session: { hostname, plaintextLogin: true }, tls: "none" } as const;
    const submission = { plaintextLogin: true, bearer: false };
    const session = { ...smtp.session, ...(service === "submission" ? { submission } : {}) };
    const front = service !== "pop3"
      ? new SmtpFront(
        connection,
        services,
        { ...smtp, session, timeouts: SMTP_TIMEOUTS, senders: "off", exempt: EVERYBODY, turns: new TurnRules([]) },
        gone,
      )
      : new Pop3Front(connection, services, { ...pop3, idleMsMax: 600_000, loginMsMax: 60_000 }, gone);
    connections.set(connection, front);
    front.start();
  };
  return { services, connections, accept, closed: false, lost: false };
}
