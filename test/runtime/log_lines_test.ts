import { setImmediate } from "node:timers";
import { assertEquals } from "@std/assert";
import { LogLines } from "../../src/runtime/log_lines.ts";

function collected(): { readonly written: string[]; readonly lines: LogLines } {
  const written: string[] = [];
  return { written, lines: new LogLines((text) => written.push(text)) };
}

Deno.test("the lines of one turn are written together, in their order", async () => {
  const { written, lines } = collected();
  lines.add("a", "info");
  lines.add("b", "debug");
  assertEquals(written, []);
  await new Promise<void>((resolve) => void setImmediate(resolve));
  assertEquals(written, ["a\nb"]);
  lines.add("c", "info");
  lines.flush();
  lines.flush();
  assertEquals(written, ["a\nb", "c"]);
  await new Promise<void>((resolve) => void setImmediate(resolve));
  assertEquals(written, ["a\nb", "c"]);
});

Deno.test("a trouble is written at once, behind what came before it, and so are very many lines", () => {
  const { written, lines } = collected();
  lines.add("a", "info");
  lines.add("b", "warn");
  lines.add("c", "error");
  assertEquals(written, ["a\nb", "c"]);
  for (let i = 0; i < 1_000; i++) lines.add("x", "info");
  assertEquals(written.length, 3);
  lines.flush();
});
