import { lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure, type Random } from "./base/mod.ts";
import { makePrivateDirectory } from "./net/mod.ts";

/** Bytes of a key that the server makes for itself. */
const KEY_BYTES = 32;

/** Bytes of a secret read from a file. */
const SECRET_BYTES_MAX = 4_096;

/**
 * What a `file:PATH` or `env:NAME` of the config stands for; of a file, its text without a last line end. Throws Failure
 * `not_found` or `invalid`, which names the reference and never the secret.
 */
export function readSecret(reference: string, env: Readonly<Record<string, string | undefined>>): string {
  const name = reference.slice(reference.indexOf(":") + 1);
  const secret = reference.startsWith("env:") ? env[name] : fileText(name);
  if (secret === undefined) throw new Failure("not_found", `${reference} is not set`);
  if (secret === "" || secret.length > SECRET_BYTES_MAX) {
    throw new Failure("invalid", `${reference} holds no secret of 1 to ${SECRET_BYTES_MAX} bytes`);
  }
  return secret;
}

function fileText(path: string): string {
  try {
    return readFileSync(path, "utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    throw new Failure("not_found", `cannot read ${path}`, { cause });
  }
}

/** A key of this server's own, kept in `dir` under `name` from the first start on. Throws Failure `disk`, `corrupt` or `refused`. */
export function loadOrMakeKey(dir: string, name: string, random: Random): Uint8Array {
  const path = join(dir, name);
  if (!isThere(path)) {
    makePrivateDirectory(dir);
    const fresh = `${path}.new`;
    try {
      rmSync(fresh, { force: true });
      writeFileSync(fresh, random.bytes(KEY_BYTES), { mode: 0o600, flag: "wx", flush: true });
      renameSync(fresh, path);
    } catch (cause) {
      throw new Failure("disk", `cannot write ${path}`, { cause });
    }
  }
  const key = new Uint8Array(readFileSync(path));
  if (key.length !== KEY_BYTES) throw new Failure("corrupt", `${path} is not a key of ${KEY_BYTES} bytes`);
  return key;
}

function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
