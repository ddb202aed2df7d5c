import type { TlsDayReport } from "./queue.ts";

/** A day that a domain was told of, or will not be. */
export interface TlsDay {
  readonly domain: string;
  /** Begin of the UTC day, ms since 1970. */
  readonly dayMs: number;
}

/** What the keeper of the counts for reports on TLS understands (RFC 8460). Each worker sees its own. */
export interface TlsCountsProtocol {
  /** Keeps days as they are counted now, and forgets those that are over and done with. Durable when answered. */
  "tlsCounts.keep": {
    request: { readonly days: readonly TlsDayReport[]; readonly done: readonly TlsDay[] };
    reply: null;
  };
  /** Those that are kept, from behind `after`; `next` is the cursor for what follows. */
  "tlsCounts.page": {
    request: { readonly after: string | null };
    reply: { readonly days: readonly TlsDayReport[]; readonly next: string | null };
  };
}
