/** A leniency with a name: what is let through beyond the RFC, and the client that needs it. */
export interface Quirk {
  readonly name: string;
  readonly client: string;
}

/** Every leniency of this server; each has its test under the same name. */
export const QUIRKS = {
  /** `MAIL FROM: <a@b>`: RFC 5321 §3.3 forbids the space. */
  spaceAfterColon: { name: "spaceAfterColon", client: "scanners, printers and old Outlook Express" },
  /** `HELO my_pc` or `EHLO 192.0.2.1`: RFC 5321 §4.1.4 wants a domain or a literal in brackets. */
  looseHeloName: {
    name: "looseHeloName",
    client: "Windows machines whose host name has an underscore, appliances without DNS",
  },
} as const satisfies Record<string, Quirk>;
