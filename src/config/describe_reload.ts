import type { ClusterConfig } from "./define_cluster.ts";

/** What a reload does with the fields that differ. Paths such as `limits.smtp.recipientsMax`. */
export interface ReloadPlan {
  /** These apply at once. */
  readonly live: readonly string[];
  /** These keep their old value until the server is started again. */
  readonly restart: readonly string[];
}

/** What can change while sessions go on; everything else was handed to workers when they started. */
const LIVE: readonly string[] = ["tls"];

/** Compares the running config with a new one. */
export function describeReload(running: ClusterConfig, wanted: ClusterConfig): ReloadPlan {
  const changed = [...differences(running, wanted, "")];
  const isLive = (path: string) => LIVE.some((prefix) => path === prefix || path.startsWith(`${prefix}.`));
  return { live: changed.filter(isLive), restart: changed.filter((path) => !isLive(path)) };
}

function* differences(a: unknown, b: unknown, path: string): Iterable<string> {
  if (Object.is(a, b)) return;
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) {
    yield path;
    return;
  }
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const step = Array.isArray(a) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
    yield* differences(a[key], b[key], step);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
