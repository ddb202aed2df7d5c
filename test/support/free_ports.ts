import { createServer } from "node:net";

/** Below the range that the kernel hands out to clients, so that no connection of a load test takes a chosen port. */
const LOWEST = 12_000;
const HIGHEST = 32_000;
const TRIES_MAX = 200;

/** `count` different ports of 127.0.0.1 that nobody listens on. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  for (let tries = 0; found.size < count; tries++) {
    if (tries >= TRIES_MAX) throw new Error("no free ports");
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (!found.has(port) && await isFree(port)) found.add(port);
  }
  return [...found];
}

/** Those of `ports` that somebody listens on. */
export async function takenPorts(ports: readonly number[]): Promise<number[]> {
  const taken: number[] = [];
  for (const port of ports) if (!await isFree(port)) taken.push(port);
  return taken;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ host: "127.0.0.1", port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
