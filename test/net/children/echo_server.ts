/** Serves an echo on a free port of loopback and prints the port: run with few file descriptors. */
import { SILENT, systemClock } from "../../../src/base/mod.ts";
import { type Connection, createTlsContext, listen, selfSignedCertificate } from "../../../src/net/mod.ts";

// As every server does. Deno sets up its signals half a second after the start at the latest, and panics without a descriptor.
process.once("SIGTERM", () => process.exit(0));

const tlsContext = createTlsContext(await selfSignedCertificate({ names: ["127.0.0.1"], days: 1 }));
const listener = await listen({
  host: "127.0.0.1",
  port: 0,
  reusePort: true,
  tls: process.argv[2] === "tls" ? "implicit" : "none",
  tlsContext,
  limits: { handshakeMsMax: 2_000 },
  log: SILENT,
  clock: systemClock(),
  connection: (connection: Connection) =>
    connection.start({
      data: (chunk) => connection.write(chunk),
      end: () => connection.close(),
      closed() {},
      deadline() {},
      drained() {},
    }),
});
console.log(`port ${listener.port}`);
