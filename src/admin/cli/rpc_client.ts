import type { ControlStream } from "../control_socket.ts";
import { type Framed, LineFramer } from "../line_framer.ts";
import { RpcCode, RpcError } from "../rpc_error.ts";

/** Longest answer that is read, in bytes: a page of 10,000 records is about 3 MB. */
const ANSWER_BYTES_MAX = 64 * 1_048_576;

type Progress = (value: Readonly<Record<string, unknown>>) => void;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: RpcError) => void;
  readonly progress: Progress;
}

/** The other end of the control socket. */
export class RpcClient {
  readonly #framer = new LineFramer(ANSWER_BYTES_MAX);
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #lost = false;

  constructor(private readonly stream: ControlStream) {
    stream.start({
      data: (chunk) => this.#data(chunk),
      end: () => this.#gone(),
      closed: () => this.#gone(),
      deadline() {},
      drained() {},
    });
  }

  /** Rejects with RpcError; kind `down` when the server closes the connection without an answer. */
  call(method: string, params: unknown, progress: Progress = () => {}): Promise<unknown> {
    if (this.#lost) return Promise.reject(lost());
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, progress });
      this.stream.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    });
  }
  close(): void {
    this.stream.close();
  }

  #data(chunk: Uint8Array): void {
    for (const framed of this.#framer.push(chunk)) this.#line(framed);
  }
  #line(framed: Framed): void {
    if (framed.type !== "line") return this.#broken();
    let value: unknown;
    try {
      value = JSON.parse(framed.text);
    } catch {
      return this.#broken();
    }
    if (typeof value === "object" && value !== null) this.#message(value as Record<string, unknown>);
  }
  #message({ id, method, params, result, error }: Record<string, unknown>): void {
    if (method === "rpc.progress") {
      const { id: of, ...value } = params as Record<string, unknown>;
      return this.#waiting.get(Number(of))?.progress(value);
    }
    const waiting = this.#waiting.get(Number(id));
    this.#waiting.delete(Number(id));
    if (error === undefined) return waiting?.resolve(result);
    const { code, message, data } = error as { code: number; message: string; data: RpcError["data"] };
    waiting?.reject(new RpcError(code, message, data));
  }
  #broken(): void {
    this.#gone();
    this.stream.destroy();
  }
  #gone(): void {
    this.#lost = true;
    for (const { reject } of this.#waiting.values()) reject(lost());
    this.#waiting.clear();
  }
}

function lost(): RpcError {
  return new RpcError(RpcCode.failed, "the server closed the connection", {
    kind: "down",
    hint: "see the server's log",
  });
}
