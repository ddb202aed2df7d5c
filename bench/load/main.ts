/** The load generator as a command: JSON events and at last the result on standard output, one object per line. */
import process from "node:process";
import { type LoadOptions, parseLoadArgs } from "./options.ts";
import { runLoad } from "./run.ts";

const USAGE_EXIT = 2;

function options(): LoadOptions | null {
  try {
    return parseLoadArgs(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return null;
  }
}

const parsed = options();
if (parsed === null) {
  process.exitCode = USAGE_EXIT;
} else {
  const print = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
  const result = await runLoad(parsed, { onEvent: print });
  print({ event: "result", result });
}
