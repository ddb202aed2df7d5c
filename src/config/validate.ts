import type * as z from "zod";
import { impossibleCombinations } from "./combinations.ts";
import { ConfigError, type ConfigProblem } from "./config_error.ts";
import type { ClusterConfig } from "./define_cluster.ts";
import { CLUSTER_SCHEMA } from "./schema.ts";

/** The config with all defaults filled in. Throws `ConfigError` that names `sourceName` and the path of every problem. */
export function validateConfig(value: unknown, sourceName: string): ClusterConfig {
  const parsed = CLUSTER_SCHEMA.safeParse(value);
  if (!parsed.success) throw new ConfigError(sourceName, parsed.error.issues.flatMap(problems));
  const impossible = impossibleCombinations(parsed.data);
  if (impossible.length > 0) throw new ConfigError(sourceName, impossible);
  return parsed.data;
}

function problems(issue: z.core.$ZodIssue): ConfigProblem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: pathText([...issue.path, key]), message: "unknown key" }));
  }
  return [{ path: pathText(issue.path), message: issue.message }];
}

/** `["listeners", 1, "port"]` as `listeners[1].port`. */
export function pathText(path: readonly PropertyKey[]): string {
  let text = "";
  for (const step of path) {
    text += typeof step === "number" ? `[${step}]` : text === "" ? String(step) : `.${String(step)}`;
  }
  return text;
}
