import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { within } from "./eventually.ts";

/** Longest wait for an answer of the control socket; `storage.verify` reads every body. */
const ANSWER_MS_MAX = 60_000;

/** An error answer (JSON-RPC 2.0 §5.1). */
export class RpcError extends Error {
  override name = "RpcError";
  constructor(method: string, readonly code: number, message: string, readonly data: unknown) {
    super(`${method}: ${message} ${JSON.stringify(data)}`);
  }
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** Asks one question on the control socket of a server: a connection of its own, closed after the answer. */
export async function rpc<T = unknown>(
  path: string,
  method: string,
  params: Readonly<Record<string, unknown>> = {},
): Promise<T> {
  const socket = connect({ path });
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  try {
    socket.write(`${JSON.stringify({ jsonrpc: "2.0", id: 1, method, params })}\n`);
    const line = await within(ANSWER_MS_MAX, `answer to ${method}`, firstLine(socket));
    const answer = JSON.parse(line) as Answer;
    if (answer.error) throw new RpcError(method, answer.error.code, answer.error.message, answer.error.data);
    return answer.result as T;
  } finally {
    socket.destroy();
    await closed;
  }
}

function firstLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      if (!chunk.includes(10)) return;
      const text = Buffer.concat(chunks).toString("utf8");
      resolve(text.slice(0, text.indexOf("\n")));
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the control socket closed without an answer")));
  });
}
