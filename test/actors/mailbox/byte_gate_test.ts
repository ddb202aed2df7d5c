import { assertEquals } from "@std/assert";
import { ByteGate } from "../../../src/actors/mailbox/search/byte_gate.ts";
import { settle } from "./support.ts";

Deno.test("so many bytes are inside at once, who waits comes in order, and a large one goes alone", async () => {
  const gate = new ByteGate(10);
  const inside: string[] = [];
  const leave = new Map<string, () => void>();
  const enter = (name: string, bytes: number) =>
    gate.run(bytes, async () => {
      inside.push(name);
      await new Promise<void>((resolve) => void leave.set(name, resolve));
      inside.splice(inside.indexOf(name), 1);
    });
  const all = [enter("a", 6), enter("b", 4), enter("large", 50), enter("c", 1)];
  const steps: string[][] = [];
  for (const next of ["a", "b", "large", "c"]) {
    await settle();
    steps.push([...inside]);
    leave.get(next)!();
  }
  await Promise.all(all);
  assertEquals(steps, [["a", "b"], ["b"], ["large"], ["c"]]);
});

Deno.test("a job that fails makes room as one that succeeds", async () => {
  const gate = new ByteGate(1);
  const failed = gate.run(1, () => Promise.reject(new Error("as the test wants it"))).catch(() => "failed");
  const second = gate.run(1, () => Promise.resolve("done"));
  assertEquals([await failed, await second], ["failed", "done"]);
});
