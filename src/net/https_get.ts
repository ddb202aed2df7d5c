import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { connect, type TLSSocket } from "node:tls";
import { type Clock, concat, type DnsAnswer, Failure, type Resolver } from "../base/mod.ts";
import { kindOf } from "./error_kind.ts";

/** Whom to speak with, and for how long. */
export interface HttpsOptions {
  /** A DNS name: the certificate must be for it. */
  readonly host: string;
  readonly path: string;
  /** Longest time from the first connection to the last byte, in ms. */
  readonly timeMsMax: number;
  readonly resolver: Pick<Resolver, "a" | "aaaa">;
  /** Whether an address that a stranger's DNS named must not be connected to. */
  readonly isForbidden: (address: string) => boolean;
  readonly clock: Clock;
  /** Default 443. */
  readonly port?: number;
  /** Certificates to trust instead of the system's, as PEM. */
  readonly ca?: string;
}

/** What to get, and how much of it. */
export interface HttpsGetOptions extends HttpsOptions {
  /** Without parameters, e.g. `text/plain`; an answer of any other type is refused. */
  readonly mediaType: string;
  /** Largest body, in bytes. */
  readonly bytesMax: number;
}

/** What to post. */
export interface HttpsPostOptions extends HttpsOptions {
  /** Of the body, e.g. `application/json`. */
  readonly mediaType: string;
  readonly body: Uint8Array;
}

/** Addresses of a host that are tried. */
const ADDRESSES_MAX = 4;

/** Longest head of an answer, in bytes. */
const HEAD_BYTES_MAX = 16_384;

/**
 * Gets a small document by HTTPS: the certificate is checked, nothing is followed, cached or unpacked. Rejects with a Failure: `dns`,
 * `not_found` (no address), `refused` (not allowed, no connection, or another answer than 200 with the right type), `invalid` (the
 * certificate), `deadline`, `closed`.
 */
export function httpsGet(options: HttpsGetOptions): Promise<Uint8Array> {
  return speak(options, (socket, settle) => get(socket, options, settle));
}

/** Posts a small document by HTTPS, under the same rules; resolves when the server has taken it (any 2xx), whatever else it says. */
export async function httpsPost(options: HttpsPostOptions): Promise<void> {
  await speak(options, (socket, settle) => post(socket, options, settle));
}

/** The end of an exchange; the first one counts. */
type Settle = (result: Uint8Array | Failure) => void;

async function speak(options: HttpsOptions, begin: (socket: TLSSocket, settle: Settle) => void): Promise<Uint8Array> {
  const addresses = await allowedAddresses(options);
  const untilMs = options.clock.monotonicMs() + options.timeMsMax;
  for (let i = 0;; i++) {
    try {
      return await speakTo(addresses[i]!, options, { timeMs: untilMs - options.clock.monotonicMs(), begin });
    } catch (error) {
      // Only where nobody answered may another address do better.
      const next = error instanceof Unreachable && i + 1 < addresses.length;
      if (!next || options.clock.monotonicMs() >= untilMs) throw error;
    }
  }
}

/** Nobody answers at this address. */
class Unreachable extends Failure {}

async function allowedAddresses({ host, resolver, isForbidden }: HttpsOptions): Promise<string[]> {
  const answers = await Promise.allSettled([resolver.a(host), resolver.aaaa(host)]);
  const all = answers.flatMap((answer) => answer.status === "fulfilled" ? recordsOf(answer.value) : []);
  const broken = answers.find((answer) => answer.status === "rejected");
  if (all.length === 0 && broken !== undefined) throw broken.reason;
  if (all.length === 0) throw new Failure("not_found", `${host} has no address`);
  // The address that was judged is the one that is connected to: no second look-up could name another.
  const allowed = all.filter((address) => !isForbidden(address));
  if (allowed.length === 0) throw new Failure("refused", `${host} has no address that may be connected to`);
  return allowed.slice(0, ADDRESSES_MAX);
}

function recordsOf(answer: DnsAnswer<string>): readonly string[] {
  return answer.type === "found" ? answer.records : [];
}

