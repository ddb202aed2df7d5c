import { assert, assertEquals } from "@std/assert";
import { rmSync } from "node:fs";
import { checkLeft, installed, run } from "./child.ts";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "./support.ts";

const missing = !installed("bun");

Deno.test({
  name: `a store written under Bun is read under this runtime${missing ? " (skipped: bun is not installed)" : ""}`,
  ignore: missing,
  fn: async () => {
    const dir = temporaryDirectory();
    try {
      const left = await run(["bun", fileURLToPath(new URL("./children/deliver.ts", import.meta.url)), dir, "0", "20"]);
      assertEquals([left.code, left.failed.size], [0, 0], left.errors);
      assert(left.acked.size > 100);
      assertEquals(await checkLeft(dir, left.acked), left.acked.size);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
});
