import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { type Clock, concat, Failure, parseIp } from "../../base/mod.ts";
import { normalizeAddress } from "../address.ts";
import { kindOf } from "../error_kind.ts";
import { answers, type Query } from "./message.ts";
import type { ServerAddress } from "./server_address.ts";

/** One try of one server. */
export interface ExchangeOptions {
  readonly server: ServerAddress;
  readonly query: Query;
  /** Longest wait, in ms. */
  readonly tryMsMax: number;
  readonly clock: Clock;
  /** Ends the try with the Failure that is its reason. */
  readonly signal: AbortSignal;
}

/** Ends a try; all but the first call do nothing. */
interface Settle<T> {
  readonly done: (value: T) => void;
  readonly fail: (failure: Failure) => void;
}

/** A promise that the events of a socket settle, or the clock, or the signal; the socket is let go before anybody hears of it. */
function tryOnce<T>(options: ExchangeOptions, open: (settle: Settle<T>) => { release: () => void }): Promise<T> {
  const { signal, clock, tryMsMax, server } = options;
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    let settled = false;
    let release: (() => void) | null = null;
    const settle = (tell: () => void) => {
      if (settled) return;
      settled = true;
      cancel();
      signal.removeEventListener("abort", aborted);
      release?.();
      tell();
    };
    const fail = (failure: Failure) => settle(() => reject(failure));
    const aborted = () => fail(signal.reason as Failure);
    const cancel = clock.after(tryMsMax, () => fail(new Failure("dns", `${nameOf(server)} did not answer in time`)));
    signal.addEventListener("abort", aborted);
    ({ release } = open({ done: (value) => settle(() => resolve(value)), fail }));
    if (settled) release();
  });
}

/**
 * Sends the query in a datagram, from a port of its own that the kernel picks at random (RFC 5452 §9.2), and waits for its
 * answer; null when it must be asked over TCP: somebody guesses, or the server changes the case of letters.
 * Rejects with a Failure (`dns`).
 */
export function exchangeDatagrams(options: ExchangeOptions & { strangersMax: number }): Promise<Uint8Array | null> {
  const { server, query } = options;
  return tryOnce<Uint8Array | null>(options, ({ done, fail }) => {
    const socket = createSocket(server.address.includes(":") ? "udp6" : "udp4");
    let strangers = 0;
    socket.on("error", (cause) => fail(broken(server, cause)));
    socket.on("message", (packet, from) => {
      const isServer = from.port === server.port && normalizeAddress(from.address) === normalizeAddress(server.address);
      const verdict = isServer ? answers(query, packet) : "no";
      if (verdict === "yes") done(new Uint8Array(packet));
      else if (verdict === "other case" || ++strangers > options.strangersMax) done(null);
    });
    // Bound to the loopback where the server is there: nobody outside can even send to the port.
    socket.bind(0, localAddress(server.address), () => {
      socket.send(query.bytes, server.port, server.address, (error) => {
        if (error) fail(broken(server, error));
      });
    });
    return { release: () => socket.close() };
  });
}

/** Sends the query over a TCP connection of its own (RFC 1035 §4.2.2) and waits for the answer. Rejects with a Failure (`dns`). */
export function exchangeStream(options: ExchangeOptions): Promise<Uint8Array> {
  const { server, query } = options;
  return tryOnce<Uint8Array>(options, ({ done, fail }) => {
    const socket = connect({ host: server.address, port: server.port, noDelay: true });
    let received: Uint8Array = new Uint8Array(0);
    socket.on("error", (cause) => fail(broken(server, cause)));
    socket.on("close", () => fail(new Failure("dns", `${nameOf(server)} closed the connection without an answer`)));
    socket.on("connect", () => {
      const length = query.bytes.length;
      socket.write(concat([Uint8Array.of(length >> 8, length & 255), query.bytes]));
    });
    socket.on("data", (chunk: Uint8Array) => {
      received = concat([received, chunk]); // At most 64 KiB: few chunks.
      if (received.length < 2) return;
      const end = 2 + ((received[0]! << 8) | received[1]!);
      if (received.length < end) return;
      const packet = received.slice(2, end);
      if (answers(query, packet) === "no") fail(new Failure("dns", `${nameOf(server)} answered another question`));
      else done(packet);
    });
    return { release: () => void socket.destroy() };
  });
}

function localAddress(server: string): string {
  const octets = parseIp(server);
  if (octets?.length === 4) return octets[0] === 127 ? "127.0.0.1" : "0.0.0.0";
  return server === "::1" ? "::1" : "::";
}

function broken(server: ServerAddress, cause: unknown): Failure {
  return new Failure("dns", `cannot ask ${nameOf(server)}: ${kindOf(cause)}`, { cause });
}

/** A server for the log. */
export function nameOf(server: ServerAddress): string {
  return server.address.includes(":") ? `[${server.address}]:${server.port}` : `${server.address}:${server.port}`;
}
