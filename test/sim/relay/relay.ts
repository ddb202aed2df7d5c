import type { Address } from "../../../src/mail/address.ts";
import { MailboxRefs, type Placement } from "../../../src/actors/mailbox_refs.ts";
import { QUEUE_ACTOR, queueActor } from "../../../src/actors/queue/actor.ts";
import { routerActor, type RoutingHolder } from "../../../src/actors/router.ts";
import { seededRandom, SILENT } from "../../../src/base/mod.ts";
import type { DeliveryProtocol, DirectoryProtocol, ListProtocol, QueueProtocol } from "../../../src/messages/mod.ts";
import { ListKeys } from "../../../src/policy/list/mod.ts";
import { type RetryPolicy, SenderRewriting } from "../../../src/policy/mod.ts";
import type { Ref, Simulation } from "../../../src/runtime/mod.ts";
import { createMemoryQueueStore, openQueueStore, type QueueStore } from "../../../src/storage/mod.ts";
import { SimDisk, SimIndex } from "../../storage/sim_disk.ts";
import { Outside } from "./outside.ts";
import { type QueueBug, QueueDisk } from "./queue_disk.ts";
import { RelayLedger } from "./relay_ledger.ts";

export const DELIVERIES = ["delivery-0", "delivery-1"];
/** Workers that mail to other servers goes through. */
export const RELAYS = ["queue", ...DELIVERIES];

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const POLICY: RetryPolicy = {
  pausesMs: [5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR],
  lifetimeMs: 120 * HOUR,
  warnAfterMs: 4 * HOUR,
};
const DISPATCH = { attemptsMax: 20, perDestination: { first: 2, max: 5 } };
/** Longest time until a group of the real store is written, in ms. */
const GROUP_MS_MAX = 8;

/** What a crash says that was planted. */
export const PLANTED_CRASH = "planted crash";

/** How the queue is kept: in maps behind a disk that only delays and refuses, or by the real store on a disk of sectors. */
export type QueueMode = "maps" | "store";

/** The workers that send mail on, and the world they send it to. */
export class Relay {
  readonly ledger: RelayLedger;
  readonly #outside: Outside;
  readonly #maps: QueueStore;
  readonly #disk: SimDisk;
  #store: QueueStore | null = null;
  #crashes = false;

  constructor(
    private readonly sim: Simulation,
    private readonly options: {
      readonly placement: Placement;
      readonly mode: QueueMode;
      readonly bug: QueueBug | null;
    },
  ) {
    const random = seededRandom(sim.seed + 2_000_000);
    this.ledger = new RelayLedger(() => sim.clock.monotonicMs());
    this.#outside = new Outside(this.ledger, random);
    this.#maps = createMemoryQueueStore({ clock: sim.clock, defer: (run) => run() });
    this.#disk = new SimDisk(random);
    // A flush that fails now and then, or all of them while a fault lasts.
    this.#disk.fault = (_step, name) => name === "syncData" && sim.fails("queue.flush") ? "EIO" : null;
  }

  async start(): Promise<void> {
    for (const name of DELIVERIES) {
      await this.sim.worker(name, async ({ system }) => {
        await system.spawn(this.#outside.actor(), { name: "delivery", args: undefined });
      });
    }
    await this.#startQueue();
  }

  /** The queue as another worker sees it. */
  queue(from: string): Ref<QueueProtocol> {
    return this.sim.system(from).ref<QueueProtocol>({ node: "local", worker: "queue", actor: QUEUE_ACTOR });
  }

  /** Items that are left. */
  get left(): number {
    return this.#store?.counts().items ?? 0;
  }

  /** A defect of ours, once: the queue actor dies and is started again, while what it had begun goes on. */
  crash(): void {
    this.#crashes = true;
    this.queue("main").ask("queue.summary", null).catch(() => {});
  }

  /** The store, whose counts are asked for only by handlers: that is where a crash can be planted. */
  #crashing(store: QueueStore): QueueStore {
    return new Proxy(store, {
      get: (target, key) => {
        if (key === "counts" && this.#crashes) {
          this.#crashes = false;
          this.ledger.lost();
          throw new Error(PLANTED_CRASH);
        }
        const value = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  async #startQueue(): Promise<void> {
    const { placement, mode, bug } = this.options;
    await this.sim.worker("queue", async ({ system, clock, random, fails }) => {
      const at = (worker: string, actor: string) => ({ node: "local", worker, actor });
      const store = mode === "maps"
        ? QueueDisk.open({ base: this.#maps, clock, random, fails, bug })
        : await this.#openStore(clock, random);
      this.#store = store;
      const directory = system.ref<DirectoryProtocol>(at("directory", "directory"));
      const holder: RoutingHolder = { table: null };
      await system.spawn(routerActor, { name: "router", args: { holder, directory } });
      const args = {
        store: this.#crashing(store),
        routes: { resolve: (address: Address) => holder.table?.resolve(address) ?? null },
        mailboxes: new MailboxRefs(system, placement),
        srs: new SenderRewriting(new Uint8Array(32)),
        deliveries: DELIVERIES.map((worker) => system.ref<DeliveryProtocol>(at(worker, "delivery"))),
        lists: system.ref<ListProtocol>(at("policy", "lists")),
        listKeys: new ListKeys(new Uint8Array(32)),
        policy: POLICY,
        dispatch: DISPATCH,
        hostname: "mx.smith.test",
      };
      await system.spawn(queueActor, { name: QUEUE_ACTOR, args });
    });
  }

  /** The real store; what an earlier life had not flushed is kept, lost or torn. */
  async #openStore(
    clock: Parameters<typeof openQueueStore>[0]["clock"],
    random: { next(): number },
  ): Promise<QueueStore> {
    this.#disk.restart();
    return await openQueueStore({
      dir: "/data/queue",
      clock,
      log: SILENT, // It tells of disks that fail, which is what happens here.
      files: this.#disk,
      index: () => new SimIndex(this.#disk),
      defer: (run) => void clock.after(random.next() * GROUP_MS_MAX, run),
      limits: { freeBytesMin: 0 },
    });
  }
}
