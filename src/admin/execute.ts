import { asFailure, describeError } from "../base/mod.ts";
import { ConfigError, pathText } from "../config/mod.ts";
import type { ControlContext } from "./control_context.ts";
import type { Call, Method, Registry } from "./method.ts";
import { RpcCode, RpcError, rpcError } from "./rpc_error.ts";

/** Runs one method. Throws RpcError and nothing else; what went wrong inside stays in the log. */
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
    audit(method, params, context, "done");
    return result;
  } catch (error) {
    const answer = asRpcError(error, method, context);
    audit(method, params, context, answer.data.kind);
    throw answer;
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
