import { assertEquals, assertLess } from "@std/assert";
import fc from "fast-check";
import { cut, type ForestNode, hang, rootOf } from "../../src/mime/forest.ts";

const SEED = 7;

const node = (): ForestNode => ({ up: null, left: null, right: null });

Deno.test("every node has the root that it has by its parents, whatever is hung and cut (seeded)", () => {
  const at = fc.nat(11);
  fc.assert(
    fc.property(fc.array(fc.tuple(at, at, fc.boolean()), { maxLength: 80 }), (steps) => {
      const nodes = Array.from({ length: 12 }, node);
      const parents: (number | null)[] = nodes.map(() => null);
      const root = (i: number): number => parents[i] === null ? i : root(parents[i]!);
      for (const [child, parent, cuts] of steps) {
        if (parents[child] !== null) {
          if (!cuts) continue;
          cut(nodes[child]!);
          parents[child] = null;
        } else if (root(parent) !== child) {
          hang(nodes[child]!, nodes[parent]!);
          parents[child] = parent;
        }
        assertEquals(nodes.map((each) => nodes.indexOf(rootOf(each))), nodes.map((_, i) => root(i)));
      }
    }),
    { seed: SEED, numRuns: 1_000 },
  );
});

Deno.test("the root of nodes as deep as a hundred thousand is found in few steps", () => {
  const nodes = Array.from({ length: 100_000 }, node);
  const started = performance.now();
  for (let i = 1; i < nodes.length; i++) hang(nodes[i - 1]!, nodes[i]!);
  for (const each of nodes) assertEquals(rootOf(each) === nodes.at(-1), true);
  for (let i = 0; i < nodes.length; i += 2) cut(nodes[i]!);
  for (const [i, each] of nodes.entries()) {
    assertEquals(rootOf(each) === nodes[Math.min(i + i % 2, nodes.length - 1)], true);
  }
  assertLess(performance.now() - started, 5_000);
});
