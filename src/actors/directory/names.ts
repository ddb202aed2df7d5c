import { Failure, utf8 } from "../../base/mod.ts";
import {
  type Address,
  canonicalLocal,
  type DomainName,
  formatAddress,
  parseDomain,
  parseMailbox,
} from "../../mail/mod.ts";

/** Octets of a password; longer ones only burn CPU. */
export const PASSWORD_BYTES_MAX = 1_024;

/** The domain as A-labels. Throws Failure `invalid`. */
export function domainName(text: string): DomainName {
  const name = parseDomain(text);
  if (name === null) throw new Failure("invalid", `${shown(text)} is not a domain name`);
  return name;
}

/** A mailbox address as it is kept: its local part canonical and quoted only where it must be, the domain as A-labels. */
export interface CanonicalAddress {
  readonly domain: DomainName;
  /** `local@domain`. */
  readonly text: string;
}

/** The address in canonical form. Throws Failure `invalid`. */
export function canonicalAddress(text: string): CanonicalAddress {
  const address = parseMailbox(text, { utf8: true });
  if (address === null) throw new Failure("invalid", `${shown(text)} is not an address: local@domain is expected`);
  if (address.domain === null) throw new Failure("invalid", "an address here needs a domain name");
  return { domain: address.domain, text: canonicalText(address) };
}

/** The address as it goes on the wire, the case of its local part kept. Throws Failure `invalid`. */
export function writtenAddress(text: string): string {
  const address = parseMailbox(text, { utf8: true });
  if (address === null) throw new Failure("invalid", `${shown(text)} is not an address: local@domain is expected`);
  return formatAddress(address);
}

function canonicalText(address: Address): string {
  return formatAddress({ ...address, local: canonicalLocal(address.local) });
}

/** The account that a login name means, or null when it cannot be one. The full address is the name; a bare local part is not. */
export function loginAddress(user: string): string | null {
  const address: Address | null = parseMailbox(user, { utf8: true });
  if (address === null || address.domain === null) return null;
  return canonicalText(address);
}

/** The password as it is hashed: NFC, so that every keyboard makes the same octets (RFC 8265 §4.2). Throws Failure `invalid`. */
export function newPassword(text: string): string {
  const password = text.normalize("NFC");
  // deno-lint-ignore no-control-regex -- what POP3 or SASL could never carry must not become a password.
  if (/[\u0000-\u001f\u007f]/.test(password)) {
    throw new Failure("invalid", "a password holds no control characters");
  }
  const bytes = utf8(password).length;
  if (bytes === 0 || bytes > PASSWORD_BYTES_MAX) {
    throw new Failure("invalid", `a password is 1 to ${PASSWORD_BYTES_MAX} bytes`);
  }
  return password;
}

/** What the operator wrote, short enough for one line. */
function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
