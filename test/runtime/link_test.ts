import { assert, assertEquals, assertRejects } from "@std/assert";
import { Failure, type FailureKind } from "../../src/base/mod.ts";
import { type ActorAddress, defineActor } from "../../src/runtime/mod.ts";
import { decodeBatch, encodeBatch } from "../../src/runtime/wire.ts";
import { linkSystems, recordingLog, settle, testSystem } from "./support/system.ts";

interface FarProtocol {
  "far.echo": { request: { bytes: Uint8Array }; reply: { bytes: Uint8Array } };
  "far.fail": { request: { kind: FailureKind }; reply: null };
  "far.who": { request: null; reply: { sender: ActorAddress; trace: string | null } };
  "far.huge": { request: { bytes: number }; reply: Uint8Array };
  "far.odd": { request: null; reply: unknown };
}

const far = defineActor<FarProtocol, null>({
  restart: "permanent",
  inboxMax: 100,
  init: () => null,
  receive: {
    "far.echo": (_state, { bytes }, reply) => reply.ok({ bytes }),
    "far.fail": (_state, { kind }, reply) => reply.fail(new Failure(kind, `as asked: ${kind}`, { temporary: true })),
    "far.who": (_state, _request, reply, { sender, trace }) => reply.ok({ sender, trace: trace ?? null }),
    "far.huge": (_state, { bytes }, reply) => reply.ok(new Uint8Array(bytes)),
    "far.odd": (_state, _request, reply) => reply.ok(new Date(0)),
  },
});

interface NearProtocol {
  "near.ask": { request: null; reply: unknown };
}

const near = defineActor<NearProtocol, null>({
  restart: "permanent",
  inboxMax: 100,
  init: () => null,
  receive: {
    "near.ask": async (_state, _request, reply, { system }) => {
      reply.ok(await system.ref<FarProtocol>({ node: "local", worker: "two", actor: "far" }).ask("far.who", null));
    },
  },
});

async function pair(over: { linkBytesMax?: number } = {}) {
  const { log, lines } = recordingLog();
  const { system: one, clock } = testSystem({ worker: "one", log, ...over });
  const { system: two } = testSystem({ worker: "two", clock, ...over });
  const link = linkSystems(one, two);
  const address = (await two.spawn(far, { name: "far", args: undefined })).address;
  const close = async () => {
    await one.shutdown();
    await two.shutdown();
  };
  return { one, two, clock, lines, ref: one.ref<FarProtocol>(address), close, ...link };
}

Deno.test("asks of one turn go out as one batch, and their answers come back as one", async () => {
  const { ref, atA, atB, pass, close } = await pair();
  const answers = Array.from({ length: 50 }, (_, i) => ref.ask("far.echo", { bytes: new Uint8Array([i]) }));
  await settle();
  assertEquals([atA.sent.length, decodeBatch(atA.sent[0]).frames.length], [1, 50]);
  pass();
  await settle();
  assertEquals(atB.sent.length, 1);
  pass();
  assertEquals((await Promise.all(answers)).map(({ bytes }) => bytes[0]), Array.from({ length: 50 }, (_, i) => i));
  await close();
});

Deno.test("a batch that has grown to 64 KB goes out before the turn ends", async () => {
  const { ref, atA, close } = await pair();
  for (let i = 0; i < 15; i++) ref.tell("far.echo", { bytes: new Uint8Array(4_096) });
  assertEquals(atA.sent.length, 0);
  ref.tell("far.echo", { bytes: new Uint8Array(4_096) });
  assertEquals(atA.sent.length, 1);
  await close();
});

Deno.test("a failure keeps its kind, text and permanence across workers", async () => {
  const { ref, passAll, close } = await pair();
  for (const kind of ["disk_full", "busy", "corrupt", "not_found", "refused"] as const) {
    const answer = assertRejects(() => ref.ask("far.fail", { kind }), Failure);
    await passAll();
    const failure = await answer;
    assertEquals([failure.kind, failure.message, failure.temporary], [kind, `as asked: ${kind}`, true]);
  }
  await close();
});

Deno.test("the sender and the trace travel with what is asked", async () => {
  const { one, ref, passAll, close } = await pair();
  const local = await one.spawn(near, { name: "near", args: undefined });
  const answers = [ref.ask("far.who", null), local.ask("near.ask", null, { trace: "t-7" })];
  await passAll();
  assertEquals(await Promise.all(answers), [
    { sender: { node: "local", worker: "one", actor: "" }, trace: null },
    { sender: { node: "local", worker: "one", actor: "near" }, trace: "t-7" },
  ]);
  await close();
});

Deno.test("a peer that takes nothing makes its senders busy, and no longer once it has taken", async () => {
  const { one, ref, passAll, close } = await pair({ linkBytesMax: 20_000 });
  const bytes = new Uint8Array(4_096);
  let accepted = 0;
  while (accepted < 100 && ref.tell("far.echo", { bytes })) accepted++;
  assertEquals(accepted, 5);
  await settle();
  assertEquals(ref.tell("far.echo", { bytes }), false);
  assertEquals((await assertRejects(() => ref.ask("far.echo", { bytes }), Failure)).kind, "busy");
  assertEquals(one.links()[0]!.busy, 3);
  await passAll();
  assertEquals(ref.tell("far.echo", { bytes }), true);
  await passAll();
  assert(one.links()[0]!.bytesWaiting < 10_000);
  await close();
});

