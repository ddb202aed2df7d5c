import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { BoundarySet } from "../../src/mime/boundary_set.ts";

/** The longest boundary that the text begins with, of equals that of the highest frame: found by looking at each. */
function longest(boundaries: ReadonlyMap<number, string>, text: string): number | null {
  let best: number | null = null;
  for (const [frame, boundary] of boundaries) {
    if (!text.startsWith(boundary)) continue;
    if (best === null || boundary.length >= boundaries.get(best)!.length) best = frame;
  }
  return best;
}

Deno.test("however boundaries come and go, the longest that fits is found (seeded)", () => {
  const boundary = fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 6 }).map((all) => all.join(""));
  const step = fc.oneof(
    boundary.map((text) => ["add", text] as const),
    fc.nat(30).map((frame) => ["remove", frame] as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.array(boundary, { maxLength: 10 }), (steps, lines) => {
      const set = new BoundarySet();
      const open = new Map<number, string>();
      steps.forEach(([what, value], frame) => {
        if (what === "add") {
          set.add(frame, value);
          open.set(frame, value);
        } else {
          set.remove(value);
          open.delete(value);
        }
        assertEquals(set.size, open.size);
      });
      for (const line of lines) assertEquals(set.find(`--${line}`, 2)?.frame ?? null, longest(open, line), line);
    }),
    { seed: 20, numRuns: 5_000 },
  );
});
