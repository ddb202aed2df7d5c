import { asFailure, describeError } from "../base/mod.ts";
import { ConfigError, pathText } from "../config/mod.ts";
import type { ControlContext } from "./control_context.ts";
import type { Call, Method, Registry } from "./method.ts";
import { RpcCode, RpcError, rpcError } from "./rpc_error.ts";

/** What the directory tells all workers of. */
const IN_DIRECTORY: ReadonlySet<string> = new Set(["domain", "account", "alias", "list", "ban", "dkim"]);
/** Longest wait for all of them to know, in ms. */
const SETTLED_MS_MAX = 2_000;

/** Runs one method; what it has changed in the directory holds in every worker when it is answered. Throws RpcError and nothing else; what went wrong inside stays in the log. */
export async function execute(
  { method: name, params }: { readonly method: string; readonly params: unknown },
  { registry, context, call }: { registry: Registry; context: ControlContext; call: Call },
): Promise<unknown> {
  const method = registry.find(name);
  if (method === null) {
    const data = { kind: "no_such_method", hint: "rpc.discover lists all methods" };
    throw new RpcError(RpcCode.method, `there is no method ${JSON.stringify(name.slice(0, 100))}`, data);
  }
  const parsed = method.params.safeParse(params);
  if (!parsed.success) throw invalidParams(parsed.error.issues);
  try {
    const result = await method.run(parsed.data, context, call);
    if (method.write && IN_DIRECTORY.has(nounOf(method))) await settled(context);
    audit(method, params, context, "done");
    return result;
  } catch (error) {
    const answer = asRpcError(error, method, context);
    audit(method, params, context, answer.data.kind);
    throw answer;
  }
}

/** A change is made, and answered as such, even when somebody does not hear of it in time. */
async function settled({ directory, log }: ControlContext): Promise<void> {
  try {
    await directory.ask("directory.settled", null, { deadlineMs: SETTLED_MS_MAX });
  } catch (error) {
    if (asFailure(error) === null) throw error;
    log.warn("not every worker knows of a change yet", { cause: describeError(error) });
  }
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function invalidParams(issues: readonly Issue[]): RpcError {
  const text = issues.map(({ path, message }) => path.length === 0 ? message : `${pathText(path)}: ${message}`).join(
    "; ",
  );
  return new RpcError(RpcCode.params, text.slice(0, 1_000), { kind: "invalid_params", hint: "see rpc.discover" });
}

function asRpcError(error: unknown, method: Method, { log }: ControlContext): RpcError {
  if (error instanceof RpcError) return error;
  if (error instanceof ConfigError) {
    const hint = "the running config stays in effect";
    return new RpcError(RpcCode.failed, error.message, { kind: "bad_config", hint });
  }
  const failure = asFailure(error);
  if (failure !== null) return rpcError(failure, nounOf(method));
  log.error("control method failed", { method: method.name, cause: describeError(error) });
  return new RpcError(RpcCode.internal, "an error of the server itself", { kind: "internal", hint: "see the log" });
}

/** What a method is about: `account.rm` misses an account; a missing domain is told in the message. */
function nounOf({ name }: Method): string {
  return name.slice(0, name.indexOf(".") < 0 ? undefined : name.indexOf("."));
}

/** Every write, done or refused, with who asked left to the socket's file mode. */
function audit(method: Method, params: unknown, { log }: ControlContext, result: string): void {
  if (!method.write) return;
  const { reason, dryRun, ...rest } = params as Record<string, unknown>;
  const shown = JSON.stringify(rest, (key, value) => key === "password" ? "***" : value);
  log.info("audit", {
    method: method.name,
    params: shown,
    reason: typeof reason === "string" ? reason : null,
    dryRun: dryRun === true,
    result,
  });
}
