import type { Shown, Verb } from "../method.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { type CommandIo, Exit } from "./io.ts";
import { jsonLine, printable, printShown } from "./print.ts";
import type { RpcClient } from "./rpc_client.ts";
import type { Command } from "./verbs.ts";

interface Scene {
  readonly params: Record<string, unknown>;
  readonly options: Arguments["options"];
  readonly client: RpcClient;
  readonly io: CommandIo;
}

/** Time that must have passed before progress is shown, in ms. */
const PROGRESS_AFTER_MS = 2_000;

/** Calls the method behind a verb and shows its result. */
export async function callVerb(command: Command, scene: Scene): Promise<number> {
  const { options, io } = scene;
  const password = await secretOf(command, scene);
  const params = password === null ? scene.params : { ...scene.params, ...password };
  if (!await confirmed(command, { ...scene, params })) {
    io.printError("nothing was changed");
    return Exit.failed;
  }
  let found: unknown;
  try {
    found = await call(command, { ...scene, params });
  } finally {
    io.progress(null);
  }
  if (options["json"] === true) printJson(found, io);
  else {
    if (params["dryRun"] === true) io.print("dry run, nothing was changed:");
    printShown(shownOf(command.verb, found), io);
  }
  return isBad(found) ? Exit.failed : Exit.done;
}

/** Whatever was asked, a store with damage or a server that is not well is no success for a script. */
function isBad(result: unknown): boolean {
  const { status, problemCount } = (result ?? {}) as { status?: unknown; problemCount?: unknown };
  return status === "degraded" || (typeof problemCount === "number" && problemCount > 0);
}

/** Lists are followed to their end, unless a limit was named. */
async function call({ method }: Command, { params, options, client, io }: Scene): Promise<unknown> {
  const startMs = io.nowMs();
  const progress = ({ done, of }: Readonly<Record<string, unknown>>) => {
    if (io.isTerminal && io.nowMs() - startMs > PROGRESS_AFTER_MS) io.progress(bar(Number(done), Number(of)));
  };
  const first = await client.call(method.name, params, progress);
  const records = pageOf(first);
  if (records === null || options["limit"] !== undefined) return first;
  const all = [...records.records];
  for (let next = records.next; next !== null;) {
    const page = pageOf(await client.call(method.name, { ...params, cursor: next }));
    if (page === null) break;
    all.push(...page.records);
    next = page.next;
  }
  return { records: all, next: null };
}

function pageOf(result: unknown): { records: readonly unknown[]; next: string | null } | null {
  const { records, next } = (result ?? {}) as { records?: unknown; next?: unknown };
  return Array.isArray(records) ? { records, next: typeof next === "string" ? next : null } : null;
}

function bar(done: number, of: number): string {
  const width = 30;
  const full = of > 0 ? Math.round(width * done / of) : 0;
  return `[${"#".repeat(full)}${"-".repeat(width - full)}] ${done} of ${of}`;
}

function printJson(result: unknown, io: CommandIo): void {
  const page = pageOf(result);
  if (page === null) io.print(jsonLine(result));
  else for (const record of page.records) io.print(jsonLine(record));
}

function shownOf({ show }: Verb, result: unknown): Shown {
  if (show !== undefined) return show(result as never);
  return { type: "lines", lines: JSON.stringify(result, null, 2).split("\n") };
}

async function confirmed({ method, verb }: Command, { params, options, client, io }: Scene): Promise<boolean> {
  if (verb.confirm === undefined || options["yes"] === true || params["dryRun"] === true) return true;
  const question = verb.confirm(await client.call(method.name, { ...params, dryRun: true }) as never);
  if (!io.canAsk) throw new UsageError(`${printable(question)} Give --yes: there is no terminal to ask on.`);
  const answer = await io.ask(`${printable(question)} [y/N]`, { secret: false });
  return answer !== null && /^y(es)?$/i.test(answer.trim());
}

/** The secret parameter: the first line of standard input, or asked for twice without echo. */
async function secretOf({ secret }: Command, { options, io }: Scene): Promise<Record<string, string> | null> {
  const fromStdin = options["password-stdin"] === true;
  if (secret === null) {
    if (fromStdin) throw new UsageError("this verb takes no password");
    return null;
  }
  if (fromStdin) {
    const line = await io.readLine();
    if (line === null || line === "") throw new UsageError("standard input holds no password");
    return { [secret]: line };
  }
  if (!io.canAsk) throw new UsageError("no terminal to ask for the password on: give --password-stdin");
  const first = await io.ask("Password:", { secret: true });
  if (first === null || first === "") throw new UsageError("no password was given");
  if (await io.ask("Again:", { secret: true }) !== first) throw new UsageError("the passwords differ");
  return { [secret]: first };
}
