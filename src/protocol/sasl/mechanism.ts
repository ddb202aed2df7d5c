/** Who wants in, as a mechanism found out. The directory checks it; the secret goes nowhere else. */
export interface Credentials {
  /** Authentication identity (RFC 4422 §2), never empty. */
  readonly user: string;
  readonly secret: string;
}

/** The hash functions that SCRAM is spoken with (RFC 5802, RFC 7677). */
export type ScramHash = "SHA-1" | "SHA-256";

/** What only the directory can answer in the middle of an exchange. */
export type SaslQuestion =
  /** How this user's password was salted. An unknown user gets an answer, too: names do not leak. */
  | { readonly type: "scramStart"; readonly user: string; readonly hash: ScramHash }
  /** Whether the client knows the password: it proves that over all that was said (RFC 5802 §3). */
  | {
    readonly type: "scramProof";
    readonly user: string;
    readonly hash: ScramHash;
    readonly authMessage: string;
    readonly proof: Uint8Array;
  }
  /** Whose the token is; `user` is who the client says it is, or null. */
  | { readonly type: "bearer"; readonly user: string | null; readonly token: string }
  /** Whose the certificate is that the client has shown; `user` is who it says it is, or null. */
  | { readonly type: "external"; readonly user: string | null };

/** The answer to a question: `scramStart` to the first kind, one of the others to the rest. */
export type SaslAnswer =
  /** `nonce`: fresh randomness of ours for this exchange, printable ASCII without a comma. */
  | {
    readonly type: "scramStart";
    readonly salt: Uint8Array;
    readonly iterations: number;
    readonly nonce: string;
  }
  /** `user`: the account's own address. `signature`: by which SCRAM's server proves that it knows the account, too. */
  | { readonly type: "accepted"; readonly user: string; readonly signature: Uint8Array | null }
  | { readonly type: "refused" };

/** Why an exchange ended without a user. */
export type SaslProblem =
  /** The bytes are not what the mechanism's grammar allows. */
  | "malformed"
  /** The client wants to act as somebody else (RFC 4616 §2), which nobody may here. */
  | "otherIdentity"
  /** The proof was wrong, or the client is not bound to this TLS connection (RFC 5802 §6). */
  | "refused";

/** What comes next in an exchange. `next` takes the client's response to the challenge, or the directory's answer. */
export type SaslStep =
  | { readonly type: "challenge"; readonly data: Uint8Array; readonly next: (response: Uint8Array) => SaslStep }
  | { readonly type: "ask"; readonly question: SaslQuestion; readonly next: (answer: SaslAnswer) => SaslStep }
  /** The end of the exchange: whether it was good hangs on these alone. */
  | { readonly type: "credentials"; readonly credentials: Credentials }
  /** The end of an exchange whose last question was answered well. */
  | { readonly type: "accepted"; readonly user: string }
  | { readonly type: "failed"; readonly problem: SaslProblem };

/** What a TLS channel is good for besides keeping secrets. */
export interface SaslChannel {
  /** Its `tls-server-end-point` (RFC 5929 §4.1); null without TLS, or when the server's certificate has none. */
  readonly binding: Uint8Array | null;
  /** Whether the client has shown a certificate that an authority of the server vouches for. */
  readonly certified: boolean;
}

/** What a connection and its server can offer beyond names and passwords. */
export interface SaslOffer extends SaslChannel {
  /** Whether tokens of some issuer are taken. */
  readonly bearer: boolean;
}

/** One mechanism. An exchange is a value: each step returns the next one and nothing is kept here. */
export interface SaslMechanism {
  /** Registered name: upper-case letters, digits, `-` and `_` (RFC 4422 §3.1). */
  readonly name: string;
  /** Without this in the offer it cannot be used; null: it always can. */
  readonly needs: keyof SaslOffer | null;
  /**
   * Begins an exchange; null when the client sent no initial response (RFC 4422 §3.3), empty bytes when it sent an empty one.
   * `binding` is the offer's.
   */
  begin(initial: Uint8Array | null, binding?: Uint8Array | null): SaslStep;
}
