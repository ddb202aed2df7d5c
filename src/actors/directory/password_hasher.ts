import { hash, parseOptions, verify } from "@node-rs/argon2";

/** Makes and checks password hashes, off the actor's thread. */
export interface PasswordHasher {
  /** A PHC string with its own salt. */
  hash(password: string): Promise<string>;
  /** False for a wrong password, and for a hash that cannot be read. */
  verify(hashed: string, password: string): Promise<boolean>;
  /** Whether the hash was made with other parameters than new ones are. */
  isOutdated(hashed: string): boolean;
}

/** OWASP's minimum for argon2id: 19 MiB, two passes, one lane; some 20 to 60 ms of a core. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 } as const;

/** `Algorithm.Argon2id` of the package, which exports it as a const enum. */
const ARGON2ID = 2;

/** argon2id (RFC 9106) in the package's native threads. */
export const ARGON2_HASHER: PasswordHasher = {
  hash: (password) => hash(password, { ...PARAMETERS, algorithm: ARGON2ID }),
  async verify(hashed, password) {
    try {
      return await verify(hashed, password);
    } catch {
      return false; // The hash cannot be parsed: nobody can log in with it, which is the safe side.
    }
  },
  isOutdated(hashed) {
    const { algorithm, memoryCost, timeCost, parallelism, outputLen } = parseOptions(hashed);
    return algorithm !== ARGON2ID || memoryCost !== PARAMETERS.memoryCost || timeCost !== PARAMETERS.timeCost ||
      parallelism !== PARAMETERS.parallelism || outputLen !== PARAMETERS.outputLen;
  },
};
