/** The command line on a real terminal: what a person types is asked for, and a password is never shown. */
import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { runProgram, testWith } from "../support/programs.ts";
import { readMaildrop } from "../support/pop3_client.ts";
import { startServer } from "../support/server.ts";

const SCRIPT = new URL("../support/python/terminal.py", import.meta.url).pathname;
const MAIN = new URL("../../src/main.ts", import.meta.url).pathname;
const PASSWORD = "shown to nobody";

testWith(
  { programs: ["python3"] },
  "a password is asked for twice on the terminal and not shown, however soon it is typed",
  async () => {
    await using server = await startServer({ domains: ["smith.test"], accounts: [] });
    const answers = JSON.stringify([["Password:", PASSWORD], ["Again:", PASSWORD]]);
    const verb = ["--socket", `${server.dataDir}/control.sock`, "account", "add", "john@smith.test"];
    const command = [Deno.execPath(), "run", "--no-prompt", "--allow-all", MAIN, ...verb];
    const { code, stdout } = await runProgram("python3", [SCRIPT, answers, ...command]);
    const screen = new TextDecoder().decode(stdout);
    assertEquals(code, 0, screen);
    assertStringIncludes(screen, "account john@smith.test is there");
    assertFalse(screen.includes(PASSWORD), "the screen shows the password");
    assertEquals(await readMaildrop({ port: server.ports.pop3 }, { user: "john@smith.test", password: PASSWORD }), []);
    await server.stop();
  },
);
