/** A worker that greets on a shared port with its own name, and stops when told to. */
import { SILENT, systemClock } from "../../../src/base/mod.ts";
import { listen, type Listener } from "../../../src/net/mod.ts";

const scope = self as unknown as {
  onmessage: (event: MessageEvent<{ name: string; port: number } | "stop">) => void;
  postMessage(message: unknown): void;
  close(): void;
};
let listener: Listener | undefined;
scope.onmessage = async ({ data }) => {
  if (data === "stop") {
    listener?.close();
    listener?.closeAll();
    return scope.close();
  }
  listener = await listen({
    host: "127.0.0.1",
    port: data.port,
    reusePort: true,
    tls: "none",
    log: SILENT,
    clock: systemClock(),
    connection(connection) {
      connection.start({ data() {}, end: () => connection.close(), closed() {}, deadline() {}, drained() {} });
      connection.write(data.name);
      connection.close();
    },
  });
  scope.postMessage(listener.port);
};
