import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";

/** What one command brought. */
export interface PipeReply {
  /** Whether the answer was OK. */
  readonly ok: boolean;
  /** Bytes of all responses, the answer included. */
  readonly bytes: number;
  /** The last bytes received, as Latin-1: the answer, and the end of what came before it. */
  readonly tail: string;
}

/** Characters of what was received that are kept: more than any answer has. */
const TAIL_CHARS = 16_384;

/**
 * An IMAP client that costs next to nothing: it looks at the end of each chunk for the tagged answer and reads nothing else,
 * so that what is measured is the server.
 */
export class ImapPipe {
  #serial = 0;
  #tail = "";
  #bytes = 0;
  #tag = "";
  #wake: ((reply: PipeReply) => void) | null = null;
  #fail: ((error: Error) => void) | null = null;
  private constructor(private readonly socket: Socket) {
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", (error) => this.#fail?.(error));
    socket.on("close", () => this.#fail?.(new Error(`the server has closed: ${this.#tail.slice(-200)}`)));
  }

  /** Connects and logs in. */
  static async open(port: number, user: string, password: string): Promise<ImapPipe> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    const pipe = new ImapPipe(socket);
    await pipe.#wait("*");
    const { ok, tail } = await pipe.run(`LOGIN ${user} "${password}"`);
    if (!ok) throw new Error(`LOGIN was answered: ${tail}`);
    return pipe;
  }

  /** Sends one command, `contents` behind it as non-synchronizing literals (RFC 7888), and waits for its answer. */
  run(command: string, contents: readonly Uint8Array[] = []): Promise<PipeReply> {
    const tag = `t${++this.#serial}`;
    const reply = this.#wait(tag);
    this.socket.cork();
    this.socket.write(`${tag} ${command}`);
    for (const content of contents) {
      this.socket.write(` {${content.length}+}\r\n`);
      this.socket.write(content);
    }
    this.socket.write("\r\n");
    this.socket.uncork();
    return reply;
  }

  /** The same, and throws unless it is OK. */
  async ok(command: string, contents: readonly Uint8Array[] = []): Promise<PipeReply> {
    const reply = await this.run(command, contents);
    if (!reply.ok) throw new Error(`${command.slice(0, 60)} was answered: ${reply.tail.slice(-200)}`);
    return reply;
  }

  /** Sends commands all at once, `content` behind each as `run` does, and waits for the answer of the last, which must be OK. */
  async all(commands: readonly string[], content: Uint8Array | null = null): Promise<void> {
    const tags = commands.map(() => `t${++this.#serial}`);
    const reply = this.#wait(tags.at(-1)!);
    const lines = commands.map((command, i) =>
      `${tags[i]} ${command}${content === null ? "" : ` {${content.length}+}`}\r\n`
    );
    if (content === null) this.socket.write(lines.join(""));
    else this.socket.write(Buffer.concat(lines.flatMap((line) => [Buffer.from(line), content, Buffer.from("\r\n")])));
    const { ok, tail } = await reply;
    if (!ok) throw new Error(`the last of ${commands.length} commands was answered: ${tail.slice(-200)}`);
  }

  async logout(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.socket.once("close", () => resolve()));
    await this.run("LOGOUT");
    this.socket.end();
    await closed;
  }

  destroy(): void {
    this.#fail = null;
    this.socket.destroy();
  }

  #wait(tag: string): Promise<PipeReply> {
    this.#tag = tag;
    this.#tail = "";
    this.#bytes = 0;
    return new Promise((resolve, reject) => {
      this.#wake = resolve;
      this.#fail = reject;
    });
  }

  #take(chunk: Buffer): void {
    this.#bytes += chunk.length;
    const last = chunk.length > TAIL_CHARS ? chunk.subarray(chunk.length - TAIL_CHARS) : chunk;
    this.#tail = (this.#tail + last.toString("latin1")).slice(-TAIL_CHARS);
    if (!this.#tail.endsWith("\r\n")) return;
    const before = this.#tail.lastIndexOf("\r\n", this.#tail.length - 3);
    const line = before < 0 ? this.#tail : this.#tail.slice(before + 2);
    const answer = line.startsWith(`${this.#tag} `) || (this.#tag === "*" && line.startsWith("* "));
    if (!answer) return;
    const reply = { ok: / OK\b/.test(line), bytes: this.#bytes, tail: this.#tail };
    const wake = this.#wake;
    [this.#wake, this.#fail] = [null, null];
    wake?.(reply);
  }
}
