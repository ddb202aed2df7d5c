import { assert, assertEquals, assertThrows } from "@std/assert";
import { Failure } from "../../src/base/mod.ts";
import { type Sent, sentBytes } from "../../src/runtime/beside.ts";
import { Bell, channelLink, makeChannel } from "../../src/runtime/channel/mod.ts";
import { defineActor } from "../../src/runtime/mod.ts";
import { decodeBatch, encodeBatch, type Frame } from "../../src/runtime/wire.ts";
import { linkSystems, settle, testSystem } from "./support/system.ts";

interface Answered {
  readonly text: string;
  readonly head: Uint8Array;
  readonly body: Uint8Array | null;
}

interface FarProtocol {
  "far.read": { request: { bytes: number; shared?: boolean }; reply: Answered };
}

/** What the actor has given away. */
const given: Uint8Array[] = [];

const far = defineActor<FarProtocol, null>({
  restart: "permanent",
  inboxMax: 100,
  init: () => null,
  receive: {
    "far.read": (_state, { bytes, shared = false }, reply) => {
      const body = shared ? new Uint8Array(bytes + 1).subarray(0, bytes).fill(7) : new Uint8Array(bytes).fill(7);
      given.push(body);
      reply.ok({ text: "here", head: new Uint8Array([1, 2]), body }, ["head", "body"]);
    },
  },
});

async function pair() {
  const { system: one, clock } = testSystem({ worker: "one" });
  const { system: two } = testSystem({ worker: "two", clock });
  const address = (await two.spawn(far, { name: "far", args: undefined })).address;
  const close = async () => {
    await one.shutdown();
    await two.shutdown();
  };
  return { one, two, ref: one.ref<FarProtocol>(address), close };
}

Deno.test("much of an answer that is given away goes beside the batch, little and what shares a buffer within it", async () => {
  const { one, two, ref, close } = await pair();
  const { atB, pass } = linkSystems(one, two);
  for (const [bytes, shared, beside] of [[16_384, false, 1], [16_383, false, 0], [16_384, true, 0]] as const) {
    const answer = ref.ask("far.read", { bytes, shared });
    await settle();
    pass();
    await settle();
    const sent = atB.sent[0]!;
    assertEquals(Array.isArray(sent) ? sent.length - 1 : 0, beside);
    assert(sentBytes(sent) > bytes);
    pass();
    assertEquals(await answer, {
      text: "here",
      head: new Uint8Array([1, 2]),
      body: new Uint8Array(bytes).fill(7),
    });
  }
  await close();
});

Deno.test("over a channel the bytes are moved: whoever gave them has them no more", async () => {
  const { one, two, ref, close } = await pair();
  const [first, second] = [Bell.memory(), Bell.memory()];
  const bells = [new Bell(first), new Bell(second)] as const;
  const [end1, end2] = makeChannel(first, second);
  one.connect({ node: "local", worker: "two" }, channelLink(end1, bells[0]));
  two.connect({ node: "local", worker: "one" }, channelLink(end2, bells[1]));
  given.length = 0;
  const { body } = await ref.ask("far.read", { bytes: 100_000 });
  assertEquals([body?.length, body?.[99_999], given[0]?.length], [100_000, 7, 0]);
  await close();
  for (const bell of bells) bell.close();
});

Deno.test("an answer to an actor of the same worker is given as it is", async () => {
  const { two, close } = await pair();
  const ref = two.ref<FarProtocol>({ node: "local", worker: "two", actor: "far" });
  given.length = 0;
  const { body } = await ref.ask("far.read", { bytes: 100_000 });
  assert(body === given[0] || body?.length === 100_000);
  await close();
});

Deno.test("bytes beside a batch that belong nowhere are refused, and so is too much of them", () => {
  const buffer = new ArrayBuffer(5);
  const frame = (value: unknown, fields: readonly string[]): Frame => {
    return { kind: "ok", id: 1, value, beside: fields.map((field) => ({ field, buffer })) };
  };
  const batch = (value: unknown, fields: readonly string[]) =>
    encodeBatch({ acknowledged: 0, frames: [frame(value, fields)] });
  const good: Sent = [batch({ body: null }, ["body"]), buffer];
  const [answer] = decodeBatch(good).frames;
  assert(answer?.kind === "ok");
  assertEquals(answer.value, { body: new Uint8Array(5) });
  const wrong: unknown[] = [
    batch({ body: null }, ["body"]),
    [batch({ body: null }, []), buffer],
    [batch({ body: null }, ["body"]), buffer, buffer],
    [batch({ body: null }, ["other"]), buffer],
    [batch({ body: null }, ["__proto__"]), buffer],
    [batch({ body: null }, ["toString"]), buffer],
    [batch(null, ["body"]), buffer],
    [batch("body", ["length"]), buffer],
    [batch({ body: null }, ["body"]), new Uint8Array(5)],
    [batch({ body: null }, ["body"]), null],
    [buffer, batch({ body: null }, ["body"])],
    [],
    [null],
    new Array(1_000_000),
    [batch({}, []), ...Array<ArrayBuffer>(1_000).fill(buffer)],
  ];
  for (const sent of wrong) assertThrows(() => decodeBatch(sent), Failure);
});
