import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { OpenBoundaries } from "../../src/mime/open_boundaries.ts";

const SEED = 2_046;

/** The longest of the boundaries that the text has at this place, of equals the innermost; or -1. */
function findOneByOne(boundaries: readonly (string | null)[], text: string, at: number): number {
  let best = -1;
  for (let frame = boundaries.length - 1; frame >= 0; frame--) {
    const boundary = boundaries[frame];
    if (boundary === null || boundary === undefined || !text.startsWith(boundary, at)) continue;
    if (best < 0 || boundary.length > boundaries[best]!.length) best = frame;
  }
  return best;
}

Deno.test("the tree of boundaries finds what comparing with each one finds, whatever opens and closes", () => {
  const boundary = fc.option(fc.stringMatching(/^[ab]{0,4}$/).map((text) => `--${text}`), { nil: null });
  const step = fc.oneof(
    boundary.map((text) => ({ push: text })),
    fc.constant({ pop: true }),
    fc.nat(9).map((drop) => ({ drop })),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.stringMatching(/^[ab-]{0,8}$/), (steps, text) => {
      const tree = new OpenBoundaries();
      const plain: (string | null)[] = [];
      for (const each of steps) {
        if ("push" in each) {
          tree.push(each.push);
          plain.push(each.push);
        } else if ("drop" in each && each.drop < plain.length) {
          tree.drop(each.drop);
          plain[each.drop] = null;
        } else if ("pop" in each && plain.length > 0) {
          tree.pop();
          plain.pop();
        }
        assertEquals(tree.count, plain.filter((one) => one !== null).length);
        for (let at = 0; at <= text.length; at++) assertEquals(tree.find(text, at), findOneByOne(plain, text, at));
      }
    }),
    { seed: SEED, numRuns: 1_000 },
  );
});
