import { assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";

const installed = isInstalled();
const name = "senders are checked and mail is signed under Bun as well";

Deno.test({
  name: installed ? name : `${name} (skipped: bun is not installed)`,
  ignore: !installed,
  fn: async () => {
    const script = new URL("./children/bun_smoke.ts", import.meta.url);
    const { stdout, stderr } = await new Deno.Command("bun", { args: [script.pathname] }).output();
    const text = new TextDecoder();
    assertEquals(text.decode(stdout), "ok\n", text.decode(stderr));
  },
});

function isInstalled(): boolean {
  try {
    return spawnSync("bun", ["--version"], { stdio: "ignore" }).status === 0;
  } catch {
    return false; // Not permitted to run anything.
  }
}
