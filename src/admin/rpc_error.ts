import { Failure, type FailureKind } from "../base/mod.ts";

/** Codes of JSON-RPC 2.0 §5.1, and one of ours: `data.kind` says which failure it was. */
export const RpcCode = {
  parse: -32700,
  request: -32600,
  method: -32601,
  params: -32602,
  internal: -32603,
  failed: -32000,
} as const;

/** An error as it is answered: what went wrong, its name for programs, and what to do about it. */
export class RpcError extends Error {
  override name = "RpcError";
  constructor(
    readonly code: number,
    message: string,
    readonly data: { readonly kind: string; readonly hint: string | null },
  ) {
    super(message);
  }
}

/** What to do about a failure of each kind; null: the message says it. */
const HINTS: Readonly<Record<FailureKind, string | null>> = {
  busy: "try again in a moment",
  down: "a worker is being started again: see worker.list, and try again in a moment",
  deadline: "the server is overloaded or a worker hangs: see worker.list",
  disk: "look at the disk and the log; what was answered before is safe",
  disk_full: "make room on the disk of the data directory",
  dns: "a name server did not answer: see dns.servers in the config",
  corrupt: "run storage.verify and restore what is damaged from a backup",
  locked: "another process or session has it open",
  not_found: null,
  exists: null,
  invalid: null,
  refused: null,
  schema: "use the program version that wrote the data, or a newer one",
  closed: "the server is stopping",
};

/** The failure as an answer; `not_found` becomes `no_such_<noun>`. */
export function rpcError(failure: Failure, noun: string): RpcError {
  const kind = failure.kind === "not_found" ? `no_such_${noun}` : failure.kind;
  return new RpcError(RpcCode.failed, failure.message, { kind, hint: HINTS[failure.kind] });
}
