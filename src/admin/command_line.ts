import { asFailure, describeError, Failure } from "../base/mod.ts";
import { ConfigError, DEFAULT_CONFIG_FILE } from "../config/mod.ts";
import type { Arguments } from "./cli/arguments.ts";
import {
  callVerb,
  type Command,
  type CommandIo,
  commandsOf,
  Exit,
  findCommand,
  jsonLine,
  paramsOf,
  parseArguments,
  printable,
  printHelp,
  printUsage,
  RpcClient,
  type StartOptions,
  UsageError,
} from "./cli/mod.ts";
import { REGISTRY } from "./methods/mod.ts";
import { RpcError } from "./rpc_error.ts";

export { type CommandIo, Exit, type StartOptions };

/** Runs one command line (without the program's name) and answers its exit code. */
export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const commands = commandsOf(REGISTRY);
  try {
    return await runWords(parseArguments(argv, commands), { commands, io });
  } catch (error) {
    return failed(error, io, argv.includes("--json"));
  }
}

interface Scene {
  readonly commands: readonly Command[];
  readonly io: CommandIo;
}

async function runWords(given: Arguments, { commands, io }: Scene): Promise<number> {
  const { words, options } = given;
  const [first, second] = words;
  if (first === undefined && options["help"] === true) return printHelp(commands, null, io) ? Exit.done : Exit.usage;
  switch (first) {
    case "start":
    case "demo":
      if (words.length > 1) throw new UsageError(`${first} takes options only`);
      return await io.start(startOptions(first, options));
    case "check":
      return await check(second ?? text(options["config"]) ?? DEFAULT_CONFIG_FILE, io);
    case "version":
      io.print(`stagepost ${io.version}`);
      return Exit.done;
    case "help":
      if (printHelp(commands, second ?? null, io)) return Exit.done;
      throw new UsageError(`there is no verb ${second}: stagepost help`);
    case "rpc":
      return await connected(given, io, (client) => rawCall(client, words.slice(1), io));
  }
  const found = findCommand(commands, words.length === 0 ? ["status"] : words);
  if (found === null) {
    if (printHelp(commands, first ?? null, io)) return Exit.usage;
    throw new UsageError(`there is no verb ${printable(words.slice(0, 2).join(" "))}: stagepost help`);
  }
  const [command, rest] = found;
  if (options["help"] === true) {
    printUsage(command, io);
    return Exit.done;
  }
  const params = paramsOf(command, { words: rest, options });
  return await connected(given, io, (client) => callVerb(command, { params, options, client, io }));
}

const START_FLAGS = ["config", "data", "restored", "moved"];

function startOptions(command: "start" | "demo", options: Arguments["options"]): StartOptions {
  for (const flag of Object.keys(options)) {
    if (command === "demo") throw new UsageError("demo takes no options: it makes its own config and data");
    if (!START_FLAGS.includes(flag)) {
      throw new UsageError(`${command} takes --config, --data, --restored and --moved only`);
    }
  }
  const file = text(options["config"]);
  const dataDir = text(options["data"]);
  const restored = options["restored"] === true ? { restored: true } : {};
  const moved = options["moved"] === true ? { moved: true } : {};
  if (restored.restored && moved.moved) throw new UsageError("data were either put back from a copy or moved");
  return {
    command,
    ...(file === null ? {} : { file }),
    ...(dataDir === null ? {} : { dataDir }),
    ...restored,
    ...moved,
  };
}

async function check(file: string, io: CommandIo): Promise<number> {
  const { hostname, listeners } = await io.loadConfig({ file });
  io.print(printable(`${file} is valid: ${hostname}, ${listeners.length} listeners`));
  return Exit.done;
}

async function rawCall(client: RpcClient, [method, json, ...rest]: readonly string[], io: CommandIo): Promise<number> {
  if (method === undefined || rest.length > 0) throw new UsageError("usage: stagepost rpc METHOD [JSON]");
  let params: unknown = {};
  try {
    if (json !== undefined) params = JSON.parse(json);
  } catch {
    throw new UsageError("the parameters are not JSON");
  }
  io.print(jsonLine(await client.call(method, params, (value) => io.print(jsonLine(value)))));
  return Exit.done;
}

/** Runs `work` with a connection to the server that the options choose. */
async function connected(
  { options }: Arguments,
  io: CommandIo,
  work: (client: RpcClient) => Promise<number>,
): Promise<number> {
  const path = await socketPath(options, io);
  let client: RpcClient;
  try {
    client = new RpcClient(await io.connect(path));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.kind !== "not_found" && error.kind !== "refused") throw error;
    io.printError(printable(`the server is not running: nobody answers at ${path}`));
    io.printError("Next: stagepost start");
    return Exit.notRunning;
  }
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

async function socketPath(options: Arguments["options"], io: CommandIo): Promise<string> {
  const named = text(options["socket"]) ?? io.env["STAGEPOST_SOCKET"];
  if (named !== undefined && named !== null && named !== "") return named;
  const dataDir = text(options["data"]);
  if (dataDir !== null) return `${dataDir}/control.sock`;
  const file = text(options["config"]);
  try {
    return `${(await io.loadConfig(file === null ? {} : { file })).dataDir}/control.sock`;
  } catch (error) {
    // Without a config of its own the command line looks where a server with defaults would be.
    if (file !== null || !(error instanceof ConfigError)) throw error;
    return "data/control.sock";
  }
}

function text(value: string | boolean | undefined): string | null {
  return typeof value === "string" ? value : null;
}

const TRY_LATER: ReadonlySet<string> = new Set(["busy", "down", "dns", "deadline", "closed"]);

function failed(error: unknown, io: CommandIo, json: boolean): number {
  if (error instanceof RpcError) {
    const { code, message, data } = error;
    if (json) io.printError(jsonLine({ error: { code, message, data } }));
    else io.printError(printable(data.hint === null ? message : `${message} (${data.hint})`));
    if (data.kind === "invalid_params") return Exit.usage;
    if (data.kind === "bad_config") return Exit.badConfig;
    return TRY_LATER.has(data.kind) ? Exit.tryLater : Exit.failed;
  }
  if (error instanceof UsageError || error instanceof ConfigError) {
    for (const line of error.message.split("\n")) io.printError(printable(line));
    return error instanceof UsageError ? Exit.usage : Exit.badConfig;
  }
  const failure = asFailure(error);
  if (failure === null) throw error;
  io.printError(printable(describeError(failure)));
  return failure.temporary ? Exit.tryLater : Exit.failed;
}
