/** ATTACKS R1 on a real channel: a worker that is broken or taken over can say anything, and only its own link suffers. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Failure, seededRandom, systemClock } from "../../src/base/mod.ts";
import { Bell, channelLink, makeChannel } from "../../src/runtime/channel/mod.ts";
import { createActorSystem, defineActor, type LinkPort } from "../../src/runtime/mod.ts";
import { decodeBatch, encodeBatch } from "../../src/runtime/wire.ts";
import { recordingLog } from "./support/system.ts";

interface HomeProtocol {
  "home.say": { request: { text: string }; reply: { text: string } };
}

const home = defineActor<HomeProtocol, null>({
  restart: "permanent",
  inboxMax: 100,
  init: () => null,
  accepts: { "home.say": (request) => typeof (request as { text?: unknown } | null)?.text === "string" },
  receive: { "home.say": (_state, { text }, reply) => reply.ok({ text }) },
});

function cycle(): unknown {
  const self: { self?: unknown; list: unknown[] } = { list: [] };
  self.self = self;
  self.list.push(self);
  return self;
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = [value];
  return value;
}

/** msgpack bytes by hand. */
function bytes(...values: number[]): ArrayBuffer {
  return Uint8Array.from(values).buffer;
}

/** All that structured clone lets through and no honest worker sends. */
function* garbage(): Iterable<unknown> {
  yield* [undefined, null, true, 0, -0, NaN, 2 ** 60, 10n ** 40n, "", "x".repeat(1_000_000)];
  yield* [cycle(), nested(1_000), new Map([[cycle(), new Set([1])]]), new Date(NaN), /a/g, new Error("not mine")];
  yield* [{ byteLength: 5 }, { __proto__: null, constructor: 1 }, new Array(1_000_000), [cycle()]];
  yield* [
    new ArrayBuffer(0),
    new ArrayBuffer(1),
    new ArrayBuffer(1_000_000),
    new Uint8Array(100),
    new SharedArrayBuffer(8),
  ];
  yield* [new Blob(["x"]).size, new Float64Array(10), new DataView(new ArrayBuffer(9))];
  // Promises of 2^32 - 1 elements, bytes and pairs; nesting without end; every extension type.
  yield* [0xdd, 0xdf, 0xdb, 0xc6, 0xc9].map((type) => bytes(type, 255, 255, 255, 255, 1));
  yield new Uint8Array(1_000_000).fill(0x91).buffer;
  yield new Uint8Array(1_000_000).fill(0x81).buffer;
  for (let type = 0; type < 256; type++) yield bytes(0x93, 1, 0, 0x91, 0xd4, type, 0);
  const sound = encodeBatch({ acknowledged: 0, frames: [{ kind: "ok", id: 1, value: { text: "forged" } }] });
  for (let length = 0; length < sound.byteLength; length++) yield sound.slice(0, length);
  const random = seededRandom(20261122);
  for (let i = 0; i < 500; i++) yield random.bytes(1 + i % 97).slice().buffer;
  yield encodeBatch({ acknowledged: 2 ** 53, frames: [] });
  for (const id of [-1, 0.5, 2 ** 53, NaN]) {
    yield encodeBatch({ acknowledged: 0, frames: [{ kind: "ok", id, value: null }] });
  }
}

/** Asks over a bare channel, as a worker would, and waits for the answer: a channel keeps its order, so all before it was seen. */
function asksHome(port: LinkPort, text: string): Promise<unknown> {
  const id = 4_711;
  const answer = new Promise((resolve) => {
    port.receive((batch) => {
      const frame = decodeBatch(batch).frames.find((each) => each.kind === "ok" && each.id === id);
      if (frame?.kind === "ok") resolve((frame.value as { text: unknown }).text);
    });
  });
  const request = { to: "home", from: "", type: "home.say", id, deadlineMs: 30_000, trace: undefined, bytes: 0 };
  port.send(encodeBatch({ acknowledged: 0, frames: [{ kind: "message", ...request, request: { text } }] }));
  return answer;
}

Deno.test("garbage of every kind on a real channel is refused: other links, local actors and later frames are unharmed", async () => {
  const prototype = Reflect.ownKeys(Object.prototype);
  const { log, lines } = recordingLog();
  const clock = systemClock();
  const system = (worker: string) => createActorSystem({ node: "local", worker, clock, log, random: seededRandom(1) });
  const [main, honest] = [system("main"), system("honest")];
  const memories = Array.from({ length: 3 }, () => Bell.memory());
  const [mainBell, evilBell, honestBell] = memories.map((memory) => new Bell(memory));
  const [toEvil, evilEnd] = makeChannel(memories[0]!, memories[1]!);
  const [toHonest, honestEnd] = makeChannel(memories[0]!, memories[2]!);
  const evil = channelLink(evilEnd, evilBell!);
  try {
    const local = await main.spawn(home, { name: "home", args: undefined });
    main.connect({ node: "local", worker: "evil" }, channelLink(toEvil, mainBell!));
    main.connect({ node: "local", worker: "honest" }, channelLink(toHonest, mainBell!));
    honest.connect({ node: "local", worker: "main" }, channelLink(honestEnd, honestBell!));
    const far = honest.ref<HomeProtocol>(local.address);
    let sent = 0;
    for (const value of garbage()) {
      evilEnd.port.postMessage(value);
      // The same as a batch with its number: through the ring, or beside it.
      if (value instanceof ArrayBuffer && ++sent > 0) evil.send(value);
      if (++sent % 100 === 0) assertEquals((await far.ask("home.say", { text: `${sent}` })).text, `${sent}`);
    }
    assertEquals(await asksHome(evil, "after all that"), "after all that");
    assertEquals((await local.ask("home.say", { text: "here" })).text, "here");
    const odd = honest.ref<{ "home.say": { request: unknown; reply: unknown } }>(local.address);
    for (const request of [null, 5, { text: 5 }, nested(20), "__proto__"]) {
      assertEquals((await assertRejects(() => odd.ask("home.say", request), Failure)).kind, "invalid");
    }
    const [evilLink, goodLink] = ["evil", "honest"].map((name) => main.links().find(({ peer }) => peer === name)!);
    assert(evilLink!.badBatches > 0.9 * sent, `${evilLink!.badBatches} of ${sent} were refused`);
    assertEquals(goodLink!.badBatches, 0);
    main.disconnect("evil");
    assert(lines.filter(({ event }) => event === "batch refused").length < 20, "the log is not flooded");
    assertEquals(lines.filter(({ level }) => level === "error"), []);
    assertEquals(Reflect.ownKeys(Object.prototype), prototype);
  } finally {
    evil.close();
    await main.shutdown();
    await honest.shutdown();
    main.disconnect("honest");
    honest.disconnect("main");
    for (const bell of [mainBell, evilBell, honestBell]) bell!.close();
  }
});
