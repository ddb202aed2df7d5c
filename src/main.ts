import { type CommandIo, Exit, run, type StartOptions } from "./admin/mod.ts";
import { describeError, jsonLog, type Log, type LogLevel, systemClock, systemRandom } from "./base/mod.ts";
import { loadConfig } from "./config/mod.ts";
import { startDemo } from "./demo.ts";
import { connectUnix } from "./net/mod.ts";
import { startServer } from "./server.ts";
import type { Server } from "./server_types.ts";
import { askOnTerminal, readFirstLine, showProgress } from "./terminal.ts";
import { VERSION } from "./version.ts";

/** Longest wait for the control socket of a server on this machine, in ms. */
const CONNECT_MS_MAX = 5_000;

const clock = systemClock();
const random = systemRandom();

function logAt(level: LogLevel): Log {
  return jsonLog({ level, wallMs: () => clock.wallMs(), write: (line) => console.error(line) });
}

/**
 * Starts a server and runs it until a signal or a failure; the exit code. SIGHUP re-reads config and certificate. The handlers
 * stand before anything is opened: a signal that comes during the start ends the process, as nothing is promised yet.
 */
async function serve(starting: () => Promise<Server>, log: Log): Promise<number> {
  let server: Server | null = null;
  const stop = () => server === null ? process.exit(Exit.done) : void server.stop();
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.on("SIGHUP", () => {
    server?.reload().catch((error) => log.error("reload refused", { error: describeError(error) }));
  });
  server = await starting();
  return await server.ended;
}

async function start({ command, restored = false, moved = false, ...options }: StartOptions): Promise<number> {
  if (command === "demo") {
    // The demo's own words are what is to be read: the log speaks only when something is wrong.
    const log = logAt("warn");
    return await serve(
      () => startDemo({ clock, random, log, env: process.env, print: (line) => console.log(line) }),
      log,
    );
  }
  const config = await loadConfig(options);
  const log = logAt(config.log.level);
  return await serve(
    () =>
      startServer({ config, restored, moved, reread: () => loadConfig(options), clock, random, log, env: process.env }),
    log,
  );
}

const io: CommandIo = {
  env: process.env,
  version: VERSION,
  isTerminal: process.stdout.isTTY === true,
  canAsk: process.stdin.isTTY === true && process.stderr.isTTY === true,
  nowMs: () => clock.monotonicMs(),
  print: (line) => console.log(line),
  printError: (line) => console.error(line),
  progress: showProgress,
  readLine: readFirstLine,
  ask: askOnTerminal,
  connect: (path) => connectUnix(path, { connectMsMax: CONNECT_MS_MAX, clock }),
  loadConfig,
  start,
};

process.exit(await run(process.argv.slice(2), io));
