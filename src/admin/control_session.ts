import { assert } from "../base/mod.ts";
import { execute } from "./execute.ts";
import { HttpReader } from "./http_reader.ts";
import { answerHttp } from "./http_routes.ts";
import { errorOf, type Parsed, parseLine, type Request, type Response, resultOf, type RpcId } from "./json_rpc.ts";
import { type Framed, LineFramer } from "./line_framer.ts";
import type { ControlServices } from "./method.ts";
import { RpcCode, RpcError } from "./rpc_error.ts";

/** Requests of one connection that are worked on at a time; the others wait, and the socket is not read. */
export const IN_FLIGHT_MAX = 64;

/** The way back to the client. */
export interface ControlPeer {
  write(text: string): void;
  close(): void;
  pause(): void;
  resume(): void;
}

/** Answers of one batch, which go out together (JSON-RPC 2.0 §6). */
interface Batch {
  readonly answers: Response[];
  waiting: number;
}

interface Waiting {
  readonly call: Parsed;
  readonly batch: Batch | null;
}

/** One connection of the control socket: JSON-RPC by the line, or one HTTP request. Bytes in; answers to the peer. */
export class ControlSession {
  readonly #framer = new LineFramer();
  #http: HttpReader | null = null;
  #started = false;
  #ended = false;
  #closed = false;
  #paused = false;
  #inFlight = 0;
  #waiting: Waiting[] = [];
  readonly #calls = new Map<string, AbortController>();

  constructor(private readonly peer: ControlPeer, private readonly services: ControlServices) {}

  data(chunk: Uint8Array): void {
    if (this.#ended || this.#closed || chunk.length === 0) return;
    if (!this.#started) {
      this.#started = true;
      // A client that speaks JSON opens with `{` or `[`; everything else is HTTP, or will be told so.
      if (chunk[0] !== 0x7b && chunk[0] !== 0x5b) this.#http = new HttpReader();
    }
    if (this.#http !== null) return this.#readHttp(this.#http, chunk);
    for (const framed of this.#framer.push(chunk)) this.#line(framed);
    this.#pump();
  }

  /** The client sends no more; what it asked is still answered. */
  end(): void {
    if (this.#ended || this.#closed) return;
    this.#ended = true;
    if (this.#http === null) {
      const rest = this.#framer.end();
      if (rest !== null) this.#line(rest);
    }
    this.#pump();
  }

  /** The connection is gone: calls under way are cancelled. */
  closed(): void {
    this.#closed = true;
    this.#waiting = [];
    for (const call of this.#calls.values()) call.abort();
  }

  #line(framed: Framed): void {
    if (framed.type !== "line") return this.#refuse(framed.type);
    if (framed.text.trim() === "") return;
    const { batch, calls } = parseLine(framed.text);
    const answers: Batch | null = batch ? { answers: [], waiting: calls.length } : null;
    for (const call of calls) this.#waiting.push({ call, batch: answers });
  }

  /** The stream cannot be read on: say why, answer what was asked before, close. */
  #refuse(why: "notUtf8" | "tooLong"): void {
    const message = why === "tooLong" ? "the line is longer than 1 MiB" : "the line is not UTF-8";
    const error = new RpcError(RpcCode.parse, message, { kind: "parse_error", hint: null });
    this.#waiting.push({ call: { type: "invalid", id: null, error }, batch: null });
    if (why === "tooLong") this.#ended = true;
  }

  #pump(): void {
    while (this.#inFlight < IN_FLIGHT_MAX) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#start(next);
    }
    if (this.#closed) return;
    if (this.#ended && this.#inFlight === 0 && this.#waiting.length === 0) return this.#close();
    const pause = this.#waiting.length > 0;
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.peer.pause();
    else this.peer.resume();
  }

  #start({ call, batch }: Waiting): void {
    if (call.type === "invalid") return this.#answer(errorOf(call.id, call.error), batch);
    this.#inFlight++;
    this.#run(call.request).then((response) => {
      this.#inFlight--;
      this.#answer(call.request.id === undefined ? null : response, batch);
      this.#pump();
    });
  }

  async #run(request: Request): Promise<Response> {
    const id = request.id ?? null;
    if (request.method === "rpc.cancel") return resultOf(id, { cancelled: this.#cancel(request.params) });
    const abort = new AbortController();
    const key = JSON.stringify(id);
    if (id !== null) this.#calls.set(key, abort);
    const progress = (value: Readonly<Record<string, unknown>>) =>
      this.#write({ jsonrpc: "2.0", method: "rpc.progress", params: { id, ...value } });
    try {
      return resultOf(id, await execute(request, { ...this.services, call: { signal: abort.signal, progress } }));
    } catch (error) {
      assert(error instanceof RpcError, "execute throws RpcError only");
      return errorOf(id, error);
    } finally {
      if (this.#calls.get(key) === abort) this.#calls.delete(key);
    }
  }

  #cancel(params: unknown): boolean {
    const { id } = params as { id?: RpcId };
    const call = this.#calls.get(JSON.stringify(id));
    call?.abort();
    return call !== undefined;
  }

  /** Null: a notification, which has no answer but counts in its batch. */
  #answer(response: Response | null, batch: Batch | null): void {
    if (batch === null) {
      if (response !== null) this.#write(response);
      return;
    }
    if (response !== null) batch.answers.push(response);
    batch.waiting--;
    if (batch.waiting === 0 && batch.answers.length > 0) this.#write(batch.answers);
  }

  #readHttp(reader: HttpReader, chunk: Uint8Array): void {
    const read = reader.push(chunk);
    if (read === null) return;
    this.#ended = true;
    this.#inFlight++;
    answerHttp(read, this.services).then((text) => {
      this.#inFlight--;
      if (!this.#closed) this.peer.write(text);
      this.#pump();
    });
  }

  #write(value: unknown): void {
    if (!this.#closed) this.peer.write(`${JSON.stringify(value)}\n`);
  }

  #close(): void {
    this.#closed = true;
    this.peer.close();
  }
}
