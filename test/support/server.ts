/** Starts the real server as a process of its own, in a directory of its own, and leaves neither behind. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { within } from "./eventually.ts";
import { freePorts } from "./free_ports.ts";
import { rpc } from "./json_rpc_client.ts";

/** One port in the configuration. */
export interface ListenerSpec {
  readonly service: "smtp" | "submission" | "pop3" | "imap";
  readonly tls: "none" | "starttls" | "implicit";
}

/** The ports of a usual server, by the names that tests use. */
const USUAL = {
  smtp: { service: "smtp", tls: "starttls" },
  smtps: { service: "smtp", tls: "implicit" },
  submission: { service: "submission", tls: "starttls" },
  submissions: { service: "submission", tls: "implicit" },
  pop3: { service: "pop3", tls: "starttls" },
  pop3s: { service: "pop3", tls: "implicit" },
  imap: { service: "imap", tls: "starttls" },
  imaps: { service: "imap", tls: "implicit" },
} as const satisfies Record<string, ListenerSpec>;

export type PortName = keyof typeof USUAL;

/** One line of the server's log. */
export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

/** How the server is run. */
export interface ServerOptions {
  readonly runtime?: "deno" | "bun";
  /** Keys beside hostname, listeners and workers. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly workers?: { readonly listener?: number; readonly mailbox?: number; readonly delivery?: number };
  /** The address at which it listens, by default 127.0.0.1. */
  readonly host?: string;
  /** Ports that are given; all others are free ones. */
  readonly ports?: Partial<Readonly<Record<PortName, number>>>;
  /** An existing directory for the data, left as it is at the end; by default a new one that is removed. */
  readonly dataDir?: string;
  /** Put before the command line, e.g. ["prlimit", "--nofile=64"]. */
  readonly wrapper?: readonly string[];
  /** Environment beside that of the test. */
  readonly env?: Readonly<Record<string, string>>;
  /** The words after the program's name, by default `start` with the configuration and the data directory. */
  readonly command?: readonly string[];
  /** Options of `start` beside those. */
  readonly flags?: readonly string[];
  /** The working directory, by default that of the project. */
  readonly inOwnDirectory?: boolean;
  readonly domains?: readonly string[];
  readonly accounts?: readonly AccountSpec[];
}

/** An account made when the server first runs. */
export interface AccountSpec {
  readonly address: string;
  readonly password: string;
  readonly quotaBytes?: number;
}

/** How a server process ended. */
export interface ServerExit {
  readonly code: number;
  readonly signal: string | null;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const START_MS_MAX = 30_000;
const STOP_MS_MAX = 30_000;
/** Log lines kept for a failing test to show. */
const SHOWN_LINES = 40;
const PERMISSIONS = ["net", "read", "write", "env", "sys", "ffi"].map((name) => `--allow-${name}`);

/** The command that runs `src/main.ts`. */
export function serverCommand(runtime: "deno" | "bun", words: readonly string[]): string[] {
  const run = runtime === "deno" ? [Deno.execPath(), "run", "--no-prompt", ...PERMISSIONS] : ["bun"];
  return [...run, `${ROOT}src/main.ts`, ...words];
}

/** Makes a directory, a configuration and free ports for a server that is not yet started. */
export async function prepareServer(options: ServerOptions = {}): Promise<TestServer> {
  const dir = await Deno.makeTempDir({ prefix: "stagepost-test-" });
  const names = Object.keys(USUAL) as PortName[];
  const numbers = await freePorts(names.length);
  const ports = Object.fromEntries(names.map((name, i) => [name, options.ports?.[name] ?? numbers[i]!])) as Record<
    PortName,
    number
  >;
  const server = new TestServer(options, { dir, ports });
  await server.writeConfig();
  return server;
}

/** Makes a server of its own, starts it, and gives it its domains and accounts. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const server = await prepareServer(options);
  try {
    await server.start();
    for (const name of options.domains ?? []) await server.rpc("domain.add", { name });
    for (const account of options.accounts ?? []) await server.rpc("account.add", { ...account });
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

/** A server under test; it may be stopped, killed and started again on the same data. */
export class TestServer implements AsyncDisposable {
  readonly dataDir: string;
  readonly configFile: string;
  readonly ports: Readonly<Record<PortName, number>>;
  /** All that was logged since the last start. */
  log: LogLine[] = [];
  /** Lines of standard error that are no JSON, and standard output. */
  text: string[] = [];
  #child: Deno.ChildProcess | null = null;
  #ended: Promise<ServerExit> = Promise.resolve({ code: 0, signal: null });
  #exited = true;
  #killed = false;
  readonly #news = new Set<() => void>();

  constructor(
    private readonly options: ServerOptions,
    private readonly place: { readonly dir: string; readonly ports: Readonly<Record<PortName, number>> },
  ) {
    this.dataDir = options.dataDir ?? `${place.dir}/data`;
    this.configFile = `${place.dir}/config.json`;
    this.ports = place.ports;
  }

  /** The address at which it listens. */
  get host(): string {
    return this.options.host ?? "127.0.0.1";
  }

  /** A directory for the files of a test, removed with the server. */
  get dir(): string {
    return this.place.dir;
  }

