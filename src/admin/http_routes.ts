import { utf8 } from "../base/mod.ts";
import { assert } from "../base/mod.ts";
import { execute } from "./execute.ts";
import type { HttpRead } from "./http_reader.ts";
import { errorOf, parseLine, type Response, resultOf } from "./json_rpc.ts";
import type { ControlServices } from "./method.ts";
import { healthOf } from "./methods/server.ts";
import { metricsText } from "./metrics.ts";
import { RpcError } from "./rpc_error.ts";

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  204: "No Content",
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Content Too Large",
  431: "Request Header Fields Too Large",
  501: "Not Implemented",
  503: "Service Unavailable",
};

type Route = (body: string, services: ControlServices) => Promise<{ status: number; type: string; body: string }>;

const ROUTES: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  "/rpc": { POST: postRpc },
  "/healthz": {
    async GET(_body, { context }) {
      const health = await healthOf(context);
      return { status: health.status === "ok" ? 200 : 503, type: "application/json", body: JSON.stringify(health) };
    },
  },
  "/metrics": {
    GET: async (_body, { context }) => ({
      status: 200,
      type: "text/plain; version=0.0.4; charset=utf-8",
      body: await metricsText(context),
    }),
  },
};

/** The whole answer to one request; the connection closes behind it. */
export async function answerHttp(read: HttpRead, services: ControlServices): Promise<string> {
  if (read.type === "refused") return response(read.status, "text/plain", `${REASONS[read.status] ?? "Error"}\n`);
  const route = Object.hasOwn(ROUTES, read.path) ? ROUTES[read.path] : undefined;
  if (route === undefined) return response(404, "text/plain", "Not Found\n");
  const handler = Object.hasOwn(route, read.method) ? route[read.method] : undefined;
  if (handler === undefined) return response(405, "text/plain", "Method Not Allowed\n");
  const { status, type, body } = await handler(read.body, services);
  return response(status, type, body);
}

async function postRpc(body: string, services: ControlServices) {
  const { batch, calls } = parseLine(body);
  const answers: Response[] = [];
  for (const call of calls) {
    if (call.type === "invalid") answers.push(errorOf(call.id, call.error));
    else {
      const { id } = call.request;
      const answer = await run(call.request, services).then(
        (result) => resultOf(id ?? null, result),
        (error: unknown) => {
          assert(error instanceof RpcError, "execute throws RpcError only");
          return errorOf(id ?? null, error);
        },
      );
      if (id !== undefined) answers.push(answer);
    }
  }
  if (answers.length === 0) return { status: 204, type: "application/json", body: "" };
  return { status: 200, type: "application/json", body: JSON.stringify(batch ? answers : answers[0]) };
}

/** HTTP has no way back before the answer: progress is dropped, and nothing cancels. */
function run(request: { method: string; params: unknown }, services: ControlServices): Promise<unknown> {
  return execute(request, { ...services, call: { signal: new AbortController().signal, progress() {} } });
}

function response(status: number, type: string, body: string): string {
  return [
    `HTTP/1.1 ${status} ${REASONS[status] ?? "Error"}`,
    `Content-Type: ${type}`,
    `Content-Length: ${utf8(body).length}`,
    "Cache-Control: no-store",
    "Connection: close",
    "",
    body,
  ].join("\r\n");
}
