import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Whether a program can be started from the PATH. */
export function programPath(name: string): string | null {
  for (const dir of (Deno.env.get("PATH") ?? "").split(delimiter)) {
    const path = join(dir, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // Not here: look in the next directory.
    }
  }
  return null;
}

/** Whether Perl has a module: swaks, for one, speaks TLS only with Net::SSLeay. */
function hasPerlModule(name: string): boolean {
  if (programPath("perl") === null) return false;
  return new Deno.Command("perl", { args: [`-M${name}`, "-e", "1"], stdout: "null", stderr: "null" }).outputSync()
    .success;
}

/** Whether tests may mount file systems and trace processes. */
export function isRoot(): boolean {
  return Deno.uid() === 0;
}

/** Registers a test that needs programs, or root; where one is missing it is ignored and its name says why. */
export function testWith(
  needs: { readonly programs?: readonly string[]; readonly perlModules?: readonly string[]; readonly root?: boolean },
  name: string,
  run: () => Promise<void>,
): void {
  const missing = (needs.programs ?? []).filter((program) => programPath(program) === null);
  missing.push(...(needs.perlModules ?? []).filter((module) => !hasPerlModule(module)));
  if (needs.root === true && !isRoot()) missing.push("root");
  const reason = missing.length === 0 ? "" : ` (skipped: needs ${missing.join(", ")})`;
  Deno.test({ name: name + reason, ignore: missing.length > 0, fn: run });
}

/** How a program ended, with all it printed. */
export interface ProgramResult {
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** Longest run of one client program. */
const PROGRAM_MS_MAX = 60_000;

/** Runs a program to its end; kills it when it takes too long. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly stdin?: Uint8Array; readonly env?: Record<string, string>; readonly cwd?: string } = {},
): Promise<ProgramResult> {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), PROGRAM_MS_MAX);
  try {
    if (options.stdin !== undefined) await new Blob([options.stdin.slice()]).stream().pipeTo(child.stdin);
    const { code, stdout, stderr } = await child.output();
    return { code, stdout, stderr: new TextDecoder().decode(stderr) };
  } finally {
    clearTimeout(timer);
  }
}

/** Runs a program and throws with its output unless it succeeds. */
export async function runOk(...args: Parameters<typeof runProgram>): Promise<ProgramResult> {
  const result = await runProgram(...args);
  if (result.code !== 0) {
    const printed = new TextDecoder().decode(result.stdout) + result.stderr;
    throw new Error(`${args[0]} ${args[1].join(" ")} ended with ${result.code}:\n${printed}`);
  }
  return result;
}
