import { fileURLToPath } from "node:url";
import { LineChild } from "./child_lines.ts";
import type { IdlersOptions } from "./imap_idle_clients.ts";

/** Put before a command line: descriptors for thousands of connections, and what else a process needs. */
export const MANY_FILES = ["prlimit", "--nofile=16384:16384"] as const;
const SCRIPT = fileURLToPath(new URL("./imap_idle_clients.ts", import.meta.url));
/** Longest opening of all connections, in ms. */
const OPEN_MS_MAX = 120_000;
/** Longest wait until all clients of a user are told, in ms. */
const TOLD_MS_MAX = 30_000;

/** Connections in IDLE, held by a process of their own. */
export class ImapIdlers implements AsyncDisposable {
  private constructor(private readonly child: LineChild) {}

  static async open(options: IdlersOptions): Promise<ImapIdlers> {
    const [program, ...args] = MANY_FILES;
    const run = [...args, Deno.execPath(), "run", "--no-prompt", "--allow-net", "--allow-read", SCRIPT];
    const child = new LineChild(program, [...run, JSON.stringify(options)]);
    const line = await child.readLine(OPEN_MS_MAX).catch(async (error) => {
      await child[Symbol.asyncDispose]();
      throw error;
    });
    if (line !== `idle ${options.count}`) throw new Error(line);
    return new ImapIdlers(child);
  }

  /** Has a mail delivered; ms from its 250 until each client of the user was told. */
  async deliver(user: number): Promise<number[]> {
    await this.child.write(`deliver ${user}`);
    return JSON.parse(await this.child.readLine(TOLD_MS_MAX)) as number[];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.child[Symbol.asyncDispose]();
  }
}
