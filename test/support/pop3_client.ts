import { Buffer } from "node:buffer";
import { Wire, type WireOptions } from "./wire.ts";
import { latin1, latin1Bytes } from "./latin1.ts";

/** Who logs in. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/** A POP3 client that does what the test says, right or wrong. */
export class Pop3Client implements AsyncDisposable {
  private constructor(readonly wire: Wire, readonly greeting: string) {}

  static async connect(options: WireOptions): Promise<Pop3Client> {
    const wire = await Wire.connect(options);
    try {
      return new Pop3Client(wire, await wire.readLine());
    } catch (error) {
      await wire.destroy();
      throw error;
    }
  }

  /** Connects and logs in with USER and PASS; throws when refused. */
  static async open(options: WireOptions, login: Login): Promise<Pop3Client> {
    const client = await Pop3Client.connect(options);
    try {
      await client.ok(`USER ${login.user}`);
      await client.ok(`PASS ${login.password}`);
      return client;
    } catch (error) {
      await client.wire.destroy();
      throw error;
    }
  }

  async command(line: string): Promise<string> {
    const [reply] = await Promise.all([this.wire.readLine(), this.wire.write(Buffer.from(`${line}\r\n`, "utf8"))]);
    return reply;
  }

  /** Sends a command and throws unless the answer is +OK. */
  async ok(line: string): Promise<string> {
    const reply = await this.command(line);
    if (!reply.startsWith("+OK")) throw new Error(`${line.split(" ")[0]} was answered: ${reply}`);
    return reply;
  }

  /** The lines of a multi-line answer to `line`. */
  async lines(line: string): Promise<string[]> {
    await this.ok(line);
    return latin1(await this.body()).split("\r\n").slice(0, -1);
  }

  /** The rest of a multi-line answer, its dots unstuffed, without the line of one dot. */
  async body(): Promise<Uint8Array> {
    const first = await this.wire.readUntil("\r\n");
    if (latin1(first) === ".\r\n") return new Uint8Array(0);
    this.wire.unread(first);
    const all = await this.wire.readUntil("\r\n.\r\n");
    const text = latin1(all.subarray(0, all.length - 3));
    const dotted = text.startsWith(".") ? text.slice(1) : text;
    return latin1Bytes(dotted.replaceAll("\r\n.", "\r\n"));
  }

  async count(): Promise<number> {
    return Number((await this.ok("STAT")).split(" ")[1]);
  }

  async retr(number: number): Promise<Uint8Array> {
    await this.ok(`RETR ${number}`);
    return this.body();
  }

  /** Messages `from` to `to`, asked for in pipelined groups. */
  async *retrAll(from: number, to: number): AsyncGenerator<Uint8Array> {
    const group = 50;
    for (let start = from; start <= to; start += group) {
      const numbers = Array.from({ length: Math.min(group, to - start + 1) }, (_, i) => start + i);
      await this.wire.write(numbers.map((number) => `RETR ${number}\r\n`).join(""));
      for (const number of numbers) {
        const status = await this.wire.readLine();
        if (!status.startsWith("+OK")) throw new Error(`RETR ${number} was answered: ${status}`);
        yield await this.body();
      }
    }
  }

  /** Says QUIT, which removes what was marked, and waits until the server has closed. */
  async quit(): Promise<string> {
    const reply = await this.command("QUIT");
    await this.wire.readToEnd();
    await this.wire.destroy();
    return reply;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.wire.destroy();
  }
}

/** Logs in, reads every message of a maildrop, deletes nothing. `from` skips those before. */
export async function readMaildrop(options: WireOptions, login: Login, from = 1): Promise<Uint8Array[]> {
  await using client = await Pop3Client.open(options, login);
  const count = await client.count();
  const messages: Uint8Array[] = [];
  for await (const message of client.retrAll(from, count)) messages.push(message);
  await client.quit();
  return messages;
}
