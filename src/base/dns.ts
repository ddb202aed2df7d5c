/** What a question to the DNS brought. `secure`: validated by DNSSEC, as a trusted resolver said (RFC 4035 §3.2.3). */
export type DnsAnswer<T> =
  | {
    readonly type: "found";
    readonly records: readonly T[];
    readonly secure: boolean;
    /** The name that has the records, where aliases (CNAME) led to it from the one that was asked for. */
    readonly alias?: string;
  }
  /** The name exists, but not with this type (RFC 2308 §2.2). */
  | { readonly type: "nodata"; readonly secure: boolean }
  /** The name does not exist (RFC 2308 §2.1). */
  | { readonly type: "nxdomain"; readonly secure: boolean };

/** One MX record (RFC 1035 §3.3.9). */
export interface MxRecord {
  readonly preference: number;
  /** Lower case, without the final dot; "" is the root: a null MX (RFC 7505). */
  readonly exchange: string;
}

/** One TLSA record (RFC 6698 §2.1). */
export interface TlsaRecord {
  readonly usage: number;
  readonly selector: number;
  readonly matching: number;
  readonly data: Uint8Array;
}

/**
 * Asks the DNS. Aliases (CNAME) are followed. A server that fails, refuses or does not answer in time is a temporary Failure
 * (`dns`), never "not found": a resolver's hiccup must not bounce mail. A text that no name can be is a permanent one (`invalid`).
 */
export interface Resolver {
  mx(domain: string): Promise<DnsAnswer<MxRecord>>;
  /** IPv4 addresses as text. */
  a(name: string): Promise<DnsAnswer<string>>;
  /** IPv6 addresses as text. */
  aaaa(name: string): Promise<DnsAnswer<string>>;
  /** Each record's strings joined, as Latin-1 (RFC 7208 §3.3). */
  txt(name: string): Promise<DnsAnswer<string>>;
  /** Names of an IP address. */
  ptr(ip: string): Promise<DnsAnswer<string>>;
  tlsa(name: string): Promise<DnsAnswer<TlsaRecord>>;
}

/** Asks for an alias itself: what it stands for is not followed. */
export interface AliasResolver {
  /** The name that an alias stands for (RFC 1035 §3.3.1). */
  cname(name: string): Promise<DnsAnswer<string>>;
}
