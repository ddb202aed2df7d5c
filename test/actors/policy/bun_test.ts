import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { runOk, testWith } from "../../support/programs.ts";

testWith({ programs: ["bun"] }, "senders are checked and mail is signed under Bun as well", async () => {
  const { stdout } = await runOk("bun", [fileURLToPath(new URL("./children/bun_smoke.ts", import.meta.url))]);
  assertEquals(new TextDecoder().decode(stdout), "ok\n");
});
