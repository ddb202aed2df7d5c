import type { Log } from "./base/mod.ts";
import { ListeningSockets } from "./net/mod.ts";
import type { WorkerWatcher } from "./runtime/mod.ts";

/**
 * Shuts the ports of a worker that hangs: Deno cannot stop its thread, which would go on being handed connections that
 * nobody greets. A worker's sockets are those that appeared while it started; when two start at once, whose is whose is not
 * known, and nothing of theirs is shut.
 */
export function orphanedPorts(log: Log): WorkerWatcher {
  const sockets = ListeningSockets.open();
  const owned = new Map<string, ReadonlySet<bigint>>();
  /** Workers that are starting, with the sockets there were before. */
  const starting = new Map<string, { readonly before: ReadonlySet<bigint>; alone: boolean }>();
  const now = () => new Set(sockets?.list().keys());
  return {
    starting(name) {
      if (!name.startsWith("listener-")) return; // The others open no ports.
      for (const other of starting.values()) other.alone = false;
      starting.set(name, { before: now(), alone: starting.size === 0 });
    },
    started(name) {
      const start = starting.get(name);
      starting.delete(name);
      owned.delete(name);
      if (start?.alone === true) owned.set(name, new Set([...now()].filter((cookie) => !start.before.has(cookie))));
    },
    failed: (name) => void starting.delete(name),
    hung(name) {
      const mine = owned.get(name);
      owned.delete(name);
      if (mine === undefined || mine.size === 0) return;
      const shut = sockets?.shut(mine) ?? 0;
      if (shut === 0) return; // It had closed itself.
      log.error("a hung worker cannot be stopped: its ports are shut, its thread runs on until the next restart", {
        worker: name,
        ports: shut,
      });
    },
  };
}
