import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { runOk, testWith } from "../support/programs.ts";

testWith(
  { programs: ["bun"] },
  "the runtime works under Bun: links, and workers that die in four ways and come back",
  async () => {
    const { stdout } = await runOk("bun", [fileURLToPath(new URL("./support/bun_smoke.ts", import.meta.url))]);
    assertEquals(new TextDecoder().decode(stdout), "ok\n");
  },
);
