/** A test file in a network of its own, which has no interface but loopback: whatever its programs try, nothing leaves. */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { programPath } from "./programs.ts";

/** Set for the test file when it runs in there. */
const INSIDE = "STAGEPOST_LOOPBACK_ONLY";

/** A new network, as root or as the root of a user namespace of its own. */
const NETWORKS = [["unshare", "--net"], ["unshare", "--net", "--map-root-user"]] as const;

function run(words: readonly string[], stdout: "null" | "inherit", env: Record<string, string> = {}) {
  const [program, ...args] = words;
  return new Deno.Command(program!, { args, env, stdin: "null", stdout, stderr: stdout });
}

/** The words before a command that runs it in such a network; null where none can be made. */
async function newNetwork(): Promise<readonly string[] | null> {
  if (programPath("unshare") === null || programPath("ip") === null) return null;
  for (const words of NETWORKS) {
    const inside = [...words, "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];
    if ((await run([...inside, "true"], "null").output()).success) return inside;
  }
  return null;
}

/**
 * Runs a test in such a network, by running its file `url` there once more. Where none can be made it runs here, and says so: then
 * nothing proves that its programs kept to themselves.
 */
export async function onLoopbackOnly(url: string, test: () => Promise<void>): Promise<void> {
  if (Deno.env.get(INSIDE) !== undefined) {
    assertEquals([...new Set(Deno.networkInterfaces().map(({ name }) => name))], ["lo"]);
    return await test();
  }
  const network = await newNetwork();
  if (network === null) {
    console.log("NOT CONFINED TO LOOPBACK: no network namespace can be made here (unshare, ip)");
    return await test();
  }
  const again = [Deno.execPath(), "test", "--no-prompt", "--allow-all", "--no-check", fileURLToPath(url)];
  const { success } = await run([...network, ...again], "inherit", { [INSIDE]: "1" }).output();
  assert(success, "the test fails in a network of its own: see above");
}
