/** An HTTP proxy that knows one document: where a domain's mail servers are. It goes nowhere itself. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** The mail servers of a domain, as mail programs ask for them (Mozilla's autoconfiguration, version 1.1). */
export interface MailServers {
  readonly domain: string;
  readonly host: string;
  readonly imaps: number;
  readonly submission: number;
}

/** A running proxy; whatever else is asked of it is refused, so that a program behind it meets nobody. */
export class AutoconfigProxy implements AsyncDisposable {
  /** Requests for the document. */
  asked = 0;
  readonly #server: Server;

  private constructor(servers: MailServers) {
    const url = `http://autoconfig.${servers.domain}/mail/config-v1.1.xml`;
    this.#server = createServer((request, response) => {
      const known = request.method === "GET" && request.url?.split("?")[0] === url;
      if (known) this.asked++;
      response.writeHead(known ? 200 : 404, { "Content-Type": "text/xml" }).end(known ? documentOf(servers) : "");
    });
    this.#server.on("connect", (_, socket) => socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
  }

  static async open(servers: MailServers): Promise<AutoconfigProxy> {
    const proxy = new AutoconfigProxy(servers);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

function documentOf({ domain, host, imaps, submission }: MailServers): string {
  const server = (side: "incoming" | "outgoing", type: string, port: number, security: string) =>
    `<${side}Server type="${type}"><hostname>${host}</hostname><port>${port}</port><socketType>${security}</socketType>` +
    `<authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username></${side}Server>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<clientConfig version="1.1"><emailProvider id="${domain}">` +
    `<domain>${domain}</domain><displayName>${domain}</displayName>${server("incoming", "imap", imaps, "SSL")}` +
    `${server("outgoing", "smtp", submission, "STARTTLS")}</emailProvider></clientConfig>\n`;
}
