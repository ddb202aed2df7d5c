import type { CommandIo } from "./io.ts";
import { GLOBAL_OPTIONS } from "./arguments.ts";
import { strong } from "./print.ts";
import type { Command } from "./verbs.ts";

/** Verbs that no method stands behind. */
const LOCAL: readonly (readonly [usage: string, summary: string])[] = [
  ["start", "Run the server in the foreground"],
  ["demo", "Run it with two accounts and a first letter between them"],
  ["check [FILE]", "Validate a config file, without a server"],
  ["rpc METHOD [JSON]", "Call any method of the control socket"],
  ["version", "Version of the program"],
  ["help [WORD]", "This list, or the verbs of one noun"],
];

/** All verbs, or those that begin with `word`. */
export function printHelp(commands: readonly Command[], word: string | null, io: CommandIo): boolean {
  const lines = [...LOCAL, ...commands.map(({ verb, method }) => [verb.usage, verb.summary ?? method.summary] as const)]
    .filter(([usage]) => word === null || usage.split(" ", 1)[0] === word);
  if (lines.length === 0) return false;
  const width = Math.max(...lines.map(([usage]) => usage.length));
  io.print(strong("stagepost VERB [OPTIONS]", io));
  for (const [usage, summary] of lines) io.print(`  ${usage.padEnd(width)}  ${summary}`);
  if (word === null) printOptions(Object.entries(GLOBAL_OPTIONS).map(([flag, { help }]) => ({ flag, help })), io);
  return true;
}

/** One verb and its options. */
export function printUsage({ verb, method, options }: Command, io: CommandIo): void {
  io.print(strong(`stagepost ${verb.usage}`, io));
  io.print(`  ${verb.summary ?? method.summary}`);
  printOptions(options, io);
}

function printOptions(options: readonly { readonly flag: string; readonly help: string }[], io: CommandIo): void {
  for (const { flag, help } of options) io.print(`  --${flag.padEnd(16)}  ${help}`);
}
