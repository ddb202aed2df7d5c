import { readFile } from "node:fs/promises";
import * as z from "zod";
import type { TokenIssuer } from "./actors/mod.ts";
import { Failure } from "./base/mod.ts";
import type { ClusterConfig } from "./config/mod.ts";

/** Largest file of keys, in bytes. */
const FILE_BYTES_MAX = 1_048_576;

/** A JSON Web Key Set (RFC 7517 §5); the keys' own members are the checker's to read. */
const KEY_SET = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })).min(1).max(100) });

/** The configured issuers with their keys, for workers that read no files. Throws Failure `invalid` that names the file. */
export function readIssuers({ oauth }: ClusterConfig): Promise<TokenIssuer[]> {
  return Promise.all(oauth.issuers.map(async ({ jwksFile, ...issuer }) => {
    try {
      const text = await readFile(jwksFile, "utf8");
      if (text.length > FILE_BYTES_MAX) throw new Error(`is larger than ${FILE_BYTES_MAX} bytes`);
      return { ...issuer, keys: KEY_SET.parse(JSON.parse(text)) };
    } catch (cause) {
      throw new Failure("invalid", `${jwksFile} is no JSON Web Key Set that can be read`, { cause });
    }
  }));
}
