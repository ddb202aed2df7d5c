import { Packr } from "msgpackr/pack";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Bug, Failure, utf8 } from "../../src/base/mod.ts";
import { FRAME_DEPTH_MAX, MESSAGE_NAME_CHARS_MAX } from "../../src/runtime/limits.ts";
import { acceptsVersion, decodeBatch, encodeBatch, type Frame, WIRE_VERSION } from "../../src/runtime/wire.ts";
import { measure } from "../../src/runtime/wire_measure.ts";
import { scanBatch } from "../../src/runtime/wire_scan.ts";

const message = {
  kind: "message",
  to: "domain/smith.test",
  from: "smtp",
  type: "mailbox.deliver",
  id: 7,
  deadlineMs: 30_000,
  trace: "t-1",
  request: {
    opId: "a",
    parts: [utf8("one"), utf8("two")],
    none: undefined,
    big: 2n ** 60n,
    neg: -5,
    pi: 3.5,
    nil: null,
  },
  bytes: 0,
} satisfies Frame;

function raw(value: unknown): ArrayBuffer {
  return new Uint8Array(new Packr({ useRecords: false }).pack(value)).slice().buffer;
}

function refuses(data: unknown, kind: string): void {
  assertEquals(assertThrows(() => decodeBatch(data), Failure).kind, kind);
}

/** `depth` lists inside each other. */
function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

Deno.test("every kind of frame comes back as it was sent, bytes as views on the one buffer", () => {
  const frames: Frame[] = [
    message,
    { kind: "ok", id: 1, value: { uids: [1, 2, 4_294_967_296], bytes: new Uint8Array(300) } },
    { kind: "ok", id: 2, value: undefined },
    { kind: "fail", id: 3, failure: new Failure("disk_full", "no space", { temporary: true }) },
    { kind: "watch", id: 4, actor: "pop3" },
    { kind: "unwatch", id: 4 },
    { kind: "gone", id: 5 },
  ];
  const data = encodeBatch({ acknowledged: 99, frames });
  const batch = decodeBatch(data);
  assertEquals([batch.version, batch.acknowledged], [WIRE_VERSION, 99]);
  const [first, ...rest] = batch.frames;
  assert(first?.kind === "message");
  assertEquals({ ...first, bytes: 0 }, message);
  assertEquals((first.request as typeof message.request).parts[0]!.buffer, data);
  assertEquals(rest.filter(({ kind }) => kind !== "fail"), frames.slice(1).filter(({ kind }) => kind !== "fail"));
  const fail = rest[2];
  assert(fail?.kind === "fail");
  assertEquals([fail.failure.kind, fail.failure.message, fail.failure.temporary], ["disk_full", "no space", true]);
});

Deno.test("a batch of this version and of the one before is understood, any other refused as schema", () => {
  assertEquals([3, 4, 5, 6].map((version) => acceptsVersion(version, 5)), [false, true, true, false]);
  assertEquals(acceptsVersion(0, 1), false);
  refuses(encodeBatch({ acknowledged: 0, frames: [], version: WIRE_VERSION + 1 }), "schema");
});

Deno.test("what is no buffer, no list or no frame is refused", () => {
  for (const data of [null, {}, "text", new Uint8Array(3), new ArrayBuffer(0)]) refuses(data, "invalid");
  for (const value of [1, "x", {}, [], [WIRE_VERSION], [WIRE_VERSION, -1], [WIRE_VERSION, "x"], [WIRE_VERSION, 0, 5]]) {
    assertThrows(() => decodeBatch(raw(value)), Failure);
  }
  const good = [0, "to", "", "type", 0, 0, null, null];
  decodeBatch(raw([WIRE_VERSION, 0, good]));
  const wrong = [9, 5, 5, 5, -1, -1, 5];
  wrong.forEach((value, at) => refuses(raw([WIRE_VERSION, 0, good.with(at, value)]), "invalid"));
  refuses(raw([WIRE_VERSION, 0, good.with(3, "x".repeat(MESSAGE_NAME_CHARS_MAX + 1))]), "invalid");
  decodeBatch(raw([WIRE_VERSION, 0, good.with(3, "x".repeat(MESSAGE_NAME_CHARS_MAX))]));
  refuses(raw([WIRE_VERSION, 0, [2, 1, "no such kind", "", true]]), "invalid");
  refuses(raw([WIRE_VERSION, 0, [2, 1, "toString", "", true]]), "invalid");
  refuses(raw([WIRE_VERSION, 0, [1, 0, null]]), "invalid");
});

