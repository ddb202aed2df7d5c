import { describeError, type Log } from "../../base/mod.ts";
import {
  type Connection,
  ConnectionCounts,
  createTlsContext,
  DeadlineWheel,
  listen,
  type Listener,
  parseNetworks,
  serverEndPoint,
  type TlsContextHolder,
} from "../../net/mod.ts";
import { MadeIndexes } from "../../protocol/imap/mod.ts";
import { ImapFront, type ImapFrontOptions } from "./imap_front.ts";
import { type TurnPolicy, TurnRules } from "./queue_turns.ts";
import { Pop3Front, type Pop3FrontOptions } from "./pop3_front.ts";
import { refusalLine } from "./refusal_line.ts";
import type { FrontServices } from "./services.ts";
import { SessionBook } from "./session_book.ts";
import { SmtpFront, type SmtpFrontOptions } from "./smtp_front.ts";

/** One port to listen on. */
export interface PortConfig {
  readonly service: "smtp" | "submission" | "pop3" | "imap" | "lmtp";
  readonly host: string;
  readonly port: number;
  readonly tls: "none" | "starttls" | "implicit";
  /** Networks of the proxies that alone may connect; without any, everybody may. */
  readonly proxies: readonly string[];
  /** Networks whose clients may use XCLIENT. */
  readonly xclient: readonly string[];
}

/** Certificate and key as PEM text: the worker itself reads no files. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  /** Of the authorities that vouch for clients; null: clients are asked for no certificate. */
  readonly clientCa: string | null;
}

/** What the ports of one listener worker are opened with. */
export interface PortsConfig {
  readonly ports: readonly PortConfig[];
  readonly tls: TlsMaterial;
  readonly connections: { readonly max: number; readonly perAddressMax: number };
  readonly smtp: Omit<SmtpFrontOptions, "tls" | "binding" | "hideClient" | "exempt" | "turns">;
  /** Networks whose mail is not judged. */
  readonly exempt: readonly string[];
  /** Who may ask for mail that waits. */
  readonly turns: readonly TurnPolicy[];
  readonly submission: { readonly hideClient: boolean };
  readonly pop3: Omit<Pop3FrontOptions, "tls" | "binding">;
  readonly imap: Omit<ImapFrontOptions, "tls" | "binding">;
  /** Whether passwords may be given without TLS, and to whom. */
  readonly plaintextLogin: "loopback" | "never" | "always";
  /** Whether tokens of some issuer are taken. */
  readonly bearer: boolean;
}

/** The ports of one listener worker and the sessions behind them. */
export interface Ports {
  /** Stops accepting and lets each session finish what it does; resolves when the last is gone or time is up. */
  drain(graceMs: number): Promise<void>;
  /** New handshakes use this certificate; running sessions go on. */
  replaceTls(material: TlsMaterial): void;
  readonly sessions: SessionBook;
}

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

/** Opens all ports; when one cannot be had, none stays open. */
export async function openPorts(given: PortsConfig, services: FrontServices): Promise<Ports> {
  const config = remembering(given);
  const tls = createTlsContext(config.tls);
  const shown = { binding: serverEndPoint(config.tls.cert) };
  const wheel = new DeadlineWheel({ clock: services.clock });
  const counts = new ConnectionCounts();
  const sessions = new SessionBook();
  const turns = new TurnRules(config.turns);
  const idle = new Set<() => void>();
  const listeners: Listener[] = [];
  const done = () => {
    if (sessions.size === 0) { for (const wake of idle) wake(); }
  };
  try {
    for (const port of config.ports) {
      listeners.push(await openPort(port, { config, services, tls, shown, wheel, counts, sessions, turns, done }));
    }
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw error;
  }
  return {
    sessions,
    replaceTls(material) {
      tls.replace(material);
      shown.binding = serverEndPoint(material.cert);
    },
    async drain(graceMs) {
      for (const listener of listeners) listener.close();
      for (const session of sessions.fronts()) session.shutDown();
      await allGone(graceMs, { sessions, idle, services });
      for (const listener of listeners) listener.closeAll();
    },
  };
}

/** All sessions of IMAP in the worker remember the same indexes. */
function remembering(config: PortsConfig): PortsConfig {
  return { ...config, imap: { ...config.imap, session: { ...config.imap.session, madeIndexes: new MadeIndexes() } } };
}

function allGone(
  graceMs: number,
  { sessions, idle, services }: { sessions: SessionBook; idle: Set<() => void>; services: FrontServices },
): Promise<void> {
  if (sessions.size === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = () => {
      cancel();
      idle.delete(wake);
      resolve();
    };
    const cancel = services.clock.after(graceMs, wake);
    idle.add(wake);
  });
}

