import { RpcCode, RpcError } from "./rpc_error.ts";

/** Requests in one batch. */
export const BATCH_MAX = 1_000;

/** What a request is known by; absent in a notification. */
export type RpcId = string | number | null;

/** One request. `id` undefined: a notification, which is never answered. */
export interface Request {
  readonly id: RpcId | undefined;
  readonly method: string;
  readonly params: unknown;
}

/** A request, or the error that answers what is none. */
export type Parsed =
  | { readonly type: "request"; readonly request: Request }
  | { readonly type: "invalid"; readonly id: RpcId; readonly error: RpcError };

/** One line: a single call, or a batch whose answers belong in one array. */
export interface ParsedLine {
  readonly batch: boolean;
  readonly calls: readonly Parsed[];
}

/** Takes a line apart (JSON-RPC 2.0 §4, §6). */
export function parseLine(text: string): ParsedLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { batch: false, calls: [invalid(null, RpcCode.parse, "not JSON", "parse_error")] };
  }
  if (!Array.isArray(value)) return { batch: false, calls: [parseCall(value)] };
  if (value.length === 0) return { batch: false, calls: [malformed(null, "an empty batch")] };
  if (value.length > BATCH_MAX) return { batch: false, calls: [malformed(null, `more than ${BATCH_MAX} requests`)] };
  return { batch: true, calls: value.map(parseCall) };
}

function parseCall(value: unknown): Parsed {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return malformed(null, "not an object");
  const { jsonrpc, id, method, params, ...rest } = value as Record<string, unknown>;
  const known = isId(id) ? id : null;
  if (jsonrpc !== "2.0") return malformed(known, 'jsonrpc must be "2.0"');
  if (id !== undefined && !isId(id)) return malformed(null, "id must be a string, a number or null");
  if (typeof method !== "string") return malformed(known, "method must be a string");
  const [extra] = Object.keys(rest);
  if (extra !== undefined) return malformed(known, `unknown field ${JSON.stringify(extra.slice(0, 50))}`);
  if (params !== undefined && (typeof params !== "object" || params === null || Array.isArray(params))) {
    return invalid(known, RpcCode.params, "params must be an object", "invalid_params");
  }
  return { type: "request", request: { id, method, params: params ?? {} } };
}

function isId(value: unknown): value is RpcId {
  return value === null || typeof value === "string" || (typeof value === "number" && Number.isFinite(value));
}

function malformed(id: RpcId, message: string): Parsed {
  return invalid(id, RpcCode.request, message, "invalid_request");
}

function invalid(id: RpcId, code: number, message: string, kind: string): Parsed {
  return { type: "invalid", id, error: new RpcError(code, message, { kind, hint: null }) };
}

/** An answer. */
export type Response =
  & { readonly jsonrpc: "2.0"; readonly id: RpcId }
  & (
    | { readonly result: unknown }
    | { readonly error: { readonly code: number; readonly message: string; readonly data: unknown } }
  );

export function resultOf(id: RpcId, result: unknown): Response {
  return { jsonrpc: "2.0", id, result: result ?? null };
}

export function errorOf(id: RpcId, { code, message, data }: RpcError): Response {
  return { jsonrpc: "2.0", id, error: { code, message, data } };
}