Deno.test("an answer that finds no room is answered busy instead", async () => {
  const { ref, atA, atB, passAll, pass, close } = await pair({ linkBytesMax: 20_000 });
  const answers = Array.from(
    { length: 6 },
    () => ref.ask("far.huge", { bytes: 30_000 }).then(() => "ok", (e) => e.kind),
  );
  await settle();
  for (const batch of atA.sent.splice(0)) atB.arrive(batch);
  await settle();
  pass();
  await passAll();
  assertEquals((await Promise.all(answers)).join(" "), "ok ok ok busy busy busy");
  await close();
});

Deno.test("an answer that the wire cannot carry is down for the asker and a crash of the actor", async () => {
  const { two, ref, passAll, close } = await pair();
  const answer = assertRejects(() => ref.ask("far.odd", null), Failure);
  await passAll();
  assertEquals((await answer).kind, "down");
  assertEquals(two.stats()[0]!.handled, 0);
  await close();
});

Deno.test("a request of the wrong form from another worker is invalid, and the actor goes on", async () => {
  const { two, one, passAll, close } = await pair();
  const accepts = {
    "far.echo": (request: unknown) => (request as { bytes?: unknown } | null)?.bytes instanceof Uint8Array,
  };
  const { address } = await two.spawn({ ...far, accepts }, { name: "strict", args: undefined });
  const odd = one.ref<{ "far.echo": { request: unknown; reply: { bytes: Uint8Array } } }>(address);
  const answers = [null, { bytes: 5 }, { bytes: new Uint8Array(2) }].map((request) =>
    odd.ask("far.echo", request).then(({ bytes }) => bytes.length, (error: Failure) => error.kind)
  );
  await passAll();
  assertEquals(await Promise.all(answers), ["invalid", "invalid", 2]);
  await close();
});

Deno.test("a bad batch is counted and logged, and the link goes on", async () => {
  const { one, lines, atA, ref, passAll, close } = await pair();
  const nested = new Uint8Array(10_000).fill(0x91).buffer;
  for (const bad of [nested, new ArrayBuffer(3), "text", null, { length: 5 }]) atA.arrive(bad);
  assertEquals(one.links()[0]!.badBatches, 5);
  assertEquals(lines.filter(({ event }) => event === "batch refused").map(({ fields }) => fields?.["count"]), [
    1,
    2,
    4,
  ]);
  const answer = ref.ask("far.echo", { bytes: new Uint8Array(1) });
  await passAll();
  assertEquals((await answer).bytes.length, 1);
  await close();
});

Deno.test("a peer cannot answer what another was asked, nor acknowledge what was never sent", async () => {
  const { one, ref, clock, close } = await pair({ linkBytesMax: 20_000 });
  const { system: three } = testSystem({ worker: "three", clock });
  const evil = linkSystems(one, three);
  const answer = ref.ask("far.echo", { bytes: new Uint8Array(1) });
  await settle();
  const frames = [{ kind: "ok" as const, id: 1, value: "forged" }, { kind: "gone" as const, id: 1 }];
  evil.atA.arrive(encodeBatch({ acknowledged: 2 ** 50, frames }));
  one.ref<FarProtocol>({ node: "local", worker: "three", actor: "x" }).tell("far.echo", {
    bytes: new Uint8Array(4_096),
  });
  await settle();
  assert(one.links().find(({ peer }) => peer === "three")!.bytesWaiting > 4_000);
  one.disconnect("two");
  assertEquals((await assertRejects(() => answer, Failure)).kind, "down");
  await close();
  await three.shutdown();
});

Deno.test("asks to a worker that goes fail at once, and asks to one that is gone as well", async () => {
  const { one, ref, close } = await pair();
  const pending = assertRejects(() => ref.ask("far.echo", { bytes: new Uint8Array(1) }), Failure);
  await settle();
  one.disconnect("two");
  assertEquals((await pending).kind, "down");
  assertEquals((await assertRejects(() => ref.ask("far.echo", { bytes: new Uint8Array(1) }), Failure)).kind, "down");
  assertEquals(ref.tell("far.echo", { bytes: new Uint8Array(1) }), false);
  await close();
});

Deno.test("a full inbox in another worker answers busy, and a told message it drops is logged", async () => {
  const { ref, one, two, close } = await pair();
  const { log, lines } = recordingLog();
  const { system } = testSystem({ worker: "two", log });
  await two.shutdown();
  const link = linkSystems(one, system);
  await system.spawn({ ...far, inboxMax: 1 }, { name: "far", args: undefined });
  const asks = [1, 2].map(() => ref.ask("far.echo", { bytes: new Uint8Array(1) }).then(() => "ok", (e) => e.kind));
  ref.tell("far.echo", { bytes: new Uint8Array(1) });
  await link.passAll();
  assertEquals(await Promise.all(asks), ["ok", "busy"]);
  assertEquals(lines.map(({ event, fields }) => [event, fields?.["reason"]]), [["told in vain", "busy"]]);
  await close();
  await system.shutdown();
});
