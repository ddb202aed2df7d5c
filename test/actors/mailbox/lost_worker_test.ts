import { assertEquals } from "@std/assert";
import { mailboxActor, mailboxShare } from "../../../src/actors/mailbox/actor.ts";
import { asFailure } from "../../../src/base/mod.ts";
import { INBOX_NAME } from "../../../src/mail/mailbox_name.ts";
import type { MailboxProtocol, MailboxSubscriberProtocol } from "../../../src/messages/mod.ts";
import { type ActorSystem, defineActor, Simulation } from "../../../src/runtime/mod.ts";
import { createMemoryStore } from "../../../src/storage/mod.ts";
import { NO_TEXTS } from "../../support/no_texts.ts";
import { JOHN, MAIL } from "./support.ts";

const DOMAIN = { node: "local", worker: "mailbox-0", actor: "domain/smith.test" };

/** A mailbox worker and a listener with a front, on the real wire. */
class World {
  readonly sim: Simulation;
  readonly store = createMemoryStore();
  readonly share;
  readonly stirred: number[] = [];
  constructor(seed: number) {
    this.sim = new Simulation({ seed });
    this.share = mailboxShare(this.sim.clock);
  }
  async start(): Promise<void> {
    const { store, share, stirred } = this;
    await this.sim.worker("mailbox-0", ({ system }) => {
      system.onDemand(
        "domain/",
        () => ({ definition: mailboxActor, args: { shard: store.shard(0), texts: NO_TEXTS, share } }),
      );
    });
    await this.sim.worker("listener-0", async ({ system }) => {
      const front = defineActor<MailboxSubscriberProtocol, null>({
        restart: "permanent",
        inboxMax: 100,
        init: () => null,
        receive: { "mailbox.changed": () => {}, "mailbox.stirred": (_state, { view }) => void stirred.push(view) },
      });
      await system.spawn(front, { name: "front", args: undefined });
    });
  }
  /** The answer, or the kind of the failure, while the simulation runs. */
  async ask<K extends keyof MailboxProtocol & string>(type: K, request: MailboxProtocol[K]["request"]) {
    const outcome: { answer?: MailboxProtocol[K]["reply"]; failure?: string } = {};
    let done = false;
    this.#listener().ref<MailboxProtocol>(DOMAIN).ask(type, request)
      .then((answer) => outcome.answer = answer, (error) => outcome.failure = asFailure(error)?.kind ?? "defect")
      .finally(() => done = true);
    await this.sim.run({ until: () => done });
    return outcome;
  }
  async open(): Promise<number> {
    const subscriber = { node: "local", worker: "listener-0", actor: "front" };
    const request = {
      account: JOHN,
      name: INBOX_NAME,
      readOnly: false,
      since: null,
      subscriber,
      session: "s",
      quotaBytes: 0,
    };
    const { answer } = await this.ask("mailbox.open", request);
    if (answer?.type !== "opened") throw new Error("not opened");
    return answer.view;
  }
  async deliver(opId: string): Promise<void> {
    await this.ask("mailbox.deliver", { opId, targets: [{ account: JOHN, quotaBytes: 0 }], parts: [MAIL] });
  }
  async close(): Promise<void> {
    await this.sim.close();
    await this.store.close();
  }
  #listener(): ActorSystem {
    return this.sim.system("listener-0");
  }
}

async function inWorlds(run: (world: World) => Promise<void>): Promise<void> {
  for (let seed = 1; seed <= 5; seed++) {
    const world = new World(seed);
    await world.start();
    await run(world);
    await world.close();
  }
}

Deno.test("views of a listener that is lost end with it, and nothing of them is left", () =>
  inWorlds(async (world) => {
    const [a, b] = [await world.open(), await world.open()];
    assertEquals(world.share.budget.views, 2);
    world.sim.kill("listener-0");
    await world.sim.run({ forMs: 1_000 });
    assertEquals(world.share.budget.views, 0);
    await world.sim.restart("listener-0");
    for (const view of [a, b]) {
      assertEquals((await world.ask("mailbox.news", { account: JOHN, view, expunges: true })).failure, "not_found");
    }
    await world.open();
    assertEquals(world.share.budget.views, 1);
  }));

Deno.test("a mailbox worker that is lost forgets its views, and says so to those who ask for them", () =>
  inWorlds(async (world) => {
    const view = await world.open();
    await world.deliver("op/1");
    world.sim.kill("mailbox-0");
    await world.sim.restart("mailbox-0");
    assertEquals((await world.ask("mailbox.news", { account: JOHN, view, expunges: true })).failure, "not_found");
    const again = await world.open();
    assertEquals(again === view, false);
    const set = { by: "sequence", pairs: [1, 0] } as const;
    const request = { account: JOHN, view: again, set, after: 0, index: true, changedSince: null, vanished: false };
    const { answer } = await world.ask("mailbox.rows", request);
    assertEquals(answer?.rows.map(({ sequence, uid, index }) => [sequence, uid as number, index]), [[1, 1, null]]);
  }));

Deno.test("news crosses workers once, until it is asked for", () =>
  inWorlds(async (world) => {
    const view = await world.open();
    for (const opId of ["op/1", "op/2", "op/3"]) await world.deliver(opId);
    await world.sim.run({ forMs: 100 });
    assertEquals(world.stirred, [view]);
    const { answer } = await world.ask("mailbox.news", { account: JOHN, view, expunges: true });
    assertEquals([answer?.exists, answer?.more], [3, false]);
  }));
