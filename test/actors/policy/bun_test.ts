import { assertEquals } from "@std/assert";

const permitted = Deno.permissions.querySync({ name: "run" }).state === "granted";
const installed = permitted && await new Deno.Command("bun", { args: ["--version"] }).output().then(
  ({ success }) => success,
  () => false,
);
const why = permitted ? "bun is not installed" : "needs run permission";
const name = "senders are checked and mail is signed under Bun as well";

Deno.test({
  name: installed ? name : `${name} (skipped: ${why})`,
  ignore: !installed,
  fn: async () => {
    const script = new URL("./children/bun_smoke.ts", import.meta.url);
    const { stdout, stderr } = await new Deno.Command("bun", { args: [script.pathname] }).output();
    const text = new TextDecoder();
    assertEquals(text.decode(stdout), "ok\n", text.decode(stderr));
  },
});
