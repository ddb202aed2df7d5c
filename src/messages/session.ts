/** One open session, as operators see it. */
export interface SessionRow {
  /** Unique in the server while it is open. */
  readonly id: string;
  readonly service: string;
  /** Address and port of the client. */
  readonly remote: string;
  /** TLS version; null while the connection is in plain text. */
  readonly tls: string | null;
  /** Address of the account that has logged in; null: nobody has. */
  readonly account: string | null;
  /** When it connected, RFC 3339. */
  readonly since: string;
  /** What the protocol is at, in its own words. */
  readonly phase: string;
  /** Since the client last sent anything, in ms. */
  readonly idleMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Messages taken from the client, or read by it. */
  readonly messages: number;
}

/** What the sessions actor of a listener worker understands. */
export interface SessionProtocol {
  /** At most `limit` sessions, the oldest first, and how many there are. */
  "session.list": {
    request: { readonly limit: number };
    reply: { readonly total: number; readonly sessions: readonly SessionRow[] };
  };
  /** Ends a session; false when this worker has none of that id. */
  "session.kick": { request: { readonly id: string }; reply: { readonly kicked: boolean } };
}
