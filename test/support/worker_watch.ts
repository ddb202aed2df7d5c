import { eventually } from "./eventually.ts";
import type { TestServer } from "./server.ts";

/** One row of `worker.list`, as far as tests look at it. */
export interface WorkerRow {
  readonly name: string;
  readonly state: string;
  readonly restarts: number;
}

/** What `worker.list` says of one worker. */
export async function workerRow(server: TestServer, name: string): Promise<WorkerRow> {
  const { workers } = await server.rpc<{ workers: readonly WorkerRow[] }>("worker.list");
  const row = workers.find((worker) => worker.name === name);
  if (row === undefined) throw new Error(`no worker ${name}`);
  return row;
}

/** Breaks a worker and waits until it runs again; the time from the fault until then, in ms. */
export async function downAndUp(server: TestServer, name: string, fault: string): Promise<number> {
  const { restarts } = await workerRow(server, name);
  const startMs = performance.now();
  if (fault === "restart") await server.rpc("worker.restart", { name });
  else await server.rpc("worker.fault", { name, kind: fault });
  await eventually(`${name} runs again`, async () => {
    const row = await workerRow(server, name);
    return row.restarts > restarts && row.state === "up";
  }, { ms: 30_000 });
  return performance.now() - startMs;
}
