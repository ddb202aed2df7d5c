import fc from "fast-check";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Failure } from "../../src/base/mod.ts";
import { decodeBatch, encodeBatch, type Frame } from "../../src/runtime/wire.ts";
import { measure } from "../../src/runtime/wire_measure.ts";

const seed = 20_261_122;
const key = fc.string({ maxLength: 40, unit: "binary" }).filter((text) => text !== "__proto__" && text !== "toJSON");
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(null, true, false, undefined),
    fc.integer(),
    fc.double({ noNaN: true }).filter((number) => !Object.is(number, -0)),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.string({ unit: "binary", maxLength: 400 }),
    fc.uint8Array({ maxLength: 400 }),
    fc.array(tie("value"), { maxLength: 20 }),
    fc.dictionary(key, tie("value"), { maxKeys: 20, noNullPrototype: true }),
  ),
}));
const text = fc.string({ maxLength: 60 });
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    kind: fc.constant("message" as const),
    to: text,
    from: text,
    type: text,
    id: fc.nat(),
    deadlineMs: fc.nat(86_400_000),
    trace: fc.oneof(fc.constant(undefined), text),
    request: value,
    bytes: fc.constant(0),
  }),
  fc.record({ kind: fc.constant("ok" as const), id: fc.integer({ min: 1 }), value }),
  fc.record({ kind: fc.constant("watch" as const), id: fc.integer({ min: 1 }), actor: text }),
  fc.record({ kind: fc.constantFrom("unwatch" as const, "gone" as const), id: fc.integer({ min: 1 }) }),
);

/** A lone half of a surrogate pair becomes U+FFFD in UTF-8: the one thing that does not come back. */
function wellFormed(part: unknown): unknown {
  if (typeof part === "string") return part.toWellFormed();
  if (Array.isArray(part)) return part.map(wellFormed);
  if (typeof part !== "object" || part === null || part instanceof Uint8Array) return part;
  return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name.toWellFormed(), wellFormed(inner)]));
}

/** Decodes, and holds against the promise: a batch or a Failure, nothing else. */
function decodes(bytes: Uint8Array): boolean {
  try {
    decodeBatch(bytes.slice().buffer);
    return true;
  } catch (error) {
    assert(error instanceof Failure, `not a Failure: ${error}`);
    return false;
  }
}

Deno.test("fuzz: decode(encode(batch)) is the batch, and its measure is near", () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 8 }), fc.nat(), (frames, acknowledged) => {
      const data = encodeBatch({ acknowledged, frames });
      const back = decodeBatch(data).frames.map((frame) => frame.kind === "message" ? { ...frame, bytes: 0 } : frame);
      assertEquals(back, wellFormed(frames) as Frame[]);
      for (const frame of frames) {
        if (frame.kind !== "ok") continue;
        const real = encodeBatch({ acknowledged: 0, frames: [frame] }).byteLength;
        assert(real <= 3 * measure(frame.value) + 16, `measured ${measure(frame.value)}, took ${real}`);
      }
    }),
    { seed, numRuns: 500 },
  );
});

Deno.test("fuzz: any bytes decode to a batch or to a Failure", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodes(bytes)), { seed, numRuns: 5_000 });
});

Deno.test("fuzz: a good batch with changed, cut or doubled bytes decodes to a batch or to a Failure", () => {
  const change = fc.record({ at: fc.nat(), to: fc.nat(255), how: fc.constantFrom("set", "cut", "insert") });
  fc.assert(
    fc.property(
      fc.array(frame, { minLength: 1, maxLength: 3 }),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      (frames, changes) => {
        let bytes = new Uint8Array(encodeBatch({ acknowledged: 0, frames }));
        for (const { at, to, how } of changes) {
          const place = at % (bytes.length + 1);
          if (how === "set") bytes[place] = to;
          else if (how === "cut") bytes = bytes.slice(0, place);
          else bytes = new Uint8Array([...bytes.slice(0, place), to, ...bytes.slice(place)]);
        }
        decodes(bytes);
      },
    ),
    { seed, numRuns: 2_000 },
  );
});

Deno.test("canary: a fuzzer of this kind finds a decoder that trusts a length", () => {
  // The planted bug: the length byte is believed, and a RangeError that is no Failure escapes.
  const planted = (bytes: Uint8Array) => {
    if (bytes[0] === 0xc4) new Uint8Array(bytes.buffer, 2, bytes[1]);
    return decodes(bytes);
  };
  const run = () =>
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 60 }), (bytes) => void planted(bytes.slice())),
      { seed, numRuns: 5_000 },
    );
  assertThrows(run);
});
