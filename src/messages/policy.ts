/** What is to be done with a message from outside. `text` is one printable line, fit for a reply. */
export type SenderDisposition =
  | { readonly type: "accept" }
  /** Into the junk: a DMARC policy asks for it. */
  | { readonly type: "quarantine"; readonly text: string }
  /** Not now (451): what decides could not be looked up. */
  | { readonly type: "defer"; readonly enhanced: string; readonly text: string }
  /** Never (550). */
  | { readonly type: "reject"; readonly enhanced: string; readonly text: string };

/** The verdict of each method by its name in RFC 8601, for the log and for counters. */
export interface SenderResults {
  readonly spf: string;
  /** One for each signature that was looked at. */
  readonly dkim: readonly { readonly result: string; readonly domain: string | null }[];
  readonly arc: string;
  readonly dmarc: string;
  /** The domain that decided under DMARC; null when there was none. */
  readonly author: string | null;
  readonly iprev: string;
}

/** What a check of a message's sender found out. */
export interface SenderCheck {
  readonly disposition: SenderDisposition;
  readonly results: SenderResults;
  /** The Authentication-Results field (RFC 8601) with its CRLF, to stand above the message. */
  readonly field: string;
}

/** A key to sign with. */
export interface SigningKey {
  readonly domain: string;
  readonly selector: string;
  /** PKCS #8 in PEM: Ed25519, or RSA of 2,048 to 4,096 bits. */
  readonly pem: string;
}

/** What the policy actor understands. */
export interface PolicyProtocol {
  /**
   * Checks who sent a message: SPF, DKIM, ARC, DMARC, iprev. A name server that fails is a result, not a Failure. `busy`: too
   * many checks are under way.
   */
  "policy.check": {
    request: {
      readonly ip: string;
      readonly helo: string;
      /** Reverse-path without brackets; "" for the null one. */
      readonly sender: string;
      /** The message as it came, in pieces. */
      readonly parts: readonly Uint8Array[];
    };
    reply: SenderCheck;
  };
  /**
   * Makes one DKIM-Signature field with its CRLFs for each key, to stand above the message. `invalid` when a key cannot be signed
   * with; the text says nothing of the key.
   */
  "policy.sign": {
    request: {
      /** The message as it goes out, in pieces: what is changed behind breaks the signature. */
      readonly parts: readonly Uint8Array[];
      readonly keys: readonly SigningKey[];
    };
    reply: { readonly fields: readonly string[] };
  };
}