interface PortContext {
  readonly config: PortsConfig;
  readonly services: FrontServices;
  readonly tls: TlsContextHolder;
  /** What channels are bound to: of the certificate in use. */
  readonly shown: { readonly binding: Uint8Array | null };
  /** One for all connections of the worker. */
  readonly wheel: DeadlineWheel;
  /** The limits on connections hold for all ports together. */
  readonly counts: ConnectionCounts;
  readonly sessions: SessionBook;
  readonly turns: TurnRules;
  readonly done: () => void;
}

function openPort(port: PortConfig, context: PortContext): Promise<Listener> {
  const { config, services, tls, wheel, counts } = context;
  const log: Log = services.log.child({ service: port.service, port: port.port });
  const xclient = parseNetworks(port.xclient);
  const makeFront = frontsOf(port, context);
  return listen({
    host: port.host,
    port: port.port,
    reusePort: true,
    tls: port.tls,
    tlsContext: tls,
    ...(port.proxies.length === 0 ? {} : { proxies: parseNetworks(port.proxies) }),
    limits: { connectionsMax: config.connections.max, perAddressMax: config.connections.perAddressMax },
    log,
    clock: services.clock,
    wheel,
    counts,
    connection(connection) {
      try {
        const { address } = connection.remote;
        const kind = { plaintextLogin: mayLogInPlain(address, config), xclient: xclient.has(address) };
        openSession(port.service, context, (gone) => makeFront(connection, kind, gone));
      } catch (error) {
        log.error("session did not start", { error: describeError(error) });
        connection.destroy();
      }
    },
    admit: (address) => services.admission.admit(address, port.service === "lmtp" || xclient.has(address)),
    refused(connection, reason) {
      if (reason === "connections" || reason === "address") services.counters.refusedConnections.limit++;
      connection.write(refusalLine(port.service, reason));
      connection.close();
    },
  });
}

function openSession(
  service: PortConfig["service"],
  { services, sessions, done }: PortContext,
  make: (gone: () => void) => SmtpFront | Pop3Front | ImapFront,
): void {
  services.counters.connections++;
  const front = make(() => {
    sessions.remove(front);
    done();
  });
  sessions.add(service, front);
  front.start();
}

/** What a port gives its clients by where they come from. */
interface ClientKind {
  readonly plaintextLogin: boolean;
  readonly xclient: boolean;
}

/** Makes the front of a connection; `gone` is called at its end. */
type MakeFront = (connection: Connection, kind: ClientKind, gone: () => void) => SmtpFront | Pop3Front | ImapFront;

function frontsOf(port: PortConfig, { config, services, shown, turns }: PortContext): MakeFront {
  const tls: SmtpFrontOptions["tls"] = port.tls === "none" ? "none" : port.tls === "implicit" ? "active" : "available";
  const common = { tls, binding: () => shown.binding };
  const { bearer } = config;
  switch (port.service) {
    case "pop3": {
      const session = config.pop3.session;
      const options = ofKind(({ plaintextLogin }) => {
        return { ...config.pop3, ...common, session: { ...session, plaintextLogin, bearer } };
      });
      return (connection, kind, gone) => new Pop3Front(connection, services, options(kind), gone);
    }
    case "imap": {
      const session = config.imap.session;
      const options = ofKind(({ plaintextLogin }) => {
        return { ...config.imap, ...common, session: { ...session, plaintextLogin, bearer } };
      });
      return (connection, kind, gone) => new ImapFront(connection, services, options(kind), gone);
    }
    default: {
      const exempt = parseNetworks(config.exempt);
      const options = ofKind((kind) => ({ ...smtpOptions(port, config, kind), ...common, exempt, turns }));
      return (connection, kind, gone) => new SmtpFront(connection, services, options(kind), gone);
    }
  }
}

/** Options are made once for each kind of client, not for each connection. */
function ofKind<T>(make: (kind: ClientKind) => T): (kind: ClientKind) => T {
  const made = new Map<number, T>();
  return (kind) => {
    const key = Number(kind.plaintextLogin) + 2 * Number(kind.xclient);
    const options = made.get(key) ?? make(kind);
    made.set(key, options);
    return options;
  };
}

/** LMTP and XCLIENT are spoken by servers that the operator has chosen: none of them is made to wait. */
function smtpOptions(
  { service }: PortConfig,
  { smtp, submission, bearer }: PortsConfig,
  { plaintextLogin, xclient }: ClientKind,
): Omit<SmtpFrontOptions, "tls" | "exempt" | "turns"> {
  const { greetDelayMs = 0 } = smtp.session;
  const dialect = service === "lmtp" ? "lmtp" : "smtp";
  const delay = service === "lmtp" || xclient ? 0 : greetDelayMs;
  const session = { ...smtp.session, dialect, xclient, greetDelayMs: delay } as const;
  if (service !== "submission") return { ...smtp, session };
  return { ...smtp, ...submission, session: { ...session, submission: { plaintextLogin, bearer } } };
}

function mayLogInPlain(address: string, { plaintextLogin }: PortsConfig): boolean {
  return plaintextLogin === "always" || (plaintextLogin === "loopback" && LOOPBACK.test(address));
}
