import { assert, assertEquals } from "@std/assert";
import { directoryActor } from "../../src/actors/directory.ts";
import { greylistActor } from "../../src/actors/directory/greylist.ts";
import { stsPoliciesActor } from "../../src/actors/directory/sts_policies.ts";
import { tlsCountsActor } from "../../src/actors/directory/tls_counts.ts";
import { faultActor } from "../../src/actors/fault.ts";
import { sessionsActor } from "../../src/actors/listener/session_book.ts";
import { mailboxActor } from "../../src/actors/mailbox/actor.ts";
import { storeActor } from "../../src/actors/mailbox/store_actor.ts";
import { listActor } from "../../src/actors/lists/mod.ts";
import { policyActor, textActor } from "../../src/actors/policy/mod.ts";
import { queueActor } from "../../src/actors/queue/actor.ts";
import { mayAsk } from "../../src/actors/rights.ts";
import { routerActor } from "../../src/actors/router.ts";
import { traceActor } from "../../src/actors/trace.ts";
import { asFailure } from "../../src/base/mod.ts";
import type { DirectoryProtocol } from "../../src/messages/mod.ts";
import { type AnyDefinition, Simulation } from "../../src/runtime/mod.ts";
import { MemoryDirectoryStore } from "../../src/storage/mod.ts";
import { FakeHasher } from "./directory_world.ts";

/** All that a listener says to others: whoever takes one over can do this, and no more. */
const LISTENER = [
  "directory.authenticate",
  "directory.bearer",
  "directory.certified",
  "directory.scramProof",
  "directory.scramStart",
  "directory.subscribe",
  "greylist.check",
  "mailbox.acl",
  "mailbox.annotate",
  "mailbox.append",
  "mailbox.appendEach",
  "mailbox.batches",
  "mailbox.cancelUpdates",
  "mailbox.close",
  "mailbox.copy",
  "mailbox.create",
  "mailbox.deletedBytes",
  "mailbox.deliver",
  "mailbox.expunge",
  "mailbox.expungeDeleted",
  "mailbox.fetch",
  "mailbox.keepOrder",
  "mailbox.lastOf",
  "mailbox.list",
  "mailbox.lock",
  "mailbox.metadata",
  "mailbox.news",
  "mailbox.open",
  "mailbox.page",
  "mailbox.read",
  "mailbox.readAuthorized",
  "mailbox.readNamed",
  "mailbox.remove",
  "mailbox.rename",
  "mailbox.resetKey",
  "mailbox.room",
  "mailbox.rows",
  "mailbox.search",
  "mailbox.setAcl",
  "mailbox.setMetadata",
  "mailbox.status",
  "mailbox.statusOf",
  "mailbox.store",
  "mailbox.storeEach",
  "mailbox.subscription",
  "mailbox.tidings",
  "mailbox.tree",
  "mailbox.unlock",
  "mailbox.urlToken",
  "mailbox.usage",
  "mailbox.watch",
  "mailbox.withdraw",
  "policy.check",
  "policy.listed",
  "policy.scan",
  "policy.sign",
  "queue.enqueue",
  "queue.report",
  "queue.turn",
];

/** Messages that an actor sends only to itself, or its worker to it. */
const OWN = ["directory.remind", "greylist.keep", "queue.drain", "queue.load", "queue.tick", "router.resubscribe"];

const OWNERS: readonly AnyDefinition[] = [
  directoryActor,
  greylistActor,
  stsPoliciesActor,
  tlsCountsActor,
  sessionsActor,
  mailboxActor,
  storeActor,
  queueActor,
  faultActor,
  traceActor,
  listActor,
  policyActor,
  routerActor,
  textActor,
];
const TYPES = OWNERS.flatMap(({ receive }) => Object.keys(receive)).filter((type) => !OWN.includes(type));

Deno.test("a listener may ask for what its sessions need, and for nothing that an operator does", () => {
  for (const { mayAsk: asked } of OWNERS) assertEquals(asked, mayAsk);
  assertEquals(TYPES.filter((type) => mayAsk(type, "listener-0")).sort(), LISTENER);
  assertEquals(TYPES.filter((type) => !mayAsk(type, "main")), []);
});

Deno.test("there is nothing that every worker may ask for, and each message is some worker's, or the operator's", () => {
  assertEquals(TYPES.filter((type) => mayAsk(type, "other-0")), []);
  assert(!mayAsk("mailbox.new", "listener-0"), "what nobody has thought of is nobody's");
  const kinds = ["listener-0", "mailbox-0", "delivery-0", "policy", "queue", "directory"];
  const asked = (type: string) => kinds.filter((worker) => mayAsk(type, worker));
  for (const type of ["mailbox.fetch", "mailbox.list", "mailbox.expunge", "directory.authenticate"]) {
    assertEquals(asked(type), ["listener-0"], type);
  }
  assertEquals(asked("router.changed"), ["directory"], "where mail goes is the directory's to say");
});

Deno.test("only the queue hands mail to delivery workers, and these ask nobody for anything of an operator", () => {
  assert(mayAsk("delivery.attempt", "queue"));
  for (const worker of ["listener-0", "delivery-1", "policy", "mailbox-0", "mainly", "queue2"]) {
    assert(!mayAsk("delivery.attempt", worker), worker);
    assert(!mayAsk("directory.accountUpdate", worker), worker);
    assert(!mayAsk("queue.act", worker), worker);
  }
});

Deno.test("mailboxes are shown to listeners alone, and messages are read for mailbox workers alone", () => {
  for (const type of ["mailbox.open", "mailbox.tree", "mailbox.append", "mailbox.search", "mailbox.rows"]) {
    for (const worker of ["queue", "delivery-0", "policy", "directory", "mailbox-1"]) {
      assert(!mayAsk(type, worker), type);
    }
  }
  assert(mayAsk("text.extract", "mailbox-0"));
  assert(mayAsk("text.index", "queue") && !mayAsk("text.index", "listener-0"));
  for (const worker of ["listener-0", "queue", "delivery-0", "directory"]) assert(!mayAsk("text.extract", worker));
});

Deno.test("a worker that asks for what it may not is refused, and nothing happens", async () => {
  const sim = new Simulation({ seed: 1 });
  const store = new MemoryDirectoryStore();
  await sim.worker("directory", async ({ system }) => {
    const args = { store, login: { checksMax: 1, waitingMax: 1 }, hasher: new FakeHasher() };
    await system.spawn(directoryActor, { name: "directory", args });
  });
  const outcome = async (worker: string) => {
    const system = await sim.worker(worker);
    const ref = system.ref<DirectoryProtocol>({ node: "local", worker: "directory", actor: "directory" });
    let answer: string | null = null;
    ref.ask("directory.domainAdd", { name: "taken.test" })
      .then(() => answer = "done", (error) => answer = asFailure(error)?.kind ?? "defect");
    await sim.run({ until: () => answer !== null });
    return answer;
  };
  assertEquals(await outcome("listener-0"), "refused");
  assertEquals(store.all("domain"), []);
  assertEquals(await outcome("main"), "done");
  await sim.close();
});
