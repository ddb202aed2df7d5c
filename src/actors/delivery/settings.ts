/** How long another server may take, in ms; the defaults are the least that RFC 5321 §4.5.3.2 asks for. */
export interface DeliveryTimeouts {
  readonly connectMsMax: number;
  /** Until the greeting; many a busy server holds it back (§4.5.3.2.1). */
  readonly greetingMsMax: number;
  /** For the reply to EHLO, STARTTLS, AUTH, MAIL, RCPT and RSET (§4.5.3.2.2, §4.5.3.2.3). */
  readonly commandMsMax: number;
  readonly handshakeMsMax: number;
  /** For the 354 to DATA (§4.5.3.2.4). */
  readonly dataMsMax: number;
  /** In which the server must take the next 64 KiB of the content (§4.5.3.2.5). */
  readonly blockMsMax: number;
  /** For the reply to the end of the content (§4.5.3.2.6). */
  readonly endMsMax: number;
  /** For the reply to QUIT, which nobody waits for. */
  readonly quitMsMax: number;
  /** After this long an attempt turns to no further host. */
  readonly attemptMsMax: number;
}

/** The RFC's figures, and what it leaves open. */
export const DELIVERY_TIMEOUTS: DeliveryTimeouts = {
  connectMsMax: 30_000,
  greetingMsMax: 300_000,
  commandMsMax: 300_000,
  handshakeMsMax: 60_000,
  dataMsMax: 120_000,
  blockMsMax: 180_000,
  endMsMax: 600_000,
  quitMsMax: 5_000,
  attemptMsMax: 1_800_000,
};

/** What one attempt, and all together, may cost. */
export interface DeliveryLimits {
  /** Hosts of a destination that are tried; RFC 5321 §5.1 asks for two at least. */
  readonly hostsMax: number;
  /** Addresses that are connected to in one attempt. */
  readonly addressesMax: number;
  /** Recipients of one transaction: what every server must take (RFC 5321 §4.5.3.1.8). */
  readonly recipientsMax: number;
  /** Attempts under way at a time; further ones are answered "busy". */
  readonly attemptsMax: number;
  /** Of these, at one destination; further ones wait. */
  readonly perDestinationMax: number;
  /** How long a connection is kept for the next mail to the same host, in ms; 0: not at all. */
  readonly keepMsMax: number;
  /** Connections kept, over all hosts. */
  readonly keptMax: number;
  /** Mails over one connection. */
  readonly mailsPerConnectionMax: number;
}

/** Limits that suit a server of middle size. */
export const DELIVERY_LIMITS: DeliveryLimits = {
  hostsMax: 20,
  addressesMax: 10,
  recipientsMax: 100,
  attemptsMax: 500,
  perDestinationMax: 20,
  keepMsMax: 5_000,
  keptMax: 100,
  mailsPerConnectionMax: 100,
};

/** Where mail for a domain goes instead of where its MX records say. */
export interface DeliveryRoute {
  /** In A-labels and lower case; `.domain` for all below it, `*` for every destination without a route of its own. */
  readonly domain: string;
  /** A name, or an IP address. */
  readonly host: string;
  /** 25 when not given. */
  readonly port?: number;
  /** `required` and `implicit` check the certificate. */
  readonly tls: "none" | "opportunistic" | "required" | "implicit";
  /** Who logs in; without TLS only on this machine. */
  readonly user?: string;
  readonly secret?: string;
  /** Asks for the MX records of `host`. */
  readonly lookupMx?: boolean;
  /** False takes any certificate. */
  readonly verify?: boolean;
  /** Certificates to trust instead of the system's, as PEM. */
  readonly ca?: string;
}

/** How mail is handed to other servers. */
export interface DeliverySettings {
  /** Argument of EHLO: this server's name in the DNS (RFC 5321 §4.1.4). */
  readonly heloName: string;
  /** Port of other servers: 25, but in tests. */
  readonly port: number;
  /** Addresses to connect from; null: the system chooses. */
  readonly source: { readonly ipv4: string | null; readonly ipv6: string | null };
  readonly routes: readonly DeliveryRoute[];
  readonly timeouts: DeliveryTimeouts;
  readonly limits: DeliveryLimits;
  /** Certificates to trust instead of the system's where no route names others, as PEM; null: the system's. */
  readonly ca: string | null;
}

/** The route of a destination: its own, else that of the nearest domain above it, else that for all, else null. */
export function routeFor(destination: string, routes: readonly DeliveryRoute[]): DeliveryRoute | null {
  if (routes.length === 0) return null;
  const named = (name: string) => routes.find(({ domain }) => domain === name);
  let found = named(destination);
  for (let dot = destination.indexOf("."); found === undefined && dot >= 0; dot = destination.indexOf(".", dot + 1)) {
    found = named(destination.slice(dot));
  }
  return found ?? named("*") ?? null;
}
