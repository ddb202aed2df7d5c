/** A process that opens many connections and keeps them: `idle_clients.ts PORT COUNT`. "noop" on its input asks each for a sign of life. */
import { createInterface } from "node:readline";
import { connect, type Socket } from "node:net";
import process from "node:process";

/** Connections being opened at a time: the kernel's backlog must not overflow. */
const OPENING_MAX = 200;

const [port, count] = process.argv.slice(2).map(Number) as [number, number];
const sockets: Socket[] = [];

/** Resolves with the next data of a socket, or null when it ends. */
function nextData(socket: Socket): Promise<string | null> {
  return new Promise((resolve) => {
    const done = (value: string | null) => {
      socket.off("data", onData);
      socket.off("close", onClose);
      resolve(value);
    };
    const onData = (chunk: Uint8Array) => done(new TextDecoder().decode(chunk));
    const onClose = () => done(null);
    socket.on("data", onData);
    socket.on("close", onClose);
  });
}

async function openOne(): Promise<void> {
  const socket = connect({ host: "127.0.0.1", port });
  socket.on("error", () => {});
  const greeting = await nextData(socket);
  if (greeting?.startsWith("220 ")) sockets.push(socket);
}

async function openAll(): Promise<void> {
  let begun = 0;
  const opener = async () => {
    while (begun++ < count) await openOne();
  };
  await Promise.all(Array.from({ length: OPENING_MAX }, opener));
}

async function askAll(): Promise<number> {
  const answers = await Promise.all(sockets.map((socket) => {
    const answer = nextData(socket);
    socket.write("NOOP\r\n");
    return answer;
  }));
  return answers.filter((answer) => answer?.startsWith("250 ")).length;
}

await openAll();
console.log(`open ${sockets.length}`);
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "noop") console.log(`alive ${await askAll()}`);
}
process.exit(0);
