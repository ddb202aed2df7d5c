import { Buffer } from "node:buffer";
import { latin1 } from "./latin1.ts";
import type { Login } from "./pop3_client.ts";
import { Wire, type WireOptions } from "./wire.ts";

/** The answer to one command. All texts hold one character a byte. */
export interface ImapReply {
  readonly status: "OK" | "NO" | "BAD";
  /** What follows the status. */
  readonly text: string;
  /** The untagged responses before it, without "* " and the last CRLF, literals in their place after their count. */
  readonly untagged: readonly string[];
}

/** An IMAP client that does what the test says, right or wrong. */
export class ImapClient implements AsyncDisposable {
  #serial = 0;
  private constructor(readonly wire: Wire, readonly greeting: string) {}

  static async connect(options: WireOptions): Promise<ImapClient> {
    const wire = await Wire.connect(options);
    try {
      return new ImapClient(wire, await wire.readLine());
    } catch (error) {
      await wire.destroy();
      throw error;
    }
  }

  /** Connects and logs in; throws when refused. */
  static async open(options: WireOptions, { user, password }: Login): Promise<ImapClient> {
    const client = await ImapClient.connect(options);
    try {
      await client.ok(`LOGIN ${quoted(user)} ${quoted(password)}`);
      return client;
    } catch (error) {
      await client.wire.destroy();
      throw error;
    }
  }

  /** Sends a command (text, or bytes as a synchronizing literal) and reads up to its answer. */
  async command(...parts: readonly (string | Uint8Array)[]): Promise<ImapReply> {
    const tag = `a${++this.#serial}`;
    const untagged: string[] = [];
    let line = `${tag} `;
    for (const part of parts) {
      if (typeof part === "string") {
        line += part;
        continue;
      }
      await this.wire.write(Buffer.from(`${line}{${part.length}}\r\n`));
      const early = await this.#answer(tag, untagged);
      if (early !== null) return early;
      await this.wire.write(part);
      line = "";
    }
    await this.wire.write(Buffer.from(`${line}\r\n`));
    for (;;) {
      const reply = await this.#answer(tag, untagged);
      if (reply !== null) return reply;
    }
  }

  /** Sends a command and throws unless the answer is OK; its untagged responses. */
  async ok(...parts: readonly (string | Uint8Array)[]): Promise<readonly string[]> {
    const reply = await this.command(...parts);
    if (reply.status !== "OK") {
      throw new Error(`${String(parts[0]).slice(0, 40)} was answered: ${reply.status} ${reply.text}`);
    }
    return reply.untagged;
  }

  /** Begins IDLE; resolves when the server has said "+". */
  async idle(): Promise<void> {
    const tag = `a${++this.#serial}`;
    await this.wire.write(`${tag} IDLE\r\n`);
    const line = await this.response();
    if (!line.startsWith("+")) throw new Error(`IDLE was answered: ${line}`);
  }

  /** Ends IDLE; what was told until then. */
  async done(): Promise<ImapReply> {
    await this.wire.write("DONE\r\n");
    const untagged: string[] = [];
    for (;;) {
      const reply = await this.#answer(`a${this.#serial}`, untagged);
      if (reply !== null) return reply;
    }
  }

  /** The next response, whole: literals are read in. */
  async response(): Promise<string> {
    let response = "";
    for (;;) {
      const line = await this.wire.readLine();
      response += line;
      const literal = /\{(\d+)\}$/.exec(line);
      if (literal === null) return response;
      response += `\r\n${latin1(await this.wire.readBytes(Number(literal[1])))}`;
    }
  }

  /** Says LOGOUT and waits until the server has closed. */
  async logout(): Promise<void> {
    await this.ok("LOGOUT");
    await this.wire.readToEnd();
    await this.wire.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.wire.destroy();
  }

  /** Null when the next response was no answer to the command, but untagged or a continuation request. */
  async #answer(tag: string, untagged: string[]): Promise<ImapReply | null> {
    for (;;) {
      const response = await this.response();
      if (response.startsWith("+")) return null;
      if (response.startsWith("* ")) {
        untagged.push(response.slice(2));
        continue;
      }
      const match = /^(\S+) (OK|NO|BAD) ?(.*)$/s.exec(response);
      if (match === null || match[1] !== tag) throw new Error(`instead of an answer to ${tag}: ${response}`);
      return { status: match[2] as ImapReply["status"], text: match[3]!, untagged };
    }
  }
}

/** A quoted string. */
export function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}
