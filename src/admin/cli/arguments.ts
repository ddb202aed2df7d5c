import { parseArgs } from "node:util";
import type { Command, Option } from "./verbs.ts";

/** The person's mistake: exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** Options that every verb takes. */
export const GLOBAL_OPTIONS = {
  json: { type: "boolean", help: "Print JSON lines" },
  yes: { type: "boolean", help: "Do not ask before something is lost" },
  "dry-run": { type: "boolean", help: "Check and answer, but change nothing" },
  reason: { type: "string", help: "Why, for the audit log" },
  socket: { type: "string", help: "Control socket of the server (or STAGEPOST_SOCKET)" },
  config: { type: "string", help: "Config file" },
  data: { type: "string", help: "Data directory" },
  restored: { type: "boolean", help: "Start: the data were put back from a copy" },
  moved: { type: "boolean", help: "Start: the data were moved here, whole, and there are no others" },
  "password-stdin": { type: "boolean", help: "Read the password from standard input" },
  help: { type: "boolean", help: "Explain this verb" },
} as const;

/** The words and options of one command line. */
export interface Arguments {
  readonly words: readonly string[];
  /** By flag; only what was given. */
  readonly options: Readonly<Record<string, string | boolean>>;
}

/** Takes a command line apart, knowing the options of all verbs. Throws UsageError. */
export function parseArguments(argv: readonly string[], commands: readonly Command[]): Arguments {
  const options: Record<string, { type: "string" | "boolean" }> = {};
  for (const [flag, { type }] of Object.entries(GLOBAL_OPTIONS)) options[flag] = { type };
  for (const command of commands) {
    for (const { flag, kind } of command.options) options[flag] = { type: kind === "flag" ? "boolean" : "string" };
  }
  try {
    const parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
    return { words: parsed.positionals, options: { ...parsed.values } as Record<string, string | boolean> };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.split(". ")[0] ?? "" : String(error));
  }
}

/** The parameters of a call. Throws UsageError for what the verb does not take, or lacks. */
export function paramsOf(
  command: Command,
  { words, options }: { words: readonly string[]; options: Arguments["options"] },
): Record<string, unknown> {
  const params: Record<string, unknown> = { ...command.verb.fixed };
  let at = 0;
  for (const { param, optional, many } of command.positionals) {
    const given = words.slice(at, many ? undefined : at + 1);
    at += given.length;
    if (given.length > 0) params[param] = many ? given : valueOf(param, given[0] ?? "");
    else if (!optional) throw new UsageError(`usage: stagepost ${command.verb.usage}`);
  }
  if (at < words.length) throw new UsageError(`one word too many: usage: stagepost ${command.verb.usage}`);
  for (const [flag, value] of Object.entries(options)) {
    if (Object.hasOwn(GLOBAL_OPTIONS, flag)) continue;
    const option = command.options.find((option) => option.flag === flag);
    if (option === undefined) throw new UsageError(`${command.words.join(" ")} has no option --${flag}`);
    params[option.param] = typeof value === "string" ? convert(option, value) : value;
  }
  return { ...params, ...writeParams(command, options) };
}

function writeParams(command: Command, options: Arguments["options"]): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  if (options["dry-run"] === true) given["dryRun"] = true;
  if (options["reason"] !== undefined) given["reason"] = options["reason"];
  if (Object.keys(given).length > 0 && !command.method.write) {
    throw new UsageError(`${command.words.join(" ")} changes nothing: it takes no --dry-run or --reason`);
  }
  return given;
}

function valueOf(param: string, text: string): unknown {
  return param.endsWith("Bytes") ? parseBytes(text) : text;
}

function convert(option: Option, text: string): unknown {
  if (option.kind === "text") return text;
  if (option.kind === "bytes") return parseBytes(text);
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`--${option.flag} takes a whole number`);
  return Number(text);
}

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** `500M`, `2G`, `1.5GiB`, `1024`. */
export function parseBytes(text: string): number {
  const [, number, unit = ""] = /^(\d{1,15}(?:\.\d{1,3})?)([KMGT]?)(?:i?B)?$/i.exec(text) ?? [];
  const bytes = Math.round(Number(number) * (UNITS[unit.toUpperCase()] ?? Number.NaN));
  if (!Number.isSafeInteger(bytes)) {
    throw new UsageError(`${JSON.stringify(text.slice(0, 40))} is no size: 1024, 500M, 2G`);
  }
  return bytes;
}
