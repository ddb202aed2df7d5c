import { assertEquals, assertRejects } from "@std/assert";
import { OneByOne } from "../../../src/actors/mailbox/one_by_one.ts";

Deno.test("work goes one piece after the other in the order in which it was asked for, past pieces that fail", async () => {
  const one = new OneByOne();
  const log: string[] = [];
  const ends: (() => void)[] = [];
  const piece = (name: string, fails = false) =>
    one.run(async () => {
      log.push(`${name} begins`);
      await new Promise<void>((resolve) => void ends.push(resolve));
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const [a, b, c] = [piece("a"), piece("b", true), piece("c")];
  const failed = assertRejects(() => b, Error, "b");
  await Promise.resolve();
  assertEquals(log, ["a begins"]);
  ends[0]!();
  assertEquals(await a, "a");
  await Promise.resolve();
  assertEquals(log.at(-1), "b begins");
  ends[1]!();
  await failed;
  await Promise.resolve();
  assertEquals(log.at(-1), "c begins");
  ends[2]!();
  assertEquals(await c, "c");
  assertEquals(log, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
});
