/** A domain in canonical form: lower-case A-labels (RFC 5890), no trailing dot, at most 253 octets. Made only by `parseDomain`. */
export type DomainName = string & { readonly __domainName: unique symbol };
