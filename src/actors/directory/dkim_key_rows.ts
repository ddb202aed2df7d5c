import { Failure } from "../../base/mod.ts";
import type { DkimKeyRecord, DomainRecord } from "../../messages/mod.ts";
import type { DirectoryRow } from "../../storage/directory_store.ts";

/** A key as it is stored. */
export interface DkimKeyRow extends Omit<DkimKeyRecord, "publicKey" | "record"> {
  /** PKCS #8 in PEM. */
  readonly pem: string;
}

/** Under which the store keeps one. */
export function dkimKeyName(domain: string, selector: string): string {
  return `${domain}/${selector}`;
}

/** The row of the store. The schema version vouches for its shape. */
export function dkimKeyOf(row: DirectoryRow): DkimKeyRow {
  for (const name of ["domain", "selector", "state", "pem"]) {
    if (typeof row[name] !== "string") throw new Failure("corrupt", `a key for DKIM has no ${name}`);
  }
  return row as unknown as DkimKeyRow;
}

/** The domain's record with the selectors of those of its keys that sign. */
export function signingSelectors(record: DomainRecord, keys: readonly DkimKeyRow[]): DomainRecord {
  const { dkim: _, ...rest } = record;
  const selectors = keys.filter(({ state }) => state === "active").map(({ selector }) => selector).sort();
  return selectors.length === 0 ? rest : { ...rest, dkim: selectors };
}
