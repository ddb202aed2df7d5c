import { hash, parseOptions, verify } from "@node-rs/argon2";
import { makeScramKeys, SCRAM_ITERATIONS, type ScramKeySet } from "./scram_keys.ts";

/** Makes and checks password hashes, off the actor's thread. */
export interface PasswordHasher {
  /** A PHC string with its own salt. */
  hash(password: string): Promise<string>;
  /** False for a wrong password, and for a hash that cannot be read. */
  verify(hashed: string, password: string): Promise<boolean>;
  /** Whether the hash was made with other parameters than new ones are. */
  isOutdated(hashed: string): boolean;
  /** PBKDF2 rounds of the keys below: what unknown users are told, too. */
  readonly scramIterations: number;
  /** What SCRAM proofs of this password are checked with. */
  scramKeys(password: string, salt: Uint8Array): Promise<ScramKeySet>;
}

/** OWASP's minimum for argon2id: 19 MiB, two passes, one lane; some 20 to 60 ms of a core. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 } as const;

/** `Algorithm.Argon2id` of the package, which exports it as a const enum. */
const ARGON2ID = 2;

/** argon2id (RFC 9106), and PBKDF2 for SCRAM, in native threads. */
export const ARGON2_HASHER: PasswordHasher = {
  hash: (password) => hash(password, { ...PARAMETERS, algorithm: ARGON2ID }),
  async verify(hashed, password) {
    try {
      return await verify(hashed, password);
    } catch {
      return false; // The hash cannot be parsed: nobody can log in with it, which is the safe side.
    }
  },
  scramIterations: SCRAM_ITERATIONS,
  scramKeys: (password, salt) => makeScramKeys(password, { salt, iterations: SCRAM_ITERATIONS }),
  isOutdated(hashed) {
    const { algorithm, memoryCost, timeCost, parallelism, outputLen } = parseOptions(hashed);
    return algorithm !== ARGON2ID || memoryCost !== PARAMETERS.memoryCost || timeCost !== PARAMETERS.timeCost ||
      parallelism !== PARAMETERS.parallelism || outputLen !== PARAMETERS.outputLen;
  },
};
