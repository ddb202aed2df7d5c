import { Buffer } from "node:buffer";
import { Wire, type WireOptions } from "./wire.ts";
import { latin1, latin1Bytes } from "./latin1.ts";

/** A whole reply; `text` is all its lines, one below the other, as they came. */
export interface Reply {
  readonly code: number;
  readonly text: string;
}

/** A reply that was not what the test counted on. */
export class UnexpectedReply extends Error {
  override name = "UnexpectedReply";
  constructor(command: string, readonly reply: Reply) {
    super(`${command.slice(0, 100)} was answered: ${reply.text}`);
  }
}

/** One mail to hand over; `content` has CRLF line ends and is sent byte for byte. */
export interface OutgoingMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly content: Uint8Array;
  /** Parameters behind MAIL FROM, e.g. "BODY=8BITMIME SMTPUTF8". */
  readonly parameters?: string;
}

/** An SMTP client that does what the test says, right or wrong. Texts are sent as UTF-8. */
export class SmtpClient implements AsyncDisposable {
  private constructor(readonly wire: Wire, readonly greeting: Reply) {}

  /** Connects and reads the greeting. */
  static async connect(options: WireOptions): Promise<SmtpClient> {
    const wire = await Wire.connect(options);
    try {
      return new SmtpClient(wire, await readReply(wire));
    } catch (error) {
      await wire.destroy();
      throw error;
    }
  }

  /** Connects and says EHLO. */
  static async greeted(options: WireOptions): Promise<SmtpClient> {
    const client = await SmtpClient.connect(options);
    try {
      await client.expect("EHLO client.test", 250);
      return client;
    } catch (error) {
      await client.wire.destroy();
      throw error;
    }
  }

  reply(): Promise<Reply> {
    return readReply(this.wire);
  }

  async command(line: string): Promise<Reply> {
    const [reply] = await Promise.all([this.reply(), this.wire.write(Buffer.from(`${line}\r\n`, "utf8"))]);
    return reply;
  }

  /** Sends a command and throws unless the reply has this code. */
  async expect(line: string, code: number): Promise<Reply> {
    const reply = await this.command(line);
    if (reply.code !== code) throw new UnexpectedReply(line, reply);
    return reply;
  }

  /** The whole transaction; the reply is the first refusal, or the one to the data. After a refusal comes RSET. */
  async send(mail: OutgoingMail): Promise<Reply> {
    const parameters = mail.parameters === undefined ? "" : ` ${mail.parameters}`;
    const commands = [`MAIL FROM:<${mail.from}>${parameters}`, ...mail.to.map((to) => `RCPT TO:<${to}>`)];
    for (const line of commands) {
      const reply = await this.command(line);
      if (reply.code === 250) continue;
      await this.command("RSET");
      return reply;
    }
    const go = await this.command("DATA");
    return go.code === 354 ? this.data(mail.content) : go;
  }

  /** Sends content, dot-stuffed, and the end of data. */
  async data(content: Uint8Array): Promise<Reply> {
    const [reply] = await Promise.all([this.reply(), this.wire.write(stuffed(content))]);
    return reply;
  }

  async startTls(): Promise<void> {
    await this.expect("STARTTLS", 220);
    await this.wire.startTls();
    await this.expect("EHLO client.test", 250);
  }

  /** Says QUIT and lets go. */
  async quit(): Promise<void> {
    await this.expect("QUIT", 221);
    await this.wire.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.wire.destroy();
  }
}

async function readReply(wire: Wire): Promise<Reply> {
  const lines: string[] = [];
  for (;;) {
    const line = await wire.readLine();
    lines.push(line);
    if (!/^[2-5]\d\d([ -]|$)/.test(line)) throw new Error(`not a reply line: ${JSON.stringify(line)}`);
    if (line[3] !== "-") return { code: Number(line.slice(0, 3)), text: lines.join("\n") };
  }
}

/** RFC 5321 §4.5.2: a line that begins with a dot gets another; then the line of one dot. */
export function stuffed(content: Uint8Array): Uint8Array {
  const text = latin1(content);
  const dotted = text.startsWith(".") ? `.${text}` : text;
  return latin1Bytes(`${dotted.replaceAll("\r\n.", "\r\n..")}.\r\n`);
}
