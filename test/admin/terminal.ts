/** The command line before a pretended server. */
import { assertEquals } from "@std/assert";
import { type CommandIo, run, type StartOptions } from "../../src/admin/mod.ts";
import { Failure } from "../../src/base/mod.ts";
import { ConfigError, validateConfig } from "../../src/config/mod.ts";
import { connectTo, type FakeServer, fakeServer } from "./support.ts";

/** What a command line printed and asked. */
export interface Terminal {
  readonly out: string[];
  readonly err: string[];
  readonly asked: string[];
  readonly paths: string[];
  readonly started: StartOptions[];
  answers: (string | null)[];
  stdin: string | null;
  io: CommandIo;
}

/** A terminal before a server, or before none. */
export function terminal(server: FakeServer | null, more: Partial<CommandIo> = {}): Terminal {
  const it: Terminal = {
    out: [],
    err: [],
    asked: [],
    paths: [],
    started: [],
    answers: [],
    stdin: null,
    io: {} as CommandIo,
  };
  it.io = {
    env: {},
    version: "0.1.0",
    isTerminal: false,
    canAsk: false,
    nowMs: () => 0,
    print: (line) => void it.out.push(line),
    printError: (line) => void it.err.push(line),
    progress() {},
    readLine: () => Promise.resolve(it.stdin),
    ask(question, { secret }) {
      it.asked.push(`${question}${secret ? "(hidden)" : ""}`);
      return Promise.resolve(it.answers.shift() ?? null);
    },
    connect(path) {
      it.paths.push(path);
      if (server === null) return Promise.reject(new Failure("not_found", `there is no socket ${path}`));
      return Promise.resolve(connectTo(server));
    },
    loadConfig({ file = "cluster.config.ts", dataDir }) {
      if (file.includes("bad")) return Promise.reject(new ConfigError(file, [{ path: "shards", message: "too many" }]));
      return Promise.resolve(validateConfig({ hostname: "a.test", dataDir: dataDir ?? "elsewhere" }, file));
    },
    start: (options) => Promise.resolve(it.started.push(options)),
    ...more,
  };
  return it;
}

/** What is typed besides the line. */
export interface Typed {
  readonly answers?: (string | null)[];
  readonly stdin?: string;
  readonly io?: Partial<CommandIo>;
}

/** Runs a line of words; its exit code, and what it printed. */
export async function type(
  server: FakeServer | null,
  line: string,
  more: Typed = {},
) {
  const it = terminal(server, more.io);
  it.answers = more.answers ?? [];
  it.stdin = more.stdin ?? null;
  const code = await run(line === "" ? [] : line.split(" "), it.io);
  return { ...it, code, text: it.out.join("\n"), errors: it.err.join("\n") };
}

/** A server with some domains and accounts. */
export async function populated(): Promise<FakeServer> {
  const server = await fakeServer();
  for (
    const line of ["domain add smith.test", "domain add bob.test", "domain add smith.example --alias-of smith.test"]
  ) {
    assertEquals((await type(server, line)).code, 0, line);
  }
  for (const address of ["john@smith.test", "billy@bob.test"]) {
    const { code, errors } = await type(server, `account add ${address} --password-stdin`, { stdin: "boxing match" });
    assertEquals(code, 0, errors);
  }
  return server;
}
