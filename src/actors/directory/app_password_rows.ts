import { Failure } from "../../base/mod.ts";
import type { AccountId } from "../../mail/mod.ts";
import type { AppPasswordRecord } from "../../messages/mod.ts";
import type { DirectoryRow } from "../../storage/directory_store.ts";

/** An app password as it is stored. */
export interface AppPasswordRow extends AppPasswordRecord {
  readonly account: AccountId;
  /**
   * SHA-256 in hexadecimal. A slow hash protects what people choose; here are 100 random bits, which nobody finds by trying,
   * however fast, and every login of every program costs one hash.
   */
  readonly hash: string;
}

/** Under which the store keeps one. */
export function appPasswordKey(account: AccountId, id: string): string {
  return `${account}/${id}`;
}

/** The row of the store. The schema version vouches for its shape. */
export function appPasswordOf(row: DirectoryRow): AppPasswordRow {
  if (typeof row["account"] !== "string" || typeof row["hash"] !== "string") {
    throw new Failure("corrupt", "an app password has no account or no hash");
  }
  return row as unknown as AppPasswordRow;
}
