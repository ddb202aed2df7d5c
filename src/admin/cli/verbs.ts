import { type Method, paramsSchema, type Registry, type Verb } from "../method.ts";

/** A positional parameter of a verb. */
export interface Positional {
  readonly param: string;
  readonly optional: boolean;
  /** Takes all words that are left. */
  readonly many: boolean;
}

/** An option of a verb, made from a parameter of its method. */
export interface Option {
  /** `quota-bytes` for `--quota-bytes`. */
  readonly flag: string;
  readonly param: string;
  readonly kind: "flag" | "text" | "number" | "bytes";
  readonly help: string;
}

/** A verb of the command line with all that its method says about it. */
export interface Command {
  readonly method: Method;
  readonly verb: Verb;
  readonly words: readonly string[];
  readonly positionals: readonly Positional[];
  readonly options: readonly Option[];
  /** The parameter that is a secret: read from standard input or asked for, never an argument. */
  readonly secret: string | null;
}

interface Property {
  readonly type?: string;
  readonly anyOf?: readonly Property[];
  readonly description?: string;
  readonly secret?: boolean;
}

/** What every write takes: options of their own. */
const COMMON: ReadonlySet<string> = new Set(["dryRun", "reason"]);

/** The verbs of all methods, in the order of the registry. */
export function commandsOf(registry: Registry): Command[] {
  return registry.methods.flatMap((method) => method.verbs.map((verb) => commandOf(method, verb)));
}

function commandOf(method: Method, verb: Verb): Command {
  const tokens = verb.usage.split(" ");
  const words = tokens.filter((token) => /^[a-z]/.test(token));
  const positionals = tokens.slice(words.length).map(positional);
  const taken = new Set([...positionals.map(({ param }) => param), ...Object.keys(verb.fixed ?? {}), ...COMMON]);
  const properties = (paramsSchema(method)["properties"] ?? {}) as Record<string, Property>;
  const options: Option[] = [];
  let secret: string | null = null;
  for (const [param, property] of Object.entries(properties)) {
    if (property.secret === true) secret = param;
    else if (!taken.has(param)) options.push(option(param, property));
  }
  return { method, verb, words, positionals, options, secret };
}

/** `ADDRESS`, `[CATCH-ALL]`, `TARGETS...`. */
function positional(token: string): Positional {
  const [, open, name = "", dots] = /^(\[?)([A-Z-]+)(\.\.\.)?\]?$/.exec(token) ?? [];
  return { param: camel(name.toLowerCase()), optional: open === "[", many: dots !== undefined };
}

function option(param: string, property: Property): Option {
  const type = property.type ?? property.anyOf?.find(({ type }) => type !== "null")?.type;
  const flag = param.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const help = property.description ?? "";
  if (type === "boolean") return { flag, param, kind: "flag", help };
  if (type === "integer") return { flag, param, kind: param.endsWith("Bytes") ? "bytes" : "number", help };
  return { flag, param, kind: "text", help };
}

function camel(kebab: string): string {
  return kebab.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The verb that the words begin with, the longest first, and what is left of them. */
export function findCommand(commands: readonly Command[], words: readonly string[]): [Command, string[]] | null {
  const fitting = commands.filter((command) => command.words.every((word, i) => words[i] === word))
    .sort((a, b) => b.words.length - a.words.length);
  const [found] = fitting;
  return found === undefined ? null : [found, words.slice(found.words.length)];
}
