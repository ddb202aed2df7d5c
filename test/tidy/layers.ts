/** A folder (or file) of the program and what it may import besides itself. The table of the style guide, as data. */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  mail: ["base"],
  mime: ["base", "mail"],
  protocol: ["base", "mail", "mime"],
  policy: ["base", "mail", "mime"],
  storage: ["base", "mail"],
  runtime: ["base"],
  net: ["base"],
  messages: ["base", "mail", "runtime"],
  config: ["base", "mail"],
  actors: ["base", "mail", "mime", "protocol", "policy", "storage", "runtime", "net", "messages", "config"],
  admin: ["base", "mail", "mime", "messages", "runtime", "config"],
  web: ["base", "mail", "mime", "messages", "runtime", "config"],
  workers: ["base", "runtime", "net", "config", "actors", "admin", "web"],
  main: ["base", "mail", "messages", "runtime", "net", "config", "actors", "admin", "web"],
};

/** Layers of which only the types may be imported. */
export const TYPES_ONLY: ReadonlySet<string> = new Set(["messages -> runtime"]);

/** Protocol folders that every other protocol may import. */
export const SHARED_PROTOCOLS: ReadonlySet<string> = new Set(["sasl"]);

/** Parts of `actors` that alone may import a layer: by the first name behind `src/actors/`, without ending. */
export const OWNERS: Readonly<Record<string, readonly string[]>> = {
  storage: ["mailbox", "queue", "directory", "data_directory"],
  net: ["listener", "delivery", "policy", "client"],
};

/** Modules that open connections; telling whether a text is an IP address opens none. */
const SOCKETS =
  /(?<!import \{ (isIP(v[46])?(, )?)+ \} from )["']node:(net|tls|dgram|dns|dns\/promises|http|https|http2)["']/;

/** What only one home may use. `homes` are path prefixes. */
export const CAPABILITIES: readonly {
  readonly what: string;
  readonly pattern: RegExp;
  readonly homes: readonly string[];
}[] = [
  {
    what: "sockets and DNS",
    pattern: SOCKETS,
    homes: ["src/net/"],
  },
  { what: "lmdb", pattern: /["']lmdb["']/, homes: ["src/storage/"] },
  { what: "msgpackr", pattern: /["']msgpackr(\/[\w/]+)?["']/, homes: ["src/runtime/"] },
  { what: "comlink", pattern: /["']comlink["']/, homes: ["src/runtime/"] },
  { what: "workers", pattern: /\bnew Worker\(|["']node:worker_threads["']/, homes: ["src/runtime/"] },
  { what: "the environment", pattern: /\bDeno\.env\b|\bprocess\.env\b/, homes: ["src/main.ts"] },
  {
    what: "signals",
    pattern: /\bDeno\.addSignalListener\b|\bprocess\.(on|once)\(\s*["']SIG/,
    homes: ["src/main.ts"],
  },
];
