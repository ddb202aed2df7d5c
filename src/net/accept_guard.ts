import type { Server } from "node:net";
import type { Cancel, Clock } from "../base/mod.ts";

/** How long nobody must have come before the guard acts, in ms, half more or less. */
const QUIET_MS = 1_000;
const BACKLOG = 511;

/**
 * Keeps a server accepting. On Deno 2.9 the accept loop of `node:net` stops for good, and in silence, once the process is
 * out of file descriptors; listening again on the same handle starts it anew and changes nothing on one that is well.
 * Returns what to call for each accepted connection and how to end the guard. Elsewhere it does nothing.
 */
export function guardAccept(server: Server, clock: Clock): { accepted(): void; end(): void } {
  const handle = (server as unknown as { _handle?: { listen?(backlog: number): number } })._handle;
  if (!("Deno" in globalThis) || typeof handle?.listen !== "function") return { accepted() {}, end() {} };
  let busy = false;
  let cancel: Cancel;
  // At whole seconds: the guards of all ports wake their thread together.
  const nextMs = () => (Math.round(clock.monotonicMs() / QUIET_MS) + 1) * QUIET_MS - clock.monotonicMs();
  const look = () => {
    if (!busy) handle.listen?.(BACKLOG);
    busy = false;
    cancel = clock.after(nextMs(), look);
  };
  cancel = clock.after(nextMs(), look);
  return { accepted: () => void (busy = true), end: () => cancel() };
}