Deno.test("a batch that is cut anywhere, or followed by one more byte, is refused", () => {
  const whole = new Uint8Array(encodeBatch({ acknowledged: 1, frames: [message] }));
  for (let length = 0; length < whole.length; length++) refuses(whole.slice(0, length).buffer, "invalid");
  refuses(new Uint8Array([...whole, 0xc0]).buffer, "invalid");
});

Deno.test("nesting is refused beyond its limit without recursion, a bomb of a million levels included", () => {
  const ok = (value: unknown) => decodeBatch(raw([WIRE_VERSION, 0, [1, 1, value]]));
  ok(nested(FRAME_DEPTH_MAX));
  assertThrows(() => ok(nested(FRAME_DEPTH_MAX + 1)), Failure, "nested");
  refuses(new Uint8Array(1_000_000).fill(0x91).buffer, "invalid");
  refuses(new Uint8Array(1_000_000).fill(0x81).buffer, "invalid");
});

Deno.test("lengths that promise more than there is are refused before anything is built", () => {
  for (const lead of [0xdd, 0xdf, 0xc6, 0xdb]) {
    refuses(new Uint8Array([0x93, 1, 0, lead, 0xff, 0xff, 0xff, 0xff, 0, 0]).buffer, "invalid");
  }
});

Deno.test("extension types are refused, but the one for undefined", () => {
  scanBatch(new Uint8Array([0xd4, 0, 0]));
  const extensions = [[0xd4, 1, 0], [0xd4, 0, 1], [0xd4, 0x72, 0x40], [0xd5, 0, 0, 0], [0xd6, 0xff, 0, 0, 0, 0], [
    0xc7,
    1,
    1,
    0,
  ]];
  for (const bytes of [...extensions, [0xc1], [0xc8, 0, 0, 1], [0xc9, 0, 0, 0, 0, 1]]) {
    assertThrows(() => scanBatch(new Uint8Array(bytes)), Failure);
  }
  refuses(raw([WIRE_VERSION, 0, [1, 1, new Date()]]), "invalid");
  refuses(raw([WIRE_VERSION, 0, [1, 1, new Map([[1, 2]])]]), "invalid");
});

Deno.test("limits of bytes and values hold at the limit and not one beyond", () => {
  const bytes = new Uint8Array([0x93, 1, 2, 3]);
  scanBatch(bytes, { bytesMax: 4, itemsMax: 4 });
  assertThrows(() => scanBatch(bytes, { bytesMax: 3 }), Failure, "too large");
  assertThrows(() => scanBatch(bytes, { itemsMax: 3 }), Failure, "too many");
});

Deno.test("a key that would reach a prototype does not", () => {
  const batch = decodeBatch(raw([WIRE_VERSION, 0, [1, 1, JSON.parse('{"__proto__": {"admin": true}}')]]));
  const [frame] = batch.frames;
  assert(frame?.kind === "ok");
  assertEquals(Object.getPrototypeOf(frame.value), Object.prototype);
  assertEquals((frame.value as { admin?: boolean }).admin, undefined);
});

Deno.test("what the wire cannot carry is a defect of the sender", () => {
  const cycle: unknown[] = [];
  cycle.push(cycle);
  for (const value of [() => 1, Symbol(), new Date(), new Map(), new Set(), /x/, 2n ** 64n, cycle, { toJSON: 1 }]) {
    assertThrows(() => measure(value), Bug);
  }
  assertEquals(assertThrows(() => measure(Array(2_000_000).fill(0)), Failure).kind, "invalid");
});
