import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigError } from "./config_error.ts";
import type { ClusterConfig } from "./define_cluster.ts";
import { validateConfig } from "./validate.ts";

/** The file that is read when none is named, in the working directory. */
export const DEFAULT_CONFIG_FILE = "cluster.config.ts";

/** Largest config file, in bytes. */
const FILE_BYTES_MAX = 1_048_576;

/**
 * Reads and validates a config file (`.ts`, `.js` or `.json`, the same keys). `dataDir` overrides the file's. A changed file is
 * read anew each time, but not what it imports. Throws `ConfigError`.
 */
export async function loadConfig(
  { file = DEFAULT_CONFIG_FILE, dataDir }: { file?: string; dataDir?: string } = {},
): Promise<ClusterConfig> {
  const value = file.endsWith(".json") ? await readJson(file) : await importModule(file);
  const config = validateConfig(value, file);
  return dataDir === undefined ? config : validateConfig({ ...config, dataDir }, file);
}

async function readJson(file: string): Promise<unknown> {
  await versionOf(file);
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

async function importModule(file: string): Promise<unknown> {
  const version = await versionOf(file);
  let module: { default?: unknown };
  try {
    // Modules are cached by URL for the life of the process: the stamp makes a changed file a new module.
    module = await import(`${pathToFileURL(resolve(file)).href}?version=${version}`);
  } catch (cause) {
    throw unreadable(file, cause);
  }
  if (module.default === undefined) {
    throw new ConfigError(file, [{ path: "", message: "has no default export: export default defineCluster({ … })" }]);
  }
  return module.default;
}

/** Changes when the file does. */
async function versionOf(file: string): Promise<string> {
  try {
    const { mtimeNs, size } = await stat(file, { bigint: true });
    if (size > FILE_BYTES_MAX) throw new Error(`is larger than ${FILE_BYTES_MAX} bytes`);
    return `${mtimeNs}-${size}`;
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

function unreadable(file: string, cause: unknown): ConfigError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ConfigError(file, [{ path: "", message: `cannot be read: ${reason}` }], { cause });
}
