/** An MTA-STS policy as it is kept over a restart (RFC 8461 §3.3). */
export interface KeptMtaStsPolicy {
  readonly domain: string;
  readonly id: string;
  /** ms since 1970 UTC. */
  readonly fetchedAtMs: number;
  /** When it is over, ms since 1970 UTC. */
  readonly endsAtMs: number;
  /** As it can be read again. */
  readonly text: string;
}

/** What the keeper of MTA-STS policies understands. */
export interface StsPoliciesProtocol {
  /** Keeps policies, of each domain the one that was fetched last. Durable when answered. */
  "stsPolicies.keep": { request: { readonly policies: readonly KeptMtaStsPolicy[] }; reply: null };
  /** Those that are not over, in order of domain, from behind `after`; `next` is the cursor for what follows. */
  "stsPolicies.page": {
    request: { readonly after: string | null };
    reply: { readonly policies: readonly KeptMtaStsPolicy[]; readonly next: string | null };
  };
}
