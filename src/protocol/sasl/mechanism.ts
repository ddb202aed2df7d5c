/** Who wants in, as a mechanism found out. The directory checks it; the secret goes nowhere else. */
export interface Credentials {
  /** Authentication identity (RFC 4422 §2), never empty. */
  readonly user: string;
  readonly secret: string;
}

/** Why an exchange ended without credentials. */
export type SaslProblem =
  /** The bytes are not what the mechanism's grammar allows. */
  | "malformed"
  /** The client wants to act as somebody else (RFC 4616 §2), which nobody may here. */
  | "otherIdentity";

/** What comes next in an exchange. `next` takes the client's answer to the challenge. */
export type SaslStep =
  | { readonly type: "challenge"; readonly data: Uint8Array; readonly next: (response: Uint8Array) => SaslStep }
  | { readonly type: "credentials"; readonly credentials: Credentials }
  | { readonly type: "failed"; readonly problem: SaslProblem };

/** One mechanism. An exchange is a value: each step returns the next one and nothing is kept here. */
export interface SaslMechanism {
  /** Registered name: upper-case letters, digits, `-` and `_` (RFC 4422 §3.1). */
  readonly name: string;
  /** The secret crosses the wire readable: only under TLS, unless the operator allowed it. */
  readonly revealsSecret: boolean;
  /** Begins an exchange; null when the client sent no initial response (RFC 4422 §3.3), empty bytes when it sent an empty one. */
  begin(initial: Uint8Array | null): SaslStep;
}
