/** Every leniency of this server beyond the RFC: what is let through and the client that needs it. Each has its test under its name. */
export const QUIRKS = {
  /** `MAIL FROM: <a@b>`, where RFC 5321 §3.3 forbids the space: scanners, printers, old Outlook Express. */
  spaceAfterColon: "MAIL FROM: <address>",
  /** `HELO my_pc` or `EHLO 192.0.2.1`, where RFC 5321 §4.1.4 wants a domain or a literal in brackets: Windows machines, appliances without DNS. */
  looseHeloName: "EHLO my_pc",
} as const satisfies Record<string, string>;

export type QuirkName = keyof typeof QUIRKS;

/** All of them: the default. */
export const ALL_QUIRKS: ReadonlySet<QuirkName> = new Set(Object.keys(QUIRKS) as QuirkName[]);