  /** Writes the configuration; `extra` replaces keys given in the options. */
  async writeConfig(extra: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const listeners = Object.entries(USUAL).map(([name, spec]) => ({
      ...spec,
      host: this.host,
      port: this.ports[name as PortName],
    }));
    const config = {
      hostname: "mail.test",
      listeners,
      workers: { listener: 2, mailbox: 2, ...this.options.workers },
      ...this.options.config,
      ...extra,
    };
    await Deno.writeTextFile(this.configFile, JSON.stringify(config, null, 2));
  }

  /** Starts the process without waiting for anything. */
  launch(): void {
    if (!this.#exited) throw new Error("the server runs already");
    this.log = [];
    this.text = [];
    const { wrapper = [], runtime = "deno", env = {}, inOwnDirectory = false, flags = [] } = this.options;
    const words = this.options.command ?? ["start", "--config", this.configFile, "--data", this.dataDir, ...flags];
    const [program, ...args] = [...wrapper, ...serverCommand(runtime, words)];
    const child = new Deno.Command(program!, {
      args,
      cwd: inOwnDirectory ? this.dir : ROOT,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...env },
    }).spawn();
    this.#child = child;
    this.#exited = false;
    this.#killed = false;
    this.#ended = this.#watch(child);
  }

  async #watch(child: Deno.ChildProcess): Promise<ServerExit> {
    const readers = [
      this.#read(child.stderr, (line) => this.#logged(line)),
      this.#read(child.stdout, (line) => this.text.push(line)),
    ];
    const status = await child.status;
    this.#exited = true;
    this.#announce();
    await Promise.all(readers);
    this.#announce();
    return { code: status.code, signal: status.signal };
  }

  async #read(stream: ReadableStream<Uint8Array>, take: (line: string) => void): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const piece of stream) {
      const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
      rest = lines.pop()!;
      for (const line of lines) take(line);
      this.#announce();
    }
    if (rest !== "") take(rest);
  }

  #logged(line: string): void {
    try {
      this.log.push(JSON.parse(line) as LogLine);
    } catch {
      this.text.push(line);
    }
  }

  #announce(): void {
    for (const wake of [...this.#news]) wake();
  }

  /** Starts the process and resolves when all ports listen. */
  async start(): Promise<void> {
    this.launch();
    await this.logged("ready", { ms: START_MS_MAX });
  }

  /** The first log line of this event that is at index `from` or later; fails when the process ends without it. */
  logged(event: string | ((line: LogLine) => boolean), options: { ms?: number; from?: number } = {}): Promise<LogLine> {
    const fits = typeof event === "string" ? (line: LogLine) => line.event === event : event;
    const from = options.from ?? 0;
    return this.#until(`log line ${event}`, () => this.log.slice(from).find(fits), options.ms);
  }

  /** The first line of output that fits, JSON log lines aside. */
  printed(pattern: RegExp, options: { ms?: number } = {}): Promise<string> {
    return this.#until(`output ${pattern}`, () => this.text.find((line) => pattern.test(line)), options.ms);
  }

  #until<T>(what: string, look: () => T | undefined, ms = START_MS_MAX): Promise<T> {
    let check = () => {};
    const found = new Promise<T>((resolve, reject) => {
      check = () => {
        const value = look();
        if (value !== undefined) resolve(value);
        else if (this.#exited) this.#ended.then(() => finish(look(), resolve, reject), reject);
      };
    });
    const finish = (value: T | undefined, resolve: (value: T) => void, reject: (error: Error) => void) =>
      value === undefined ? reject(new Error(`the server ended before ${what}`)) : resolve(value);
    this.#news.add(check);
    check();
    return within(ms, what, found)
      .catch((error) => Promise.reject(new Error(`${error.message}\n${this.tail()}`)))
      .finally(() => this.#news.delete(check));
  }

  /** The last lines it wrote, for the message of a failing test. */
  tail(): string {
    const lines = this.log.map((line) => JSON.stringify(line)).concat(this.text);
    return lines.slice(-SHOWN_LINES).join("\n");
  }

  get pid(): number {
    if (this.#child === null) throw new Error("the server was not started");
    return this.#child.pid;
  }

  /** False from the moment it is killed, though the process may take a little longer to vanish. */
  get running(): boolean {
    return !this.#exited && !this.#killed;
  }

  get controlSocket(): string {
    return `${this.dataDir}/control.sock`;
  }

  /** Asks the control socket. */
  rpc<T = unknown>(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<T> {
    return rpc<T>(this.controlSocket, method, params);
  }

  signal(signal: Deno.Signal): void {
    this.#child?.kill(signal);
  }

  /** Resolves when the process has ended and all it wrote was read. */
  exit(ms = STOP_MS_MAX): Promise<ServerExit> {
    return within(ms, "the server's end", this.#ended)
      .catch((error) => Promise.reject(new Error(`${error.message}\n${this.tail()}`)));
  }

  /** SIGTERM, and waits for a clean end. */
  async stop(): Promise<void> {
    this.signal("SIGTERM");
    const { code, signal } = await this.exit();
    if (code !== 0) throw new Error(`the server ended with ${code} ${signal ?? ""}\n${this.tail()}`);
  }

  /** SIGKILL: no farewell, nothing flushed. */
  async kill(): Promise<void> {
    this.#killed = true;
    if (!this.#exited) this.signal("SIGKILL");
    await this.#ended;
  }

  /** Resident memory of the process, in bytes. */
  rssBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024;
  }

  /** Kills the process if it still runs and removes its directory. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.place.dir, { recursive: true });
  }
}
