/** A server that accepts and forgets: what the load generator costs without anybody behind it. */
import { createServer, type Server, type Socket } from "node:net";
import { Buffer } from "node:buffer";
import process from "node:process";

const OK = "250 2.0.0 ok\r\n";
const BYE = "221 2.0.0 bye\r\n";
const END = "\r\n.\r\n";
const ANSWERS: ReadonlyMap<string, string> = new Map([
  ["DATA", "354 go on\r\n"],
  ["EHLO", "250-sink.bench.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n"],
  ["QUIT", BYE],
]);
/** Bytes of an unfinished command before the connection is closed. */
const commandBytesMax = 4_096;

/** Serves one connection: knows just enough SMTP to let a well-behaved client finish. */
function serve(socket: Socket, taken: () => void): void {
  let inData = false;
  /** Nothing of the content has come yet: a dot alone may be its first line. */
  let fresh = false;
  let tail = "";
  socket.setNoDelay(true);
  socket.write("220 sink.bench.test ESMTP\r\n");
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    let out = "";
    let text = tail + chunk.toString("latin1");
    tail = "";
    while (text !== "") {
      if (inData) {
        // A client may send QUIT, or the next mail, right behind the dot.
        const end = fresh && text.startsWith(END.slice(2)) ? -2 : text.indexOf(END);
        if (end === -1) {
          tail = text.slice(1 - END.length);
          fresh &&= text.length < 3;
          break;
        }
        inData = false;
        taken();
        out += OK;
        text = text.slice(end + END.length);
        continue;
      }
      const end = text.indexOf("\r\n");
      if (end < 0) {
        tail = text;
        break;
      }
      const verb = text.slice(0, 4).toUpperCase();
      text = text.slice(end + 2);
      inData = fresh = verb === "DATA";
      out += ANSWERS.get(verb) ?? OK;
    }
    if (out !== "") socket.write(out);
    if (out.endsWith(BYE)) socket.end();
    if (!inData && tail.length > commandBytesMax) socket.destroy();
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
