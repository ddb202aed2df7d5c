import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Input } from "../../../src/protocol/imap/frame/input.ts";

/** Whoever uses an input: more bytes come, or some are read, or looked at. */
const deed = fc.record({
  does: fc.constantFrom("push" as const, "push" as const, "take" as const, "ahead" as const),
  bytes: fc.oneof(fc.nat(12), fc.nat(9_000)),
});

Deno.test("bytes are read in the order in which they came, whatever came before others were read", () => {
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 40 }), (deeds) => {
      const input = new Input();
      let [came, read] = [0, 0];
      const bytesFrom = (from: number, count: number) => Uint8Array.from({ length: count }, (_, i) => (from + i) % 251);
      for (const { does, bytes } of deeds) {
        if (does === "push") {
          input.push(bytesFrom(came, bytes));
          came += bytes;
        } else if (does === "take") {
          input.advance();
          const taken = input.take(bytes);
          assert(taken.length === bytes || input.ended);
          assertEquals(taken, bytesFrom(read, taken.length));
          read += taken.length;
        } else {
          const ahead = input.ahead(bytes);
          assertEquals(ahead, came - read < bytes ? null : bytesFrom(read, bytes));
        }
        assertEquals(input.bytes, came - read);
      }
      assertEquals(input.takeRest(), bytesFrom(read, came - read));
      assertEquals([input.bytes, input.ended, input.advance()], [0, true, false]);
    }),
    { seed: 9051, numRuns: 2_000 },
  );
});
