/**
 * A process of IMAP clients that idle: `imap_idle_clients.ts '{"port":…,"tls":…,"count":…,…}'`. It says "idle COUNT" when all do. For each
 * "deliver USER" on its input it sends a mail to that user and says when each of the user's clients was told of it, as a list
 * of ms after the 250.
 */
import { Buffer } from "node:buffer";
import { connect as connectTcp, type Socket } from "node:net";
import process from "node:process";
import { createInterface } from "node:readline";
import { connect as connectTls } from "node:tls";
import { SmtpClient } from "./smtp_client.ts";

/** What the process is told to do. */
export interface IdlersOptions {
  readonly port: number;
  readonly tls: boolean;
  readonly count: number;
  /** The clients log in as u0, u1, … and so on in turn. */
  readonly users: number;
  readonly domain: string;
  readonly password: string;
  /** Where mail is delivered; null: nowhere. */
  readonly smtpPort: number | null;
}

/** Connections being opened at a time. */
const OPENING_MAX = 20;

const CONTENT = new TextEncoder().encode(
  `From: <sender@elsewhere.test>\r\nSubject: news\r\n\r\n${"A line of a short letter.\r\n".repeat(40)}`,
);

/** Clients by user, and who is told what. */
class Idlers {
  #told: { readonly user: number; readonly atMs: number[]; readonly all: () => void } | null = null;
  constructor(private readonly options: IdlersOptions) {}

  async openAll(): Promise<void> {
    let begun = 0;
    const opener = async () => {
      for (let index = begun++; index < this.options.count; index = begun++) await this.#open(index);
    };
    await Promise.all(Array.from({ length: OPENING_MAX }, opener));
  }

  /** Sends a mail; ms from its 250 until each of the user's clients was told, below zero where that came first. */
  async deliver(sender: SmtpClient, user: number): Promise<number[]> {
    const { domain } = this.options;
    const atMs: number[] = [];
    const all = new Promise<void>((resolve) => this.#told = { user, atMs, all: resolve });
    const reply = await sender.send({ from: "", to: [`u${user}@${domain}`], content: CONTENT });
    const acceptedMs = performance.now();
    if (reply.code !== 250) throw new Error(reply.text);
    await all;
    return atMs.map((each) => each - acceptedMs);
  }

  #exists(user: number): void {
    const { count, users } = this.options;
    const told = this.#told;
    if (told?.user !== user) throw new Error(`u${user} was told of mail to others`);
    told.atMs.push(performance.now());
    if (told.atMs.length === Math.floor(count / users) + (user < count % users ? 1 : 0)) told.all();
  }

  /** Opens one connection and brings it to IDLE. */
  #open(index: number): Promise<void> {
    const { port, tls, users, domain, password } = this.options;
    const user = index % users;
    const steps = [`a LOGIN u${user}@${domain} "${password}"\r\n`, "b SELECT INBOX\r\n", "c IDLE\r\n"];
    const expected = [/^\* OK /m, /^a OK /m, /^b OK /m, /^\+ /m];
    const socket: Socket = tls
      ? connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false })
      : connectTcp({ host: "127.0.0.1", port });
    socket.setNoDelay(true);
    let text = "";
    let step = 0;
    return new Promise((resolve, reject) => {
      socket.on("data", (chunk: Uint8Array) => {
        text += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString("latin1");
        if (!text.endsWith("\r\n")) return;
        const received = text;
        if (step === expected.length) {
          text = "";
          if (/^\* \d+ EXISTS\r$/m.test(received)) this.#exists(user);
        } else if (/^\S+ (NO|BAD) /m.test(received)) {
          reject(new Error(received));
        } else if (expected[step]!.test(received)) {
          text = "";
          const next = steps[step++];
          if (next === undefined) resolve();
          else socket.write(next);
        }
      });
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("closed")));
    });
  }
}

if (import.meta.main) {
  const options = JSON.parse(process.argv[2] ?? "{}") as IdlersOptions;
  const idlers = new Idlers(options);
  await idlers.openAll();
  console.log(`idle ${options.count}`);
  if (options.smtpPort !== null) {
    await using sender = await SmtpClient.greeted({ port: options.smtpPort });
    for await (const line of createInterface({ input: process.stdin })) {
      console.log(JSON.stringify(await idlers.deliver(sender, Number(line.split(" ")[1]))));
    }
  }
}
