import { createServer, type ServerOptions } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a client asked of the server. */
export interface HttpsRequest {
  readonly method: string;
  readonly path: string;
  readonly host: string;
}

/** An HTTPS server of tests on 127.0.0.1, answering as its script says. */
export class HttpsServer implements AsyncDisposable {
  readonly requests: HttpsRequest[] = [];
  #server;
  private constructor(
    options: ServerOptions,
    answer: (request: IncomingMessage, response: ServerResponse) => void,
  ) {
    this.#server = createServer(options, (request, response) => {
      const { method = "", url: path = "", headers: { host = "" } } = request;
      this.requests.push({ method, path, host });
      response.on("error", () => {});
      answer(request, response);
    });
    this.#server.on("tlsClientError", () => {});
    this.#server.on("clientError", (_error, socket) => socket.destroy());
  }

  static start(
    pair: { readonly cert: string; readonly key: string },
    answer: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<HttpsServer> {
    const server = new HttpsServer({ cert: pair.cert, key: pair.key }, answer);
    return new Promise((resolve) => server.#server.listen(0, "127.0.0.1", () => resolve(server)));
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
