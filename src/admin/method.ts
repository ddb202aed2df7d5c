import * as z from "zod";
import type { ControlContext } from "./control_context.ts";

/** One call that is being answered. */
export interface Call {
  /** Aborted by `rpc.cancel` and when the client is gone. */
  readonly signal: AbortSignal;
  /** Sends a notification that carries the request's id. */
  progress(value: Readonly<Record<string, unknown>>): void;
}

/** How the command line calls a method. */
export interface Verb {
  /** Words and, in capitals, positional parameters: `account add ADDRESS`, `alias add ADDRESS TARGETS...`, `check [FILE]`. */
  readonly usage: string;
  /** Parameters that this verb always sets. */
  readonly fixed?: Readonly<Record<string, unknown>>;
  /** Asked before something is lost for good, from the result of a dry run; not with `--yes` or `--dry-run`. */
  readonly confirm?: (result: never) => string;
  /** What is shown of the result; JSON when absent. */
  readonly show?: (result: never) => Shown;
  /** One line for `help`, when the method's summary does not fit. */
  readonly summary?: string;
}

/** What the command line prints: lines, or a table with a heading. */
export type Shown =
  | { readonly type: "lines"; readonly lines: readonly string[] }
  | { readonly type: "table"; readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] };

/** A method of the control socket. */
export interface Method<P = unknown, R = unknown> {
  /** `noun.verb`. */
  readonly name: string;
  /** Other names it answers to. */
  readonly synonyms: readonly string[];
  readonly summary: string;
  /** Writes take `dryRun` and `reason` besides and stand in the audit log. */
  readonly write: boolean;
  readonly params: z.ZodType<P>;
  readonly verbs: readonly Verb[];
  run(params: P, context: ControlContext, call: Call): Promise<R>;
}

/** What a write may be told besides. */
export interface WriteParams {
  readonly dryRun?: boolean | undefined;
  readonly reason?: string | undefined;
}

const WRITE_PARAMS = {
  dryRun: z.boolean().optional().describe("Check and answer, but change nothing"),
  reason: z.string().max(500).optional().describe("Why: kept in the audit log"),
};

type Definition<S extends z.ZodRawShape, P, R> =
  & Pick<Method, "name" | "summary">
  & Partial<Pick<Method, "synonyms" | "verbs">>
  & { readonly params: S; run(params: P, context: ControlContext, call: Call): Promise<R> };

/** A method that changes nothing. Unknown parameters are refused. */
export function read<S extends z.ZodRawShape, R>(
  definition: Definition<S, z.output<z.ZodObject<S>>, R>,
): Method<z.output<z.ZodObject<S>>, R> {
  const params = z.strictObject(definition.params);
  // deno-lint-ignore no-explicit-any -- zod says the output of a strict and a plain object differ; here they do not.
  return { synonyms: [], verbs: [], ...definition, write: false, params: params as any };
}

/** A method that changes something: it takes `dryRun` and `reason`, and is noted in the audit log. */
export function write<S extends z.ZodRawShape, R>(
  definition: Definition<S, z.output<z.ZodObject<S>> & WriteParams, R>,
): Method<z.output<z.ZodObject<S>> & WriteParams, R> {
  const params = z.strictObject({ ...definition.params, ...WRITE_PARAMS });
  // deno-lint-ignore no-explicit-any -- as above.
  return { synonyms: [], verbs: [], ...definition, write: true, params: params as any };
}

/** All methods by name. */
export class Registry {
  readonly #byName = new Map<string, Method>();
  constructor(readonly methods: readonly Method[]) {
    for (const method of methods) {
      for (const name of [method.name, ...method.synonyms]) this.#byName.set(name, method);
    }
  }
  find(name: string): Method | null {
    return this.#byName.get(name) ?? null;
  }
  /** Every method with the JSON Schema of its parameters. */
  discover(): readonly Record<string, unknown>[] {
    return this.methods.map((method) => ({
      name: method.name,
      synonyms: method.synonyms,
      summary: method.summary,
      write: method.write,
      params: paramsSchema(method),
      verbs: method.verbs.map(({ usage }) => usage),
    }));
  }
}

/** JSON Schema (2020-12) of what a method takes. */
export function paramsSchema(method: Method): Record<string, unknown> {
  return z.toJSONSchema(method.params, { io: "input" }) as Record<string, unknown>;
}

/** What all sessions share. */
export interface ControlServices {
  readonly registry: Registry;
  readonly context: ControlContext;
}
