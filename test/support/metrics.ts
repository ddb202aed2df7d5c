import { connect } from "node:net";
import { within } from "./eventually.ts";
import { latin1 } from "./latin1.ts";
import type { TestServer } from "./server.ts";

/** The server's metrics, as the control socket says them over HTTP. */
export async function metrics(server: TestServer): Promise<string> {
  const socket = connect({ path: server.controlSocket });
  const chunks: Uint8Array[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.write("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  await within(10_000, "metrics", closed);
  return chunks.map((chunk) => latin1(chunk)).join("");
}
