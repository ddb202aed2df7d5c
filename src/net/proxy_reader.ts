import type { Socket } from "node:net";
import { parseProxyHeader, type ProxiedEnds } from "./proxy_header.ts";
import { type DeadlineWheel, WheelEntry } from "./wheel.ts";

/** Longest wait for a whole header, in ms: the proxy sends it at once. */
const HEADER_MS_MAX = 5_000;

/** A socket that is read up to the end of its PROXY header, before anything else is done with it. */
export interface ProxyReading {
  /** Stops and destroys the socket; `done` is not called. */
  destroy(): void;
}

/**
 * Reads the PROXY header of a new socket. `done` gets the ends that it names, null for the socket's own, or `refused` when it was
 * no header, came too late or not at all: the socket is destroyed then. What follows the header is read by whoever comes next.
 */
export function readProxyHeader(
  socket: Socket,
  wheel: DeadlineWheel,
  done: (ends: ProxiedEnds | null | "refused") => void,
): ProxyReading {
  let seen = new Uint8Array(0);
  const entry = new WheelEntry(() => refuse());
  wheel.arm(entry, wheel.nowMs() + HEADER_MS_MAX);
  const stop = () => {
    wheel.arm(entry, Infinity);
    socket.removeListener("data", received).removeListener("end", refuse).removeListener("close", refuse);
  };
  const destroy = () => {
    stop();
    socket.destroy();
  };
  function refuse(): void {
    destroy();
    done("refused");
  }
  function received(chunk: Uint8Array): void {
    const joined = new Uint8Array(seen.length + chunk.length);
    joined.set(seen);
    joined.set(chunk, seen.length);
    seen = joined;
    const header = parseProxyHeader(seen);
    if (header.type === "more") return;
    if (header.type === "bad") return refuse();
    stop();
    socket.pause();
    // A copy: the stream keeps it until it is read.
    if (seen.length > header.bytes) socket.unshift(seen.slice(header.bytes));
    done(header.ends);
  }
  socket.on("error", () => {}); // "close" follows.
  socket.on("data", received).on("end", refuse).on("close", refuse);
  return { destroy };
}
