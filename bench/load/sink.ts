/** A server that accepts and forgets: what the load generator costs without anybody behind it. */
import { createServer, type Server, type Socket } from "node:net";
import { Buffer } from "node:buffer";
import process from "node:process";

const OK = "250 2.0.0 ok\r\n";
const DATA = "354 go on\r\n";
/** Bytes of an unfinished command before the connection is closed. */
const commandBytesMax = 4_096;

/** Serves one connection: knows just enough SMTP to let a well-behaved client finish. */
function serve(socket: Socket, taken: () => void): void {
  let inData = false;
  let tail = "";
  socket.setNoDelay(true);
  socket.write("220 sink.bench.test ESMTP\r\n");
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    let out = "";
    if (inData) {
      // Only the end matters: a client of ours sends nothing behind the final dot before its 250.
      tail = (tail + chunk.toString("latin1", Math.max(0, chunk.length - 5))).slice(-5);
      if (tail !== "\r\n.\r\n" && !(tail === ".\r\n")) return;
      inData = false;
      tail = "";
      taken();
      socket.write(OK);
      return;
    }
    const lines = (tail + chunk.toString("latin1")).split("\r\n");
    tail = lines.pop() ?? "";
    for (const line of lines) {
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === "DATA") {
        inData = true;
        out += DATA;
      } else if (verb === "EHLO") out += "250-sink.bench.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n";
      else if (verb === "QUIT") out += "221 2.0.0 bye\r\n";
      else out += OK;
    }
    socket.write(out);
    if (out.endsWith("bye\r\n")) socket.end();
    if (tail.length > commandBytesMax) socket.destroy();
  });
}

/** Starts the sink on loopback and resolves when it listens; port 0 takes a free one. */
export function startSink(port: number): Promise<{ port: number; taken: () => number; close: () => Promise<void> }> {
  let taken = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serve(socket, () => taken++);
  });
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      const close = () =>
        new Promise<void>((closed) => {
          for (const socket of sockets) socket.destroy();
          server.close(() => closed());
        });
      resolve({ port: typeof address === "object" && address ? address.port : port, taken: () => taken, close });
    });
  });
}

if (import.meta.main) {
  const sink = await startSink(Number(process.argv[2] ?? 12_627));
  console.log(JSON.stringify({ event: "listening", port: sink.port }));
}
