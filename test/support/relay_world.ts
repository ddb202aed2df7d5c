/** Several servers of ours on addresses of their own, and a zone that names them: the Internet of a test. */
import { Buffer } from "node:buffer";
import { eventually } from "./eventually.ts";
import { freePorts } from "./free_ports.ts";
import { latin1 } from "./latin1.ts";
import { readMaildrop } from "./pop3_client.ts";
import { type LogLine, type ServerOptions, startServer, type TestServer } from "./server.ts";
import { type OutgoingMail, type Reply, SmtpClient } from "./smtp_client.ts";
import { type NameServer, serveZone, type Zone } from "./zone.ts";

/** The password of every account. */
export const PASSWORD = "relay test";

/** Longest way of a mail, reports included, in ms. */
const ARRIVES_MS_MAX = 20_000;

/** A server of ours that is the mail host of a domain. */
export interface Site {
  readonly domain: string;
  /** Its address on loopback; mail goes out from there too. */
  readonly address: string;
  /** Local parts of its accounts. */
  readonly users: readonly string[];
  readonly config?: Readonly<Record<string, unknown>>;
}

/** The name of a domain's mail host. */
export function hostOf(domain: string): string {
  return `mail.${domain}`;
}

/** Records of a domain whose mail host sends and takes its mail. */
export function domainRecords({ domain, address }: Pick<Site, "domain" | "address">): Zone {
  return {
    [domain]: { mx: [[10, hostOf(domain)]], txt: [`v=spf1 ip4:${address} -all`] },
    [hostOf(domain)]: { a: [address] },
  };
}

/** What a server needs to find others on this machine, and to be quick about mail that waits. */
export function relayConfig(
  options: { readonly domain: string; readonly address: string; readonly port: number; readonly dns: string },
): Readonly<Record<string, unknown>> {
  return {
    hostname: hostOf(options.domain),
    dns: { servers: [options.dns] },
    outbound: { port: options.port, privateHosts: true, sourceAddress: options.address },
    queue: { retryMs: [100, 300] },
    // The others are strangers, though they are on this machine.
    senders: { exempt: [] },
  };
}

/** Starts a server for a domain, with its accounts. */
export function startSite(
  { domain, address, users, config = {} }: Site,
  { port, dns, ...options }: { readonly port: number; readonly dns: string } & Partial<ServerOptions>,
): Promise<TestServer> {
  return startServer({
    host: address,
    ports: { smtp: port },
    workers: { listener: 1, mailbox: 1 },
    config: { ...relayConfig({ domain, address, port, dns }), ...config },
    domains: [domain],
    accounts: users.map((user) => ({ address: `${user}@${domain}`, password: PASSWORD })),
    ...options,
  });
}

/** Servers of several domains, up and able to find one another. */
export class RelayWorld implements AsyncDisposable {
  private constructor(
    readonly port: number,
    readonly dns: NameServer,
    private readonly servers: ReadonlyMap<string, TestServer>,
  ) {}

  static async start(sites: readonly Site[], extra: Zone = {}): Promise<RelayWorld> {
    const [port = 0] = await freePorts(1);
    const dns = await serveZone(Object.assign({}, ...sites.map(domainRecords), extra));
    const started = await Promise.allSettled(sites.map((site) => startSite(site, { port, dns: dns.server })));
    const servers = new Map<string, TestServer>();
    for (const [i, result] of started.entries()) {
      if (result.status === "fulfilled") servers.set(sites[i]!.domain, result.value);
    }
    const world = new RelayWorld(port, dns, servers);
    const failed = started.find((result) => result.status === "rejected");
    if (failed === undefined) return world;
    await world[Symbol.asyncDispose]();
    throw failed.reason;
  }

  /** The server of a domain. */
  at(domain: string): TestServer {
    const server = this.servers.get(domain);
    if (server === undefined) throw new Error(`no server of ${domain}`);
    return server;
  }

  /** Stops all servers in order; fails when one of them does not end well. */
  async stop(): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.stop()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server[Symbol.asyncDispose]()));
    await this.dns[Symbol.asyncDispose]();
  }
}

/** A session of a user who has logged in over STARTTLS. */
export async function loggedIn(server: TestServer, user: string): Promise<SmtpClient> {
  const client = await SmtpClient.greeted({ host: server.host, port: server.ports.submission });
  try {
    await client.startTls();
    await client.expect(`AUTH PLAIN ${Buffer.from(`\0${user}\0${PASSWORD}`).toString("base64")}`, 235);
    return client;
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

/** A mail with parameters behind each recipient. */
export interface Submission extends OutgoingMail {
  /** Behind every RCPT TO. */
  readonly recipientParameters?: string;
}

/** Hands a mail in as its sender, who logs in; throws unless it is taken. The mail's id. */
export async function submit(server: TestServer, mail: Submission): Promise<string> {
  await using client = await loggedIn(server, mail.from);
  const behind = (parameters = "") => parameters === "" ? "" : ` ${parameters}`;
  await client.expect(`MAIL FROM:<${mail.from}>${behind(mail.parameters)}`, 250);
  for (const to of mail.to) await client.expect(`RCPT TO:<${to}>${behind(mail.recipientParameters)}`, 250);
  await client.expect("DATA", 354);
  const id = idOf(await client.data(mail.content));
  await client.quit();
  return id;
}

/** The id in the reply to a mail that was taken. */
function idOf({ text }: Reply): string {
  const id = /^250 2\.0\.0 Accepted (\S+)$/.exec(text)?.[1];
  if (id === undefined) throw new Error(`not taken: ${text}`);
  return id;
}

/** A user's letters, as Latin-1. */
export async function letters(server: TestServer, user: string): Promise<string[]> {
  const found = await readMaildrop({ host: server.host, port: server.ports.pop3 }, { user, password: PASSWORD });
  return found.map(latin1);
}

/** Waits for a letter of a user that holds a text; answers it. */
export function letterWith(server: TestServer, user: string, text: string): Promise<string> {
  return eventually(
    `a letter for ${user} with "${text}"`,
    async () => (await letters(server, user)).find((letter) => letter.includes(text)),
    { ms: ARRIVES_MS_MAX },
  ).catch((error) => Promise.reject(new Error(`${error.message}\n${server.tail()}`)));
}

/** Waits for the log line of an attempt to a destination for a mail. */
export function attemptOf(server: TestServer, id: string, destination: string): Promise<LogLine> {
  return server.logged((line) => line.event === "attempt" && line["id"] === id && line["destination"] === destination);
}

/** Waits until nothing is in a server's queue. */
export async function emptyQueue(server: TestServer, ms = ARRIVES_MS_MAX): Promise<void> {
  let left: unknown[] = [];
  await eventually("an empty queue", async () => {
    const { records } = await server.rpc<{ records: unknown[] }>("queue.list", { limit: 5 });
    left = records;
    return records.length === 0;
  }, { ms }).catch((error) => Promise.reject(new Error(`${error.message}\n${JSON.stringify(left)}\n${server.tail()}`)));
}