function speakTo(
  address: string,
  options: HttpsOptions,
  { timeMs, begin }: { readonly timeMs: number; readonly begin: (socket: TLSSocket, settle: Settle) => void },
): Promise<Uint8Array> {
  const { host, ca, clock, port = 443 } = options;
  return new Promise((resolve, reject) => {
    // Not by node:https: on Deno it asks for the list of authorities as text, which a worker with nothing but the network may not.
    const socket = connect({
      host: address,
      port,
      servername: host,
      rejectUnauthorized: true,
      minVersion: "TLSv1.2",
      ...(ca === undefined ? {} : { ca }),
    });
    const settle: Settle = (result) => {
      cancel();
      socket.destroy();
      if (result instanceof Failure) reject(result);
      else resolve(result);
    };
    const cancel = clock.after(timeMs, () => settle(new Failure("deadline", `${host} took too long`)));
    socket.on("error", (cause) => settle(failureOf(host, cause)));
    socket.on("close", () => settle(new Failure("closed", `${host} broke off`)));
    // The request leaves once the certificate is known to be good.
    socket.once("secureConnect", () => begin(socket, settle));
  });
}

function requestOver(
  socket: TLSSocket,
  { host, path }: HttpsOptions,
  { method, headers, settle }: { method: "GET" | "POST"; headers: Readonly<Record<string, string>>; settle: Settle },
): ClientRequest {
  const asked = request({
    createConnection: () => socket, // A connection of its own, with nothing of others on it.
    method,
    path,
    headers: { host, ...headers, connection: "close", "user-agent": "stagepost" },
    maxHeaderSize: HEAD_BYTES_MAX,
  });
  asked.on("error", (cause) => settle(failureOf(host, cause)));
  return asked;
}

function post(socket: TLSSocket, options: HttpsPostOptions, settle: Settle): void {
  const { host, mediaType, body } = options;
  const headers = { "content-type": mediaType, "content-length": String(body.length) };
  const asked = requestOver(socket, options, { method: "POST", headers, settle });
  asked.on("response", ({ statusCode = 0 }) => {
    const taken = statusCode >= 200 && statusCode < 300;
    // 5xx and "too many" may be over soon; all else will be the same tomorrow.
    const temporary = statusCode >= 500 || statusCode === 429;
    settle(taken ? new Uint8Array() : new Failure("refused", `${host} answered ${statusCode}`, { temporary }));
  });
  asked.end(body);
}

function get(socket: TLSSocket, options: HttpsGetOptions, settle: Settle): void {
  const { host, mediaType } = options;
  const asked = requestOver(socket, options, { method: "GET", headers: { accept: mediaType }, settle });
  asked.on("response", (response) => {
    const objection = objectionTo(response, options);
    if (objection !== null) settle(new Failure("refused", `${host} ${objection}`));
    else receive(response, options, settle);
  });
  asked.end();
}

/** What is wrong with the head of an answer, or null. */
function objectionTo(response: IncomingMessage, { mediaType, bytesMax }: HttpsGetOptions): string | null {
  const { statusCode, headers } = response;
  if (statusCode !== 200) return `answered ${statusCode ?? "nothing"}`; // Redirects are not followed (RFC 8461 §3.3).
  const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== mediaType) return "answered with another type of content";
  const encoding = headers["content-encoding"]?.trim().toLowerCase();
  if (encoding !== undefined && encoding !== "identity") return "answered with packed content";
  const length = headers["content-length"];
  // A body that ends with the connection may have been cut short by anybody on the way (RFC 9112 §9.8).
  if (length === undefined && headers["transfer-encoding"] === undefined) return "did not say where its answer ends";
  return Number(length ?? 0) > bytesMax ? "answered with too much" : null;
}

function receive(
  response: IncomingMessage,
  { host, bytesMax }: HttpsGetOptions,
  settle: Settle,
): void {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  response.on("data", (part: Uint8Array) => {
    bytes += part.length;
    if (bytes > bytesMax) settle(new Failure("refused", `${host} answered with too much`));
    else parts.push(new Uint8Array(part));
  });
  response.on("end", () => {
    if (response.complete) settle(concat(parts));
    else settle(new Failure("closed", `${host} broke off`));
  });
  response.on("error", (cause: Error) => settle(failureOf(host, cause)));
  // The last word, where the connection went without an error; after the first one it changes nothing.
  response.on("close", () => settle(new Failure("closed", `${host} broke off`)));
}

function failureOf(host: string, cause: Error): Failure {
  const kind = kindOf(cause);
  if (/CERT|UNABLE_TO_VERIFY/.test(kind)) {
    return new Failure("invalid", `${host} has no valid certificate (${kind})`, { cause });
  }
  if (/^E(CONNREFUSED|HOSTUNREACH|NETUNREACH|ADDRNOTAVAIL|TIMEDOUT)$/.test(kind)) {
    return new Unreachable("refused", `cannot connect to ${host} (${kind})`, { cause, temporary: true });
  }
  return new Failure("closed", `${host} gave no answer (${kind})`, { cause });
}
