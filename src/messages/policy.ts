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
  /** Our ARC set (RFC 8617), fields with their CRLFs, to stand above the message where it goes on; empty when there is none. */
  readonly sealed: readonly string[];
}

/** Whose keys sign: a domain of ours, and the selectors that its record names. */
export interface SigningDomain {
  readonly domain: string;
  readonly selectors: readonly string[];
}

/** A block list of the DNS (RFC 5782) that names a client. */
export interface Listing {
  /** The list, as the client is told. */
  readonly listedBy: string;
  /** Its own words about the client: one line of printable ASCII; null when it has none. */
  readonly text: string | null;
}

/** What scanners of content found out about a mail, and what follows. */
export interface ScanCheck {
  readonly disposition: SenderDisposition;
  /** One word for counters; "unscanned" and "tooLarge": the mail goes on, though not every scanner has looked at it. */
  readonly result: "clean" | "junk" | "spam" | "virus" | "deferred" | "tooLarge" | "unscanned";
  /** Header fields with their CRLFs, to stand above the mail; "" for none. */
  readonly fields: string;
  /** Names in lower case of fields that are to be taken out of the mail. */
  readonly remove: readonly string[];
  /** What each scanner said, one printable line each, for the log. */
  readonly notes: readonly string[];
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
      /** Who seals it with what was found out, as it goes on to others; null when it does not. */
      readonly seal: SigningDomain | null;
    };
    reply: SenderCheck;
  };
  /**
   * The block list that names a client, unless an allow list names him too; null when none is known to. A name server that fails
   * is no Failure: then nobody is listed. `busy`: too many are being asked about.
   */
  "policy.listed": { request: { readonly ip: string }; reply: Listing | null };
  /**
   * Shows a mail to the scanners that look at mail of its direction. One that fails is a result, as configured, not a Failure.
   * `busy`: too many mails are being scanned.
   */
  "policy.scan": {
    request: {
      /** By which the scanner's log names the mail. */
      readonly id: string;
      /** `outgoing`: one of our users has handed it in. */
      readonly direction: "incoming" | "outgoing";
      /** Whether all its recipients have their mailboxes here. */
      readonly staysHere: boolean;
      /** The client's address and name, as far as they are known. */
      readonly ip: string | null;
      readonly name: string | null;
      readonly helo: string;
      /** Reverse-path without brackets; "" for the null one. */
      readonly sender: string;
      /** At most 1,000. */
      readonly recipients: readonly string[];
      /** The account that hands it in; null when nobody has logged in. */
      readonly user: string | null;
      /** The message as it came, in pieces. */
      readonly parts: readonly Uint8Array[];
    };
    reply: ScanCheck;
  };
  /**
   * Makes one DKIM-Signature field with its CRLFs for each key, to stand above the message. Who asks names the keys and never has
   * them: the directory gives them to the policy worker alone. A listener that a stranger has taken over can have mail signed as
   * long as it is his, as it is the listener that knows who has logged in; what it cannot do is carry a key away. So it may as well
   * hash the body, which then need not be sent. `not_found`: none of the keys is there any more; `invalid`: no key signs such a message.
   */
  "policy.sign": {
    request: SigningDomain & {
      /** The message's header as it goes out, without the empty line, at most 1 MiB: what is changed behind breaks the signature. */
      readonly head: Uint8Array;
      /** SHA-256 of its body in the relaxed form (RFC 6376 §3.4.4). */
      readonly bodyHash: Uint8Array;
    };
    reply: { readonly fields: readonly string[] };
  };
  /** What is wrong with a key's record as the DNS has it now, in plain words; null when nothing is. `dns`: it did not answer. */
  "policy.checkKey": {
    request: {
      readonly domain: string;
      readonly selector: string;
      readonly algorithm: "rsa-sha256" | "ed25519-sha256";
      /** p=, in base64. */
      readonly publicKey: string;
    };
    reply: { readonly problem: string | null };
  };
}
