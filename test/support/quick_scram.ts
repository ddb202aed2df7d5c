/** SCRAM keys without threads: for actors whose every step the test decides. */
import { pbkdf2Sync } from "node:crypto";
import { keysOfSalted, type ScramKeySet } from "../../src/actors/directory/scram_keys.ts";

const ITERATIONS = 4_096;

export const QUICK_SCRAM = {
  scramIterations: ITERATIONS,
  scramKeys(password: string, salt: Uint8Array): Promise<ScramKeySet> {
    const keys = (hash: "SHA-1" | "SHA-256", digest: string, bytes: number) => ({
      salt,
      iterations: ITERATIONS,
      ...keysOfSalted(hash, pbkdf2Sync(password, salt, ITERATIONS, bytes, digest)),
    });
    return Promise.resolve({ "SHA-1": keys("SHA-1", "sha1", 20), "SHA-256": keys("SHA-256", "sha256", 32) });
  },
};
