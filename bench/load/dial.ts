import { connect } from "node:net";

/** What a session hears from its connection. After `closed` nothing follows. */
export interface WireEvents {
  connected(): void;
  /** The bytes may be overwritten after the call. */
  received(bytes: Uint8Array): void;
  /** `reason` is null after an orderly end, else the name of the error. */
  closed(reason: string | null): void;
}

/** A connection as a session sees it. `bytes` must stay as they are until the peer has answered. */
export interface Wire {
  write(bytes: Uint8Array): void;
  /** Closes at once; `closed` still follows. */
  destroy(): void;
}

/** Opens connections: over TCP in the generator, in memory in tests. */
export type Dial = (host: string, port: number, events: WireEvents) => Wire;

/** Dials over `node:net`. */
export const tcpDial: Dial = (host, port, events) => {
  let reason: string | null = null;
  const socket = connect({ host, port, noDelay: true });
  socket.on("connect", () => events.connected());
  socket.on("data", (bytes: Uint8Array) => events.received(bytes));
  socket.on("error", (error: Error & { code?: string }) => {
    reason = error.code ?? error.name;
  });
  socket.on("end", () => socket.end());
  socket.on("close", () => events.closed(reason));
  return {
    write(bytes) {
      if (!socket.destroyed) socket.write(bytes);
    },
    destroy: () => void socket.destroy(),
  };
};
