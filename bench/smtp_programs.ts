/** Postfix's own load generator and sink, smtp-source and smtp-sink: written in C, they leave the machine to the server between them. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { delay } from "../test/support/eventually.ts";
import { freePorts } from "../test/support/free_ports.ts";
import { isRoot, programPath } from "../test/support/programs.ts";

/** Where mail ends: it takes all and keeps none. */
export interface Sink {
  readonly port: number;
  /** Mails accepted so far. */
  taken(): number;
  close(): Promise<void>;
}

/** A load of smtp-source: so many mails from one sender to one recipient, each sent when the session's last one was accepted. */
export interface SourceLoad {
  readonly port: number;
  readonly sessions: number;
  readonly count: number;
  readonly messageBytes: number;
  /** Whether a session goes on over the same connection (`-d`); by default each mail has a connection of its own. */
  readonly kept: boolean;
  readonly sender: string;
  readonly recipient: string;
}

/** Connections that may wait for the sink to take them. */
const BACKLOG = 1_024;
/** Longest load, and longest start of the sink, in ms. */
const LOAD_MS_MAX = 300_000;
const START_MS_MAX = 5_000;
const LOOK_AGAIN_MS = 20;
/** The last lines of the sink's counters, in bytes. */
const TAIL_BYTES = 256;

/** Why they cannot be used here, or null when they can. */
export function whyNoSmtpPrograms(): string | null {
  const missing = ["smtp-source", "smtp-sink"].filter((name) => programPath(name) === null);
  return missing.length === 0 ? null : `not installed: ${missing.join(", ")}`;
}

/** What smtp-sink says of the mails it has taken, at the end of what it has printed: `-c` prints its counters with each of them. */
export function mailsCounted(printed: string): number {
  // The last line may not be whole yet.
  const counts = [...printed.matchAll(/mesg=([0-9]+)\r/g)];
  return Number(counts.at(-1)?.[1] ?? 0);
}

/** Starts smtp-sink on loopback; resolves when it listens. */
export async function startSmtpSink(): Promise<Sink> {
  const [port] = await freePorts(1);
  const counters = await Deno.makeTempFile({ prefix: "stagepost-sink-" });
  // As root it wants to be told whose rights it takes.
  const user = isRoot() ? "-u postfix" : "";
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", `exec smtp-sink -c ${user} 127.0.0.1:${port} ${BACKLOG} > "$0"`, counters],
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  const close = async () => {
    try {
      child.kill("SIGTERM");
    } catch {
      // It has ended by itself.
    }
    await child.status;
    await Deno.remove(counters);
  };
  try {
    await listening(port!);
  } catch (error) {
    await close();
    throw error;
  }
  return { port: port!, taken: () => mailsCounted(tailOf(counters)), close };
}

async function listening(port: number): Promise<void> {
  const untilMs = performance.now() + START_MS_MAX;
  while (!await answers(port)) {
    if (performance.now() > untilMs) throw new Error("smtp-sink does not listen");
    await delay(LOOK_AGAIN_MS);
  }
}

async function answers(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

function tailOf(path: string): string {
  const fd = openSync(path, "r");
  try {
    const bytes = new Uint8Array(TAIL_BYTES);
    const count = readSync(fd, bytes, 0, bytes.length, Math.max(0, fstatSync(fd).size - bytes.length));
    return new TextDecoder().decode(bytes.subarray(0, count));
  } finally {
    closeSync(fd);
  }
}

/** Runs smtp-source and resolves, when every mail was accepted, with the time that took, in ms. Rejects when one was not. */
export async function runSmtpSource(load: SourceLoad): Promise<number> {
  const { port, sessions, count, messageBytes, kept, sender, recipient } = load;
  const numbers = { "-s": sessions, "-m": count, "-l": messageBytes };
  const texts = { "-f": sender, "-t": recipient, "-M": "source.bench.test" };
  const args = Object.entries({ ...numbers, ...texts }).flatMap(([name, value]) => [name, String(value)]);
  if (kept) args.push("-d");
  const startMs = performance.now();
  const child = new Deno.Command("smtp-source", {
    args: [...args, `127.0.0.1:${port}`],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), LOAD_MS_MAX);
  try {
    const { code, stderr } = await child.output();
    // It ends with the first reply that refuses something.
    if (code !== 0) throw new Error(`smtp-source ended with ${code}: ${new TextDecoder().decode(stderr)}`);
    return performance.now() - startMs;
  } finally {
    clearTimeout(timer);
  }
}
