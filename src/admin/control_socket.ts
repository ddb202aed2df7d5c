import { type ControlPeer, ControlSession } from "./control_session.ts";
import type { ControlServices } from "./method.ts";

/** What the control socket needs of a connection; those of `net` fit. */
export interface ControlStream {
  start(handlers: {
    data(chunk: Uint8Array): void;
    end(): void;
    closed(reason: string): void;
    deadline(): void;
    drained(): void;
  }): void;
  write(data: string): void;
  pause(): void;
  resume(): void;
  close(): void;
  destroy(): void;
}

/** Connections of the control socket at a time. */
export const CONTROL_CONNECTIONS_MAX = 256;

/** Serves one connection of the control socket. */
export function serveControl(stream: ControlStream, services: ControlServices): void {
  const peer: ControlPeer = {
    write: (text) => stream.write(text),
    close: () => stream.close(),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
  };
  const session = new ControlSession(peer, services);
  stream.start({
    data: (chunk) => session.data(chunk),
    end: () => session.end(),
    closed: () => session.closed(),
    deadline() {},
    drained() {},
  });
}
