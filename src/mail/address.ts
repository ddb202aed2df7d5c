import type { DomainName } from "./domain.ts";

/** A mailbox address (RFC 5321 §4.1.2), taken apart and unquoted. Made only by `parseMailbox`. */
export interface Address {
  /** Local part without quoting, case kept. */
  readonly local: string;
  /** The domain, or null when the address has a literal. */
  readonly domain: DomainName | null;
  /** Content of an address literal, e.g. `127.0.0.1` or `IPv6:::1`. */
  readonly literal: string | null;
}
