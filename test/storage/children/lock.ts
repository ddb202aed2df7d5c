/** Locks a directory, says so and waits to be killed; run by tests. */
import { asFailure } from "../../../src/base/mod.ts";
import { lockDataDirectory } from "../../../src/storage/mod.ts";

const dir = process.argv[2];
if (dir === undefined) throw new Error("usage: lock.ts DIRECTORY");
try {
  lockDataDirectory(dir);
  process.stdout.write("owner\n");
} catch (error) {
  process.stdout.write(`locked by ${/pid (\d+)/.exec(asFailure(error)?.message ?? "")?.[1]}\n`);
}
process.stdin.resume();
