import { assertEquals } from "@std/assert";
import { LineCounter } from "../../bench/line_counter.ts";

Deno.test("Lines are counted once, when they are complete, however the log grows", async () => {
  const path = await Deno.makeTempFile();
  try {
    const counter = new LineCounter(path, "status=sent");
    const add = (text: string) => Deno.writeTextFile(path, text, { append: true });
    assertEquals(counter.count(), 0);
    await add("a status=sent\nb status=deferred\nc stat");
    assertEquals([counter.count(), counter.count()], [1, 1]);
    await add("us=sent");
    assertEquals(counter.count(), 1);
    await add("\n");
    assertEquals(counter.count(), 2);
    await add("x status=sent\n".repeat(50_000));
    assertEquals(counter.count(), 50_002);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("A log that does not exist yet has no lines", () => {
  assertEquals(new LineCounter("/nonexistent/maillog", "x").count(), 0);
});
