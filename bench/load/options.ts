import { parseArgs } from "node:util";

/** What one run of the load generator does. Every run ends by itself: by count, by time, or because all sessions died. */
export interface LoadOptions {
  readonly host: string;
  readonly port: number;
  /** SMTP connections at the same time. */
  readonly sessions: number;
  /** Size of one message in bytes, header included, without the final dot. */
  readonly messageBytes: number;
  /** Recipients are u0 … u(accounts-1) at `domain`, in turn. */
  readonly accounts: number;
  readonly domain: string;
  /** Domain of the recipients where it is another than the sender's; null for the same. */
  readonly toDomain: string | null;
  /** Password with which `load@domain` logs in before it sends (AUTH PLAIN); null: nobody logs in. */
  readonly password: string | null;
  /** MAIL, RCPT and DATA in one write (RFC 2920 §3.1), else one command a round trip. */
  readonly pipelining: boolean;
  /** A new connection for every message, else connections are kept. */
  readonly reconnect: boolean;
  /** Messages a second started on a fixed schedule (open loop); null is as fast as the server answers (closed loop). */
  readonly ratePerSecond: number | null;
  /** Messages begun at most; 0 leaves the end to the clock. */
  readonly countMax: number;
  /** Length of the measured window in ms, after the warm-up. */
  readonly durationMsMax: number;
  /** Load before the measured window, in ms. */
  readonly warmupMs: number;
  /** Longest wait for one reply in ms; then the connection is given up. */
  readonly replyMsMax: number;
  /** Longest wait in ms, after the window, for messages that are under way. */
  readonly drainMsMax: number;
  /** Failed connection attempts in a row after which one session gives up. */
  readonly connectFailuresMax: number;
  /** File that gets one line for each 250, written before anything else is done; null for none. */
  readonly ackFile: string | null;
  /** Start of every message's id: 1 to 16 letters, digits or dashes. */
  readonly idPrefix: string;
  /** Distance of progress events in ms; 0 for none. */
  readonly progressMs: number;
}

/** What a run does unless told otherwise. */
export const LOAD_DEFAULTS: LoadOptions = {
  host: "127.0.0.1",
  port: 2525,
  sessions: 50,
  messageBytes: 4_096,
  accounts: 100,
  domain: "bench.test",
  toDomain: null,
  password: null,
  pipelining: false,
  reconnect: false,
  ratePerSecond: null,
  countMax: 0,
  durationMsMax: 5_000,
  warmupMs: 1_000,
  replyMsMax: 60_000,
  drainMsMax: 30_000,
  connectFailuresMax: 20,
  ackFile: null,
  idPrefix: "load",
  progressMs: 0,
};

/** Lowest and highest value of each number. Memory is `sessions` times `messageBytes`: see `sessionBytesMax`. */
const BOUNDS = {
  port: [1, 65_535],
  sessions: [1, 4_000],
  messageBytes: [512, 64 * 1_024 * 1_024],
  accounts: [1, 100_000],
  countMax: [0, 100_000_000],
  durationMsMax: [1, 24 * 3_600_000],
  warmupMs: [0, 600_000],
  replyMsMax: [1, 600_000],
  drainMsMax: [0, 600_000],
  connectFailuresMax: [1, 10_000],
  progressMs: [0, 600_000],
} as const satisfies Partial<Record<keyof LoadOptions, readonly [number, number]>>;

/** Bytes that all sessions' message buffers may take together. */
export const sessionBytesMax = 512 * 1_024 * 1_024;
/** Highest rate of an open loop, messages a second. */
export const ratePerSecondMax = 1_000_000;

/** The options with the defaults filled in. Throws a RangeError that names the option and its bounds. */
export function loadOptions(given: Partial<LoadOptions> = {}): LoadOptions {
  const options: LoadOptions = { ...LOAD_DEFAULTS, ...given };
  for (const [name, [min, max]] of Object.entries(BOUNDS) as [keyof typeof BOUNDS, readonly [number, number]][]) {
    const value = options[name];
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new RangeError(`${name} must be a whole number from ${min} to ${max}, not ${value}`);
    }
  }
  if (options.sessions * options.messageBytes > sessionBytesMax) {
    throw new RangeError(`sessions × messageBytes must not exceed ${sessionBytesMax} bytes`);
  }
  const rate = options.ratePerSecond;
  if (rate !== null && !(rate > 0 && rate <= ratePerSecondMax)) {
    throw new RangeError(`ratePerSecond must be above 0 and at most ${ratePerSecondMax}, not ${rate}`);
  }
  if (!/^[A-Za-z0-9-]{1,16}$/.test(options.idPrefix)) {
    throw new RangeError("idPrefix must be 1 to 16 letters, digits or dashes");
  }
  for (const domain of [options.domain, options.toDomain ?? options.domain]) {
    if (!/^[A-Za-z0-9.-]{1,253}$/.test(domain)) throw new RangeError("domain must be a plain domain name");
  }
  if (options.password !== null && !/^[ -~]{1,200}$/.test(options.password)) {
    throw new RangeError("password must be 1 to 200 printable characters");
  }
  return options;
}

const FLAGS = {
  host: { type: "string" },
  port: { type: "string" },
  sessions: { type: "string" },
  bytes: { type: "string" },
  accounts: { type: "string" },
  domain: { type: "string" },
  "to-domain": { type: "string" },
  password: { type: "string" },
  pipelining: { type: "boolean" },
  reconnect: { type: "boolean" },
  rate: { type: "string" },
  count: { type: "string" },
  "duration-ms": { type: "string" },
  "warmup-ms": { type: "string" },
  "reply-ms": { type: "string" },
  "drain-ms": { type: "string" },
  "connect-failures": { type: "string" },
  "ack-file": { type: "string" },
  "id-prefix": { type: "string" },
  "progress-ms": { type: "string" },
} as const;

/** The command line of `main.ts` as options. Throws a TypeError or RangeError that names what is wrong. */
export function parseLoadArgs(args: readonly string[]): LoadOptions {
  const { values: flags } = parseArgs({ args: [...args], options: FLAGS, strict: true });
  const given: { -readonly [K in keyof LoadOptions]?: LoadOptions[K] } = {};
  if (flags.host !== undefined) given.host = flags.host;
  if (flags.domain !== undefined) given.domain = flags.domain;
  if (flags["to-domain"] !== undefined) given.toDomain = flags["to-domain"];
  if (flags.password !== undefined) given.password = flags.password;
  if (flags.pipelining !== undefined) given.pipelining = flags.pipelining;
  if (flags.reconnect !== undefined) given.reconnect = flags.reconnect;
  if (flags["ack-file"] !== undefined) given.ackFile = flags["ack-file"];
  if (flags["id-prefix"] !== undefined) given.idPrefix = flags["id-prefix"];
  const numbers: readonly [keyof typeof BOUNDS | "ratePerSecond", string | undefined][] = [
    ["port", flags.port],
    ["sessions", flags.sessions],
    ["messageBytes", flags.bytes],
    ["accounts", flags.accounts],
    ["ratePerSecond", flags.rate],
    ["countMax", flags.count],
    ["durationMsMax", flags["duration-ms"]],
    ["warmupMs", flags["warmup-ms"]],
    ["replyMsMax", flags["reply-ms"]],
    ["drainMsMax", flags["drain-ms"]],
    ["connectFailuresMax", flags["connect-failures"]],
    ["progressMs", flags["progress-ms"]],
  ];
  for (const [name, text] of numbers) if (text !== undefined) given[name] = text.trim() === "" ? NaN : Number(text);
  return loadOptions(given);
}

/** The same options as a command line: `parseLoadArgs(loadArgs(o))` gives `o` back. */
export function loadArgs(options: LoadOptions): string[] {
  const args = [
    ...["--host", options.host, "--port", `${options.port}`, "--sessions", `${options.sessions}`],
    ...["--bytes", `${options.messageBytes}`, "--accounts", `${options.accounts}`, "--domain", options.domain],
    ...["--count", `${options.countMax}`, "--duration-ms", `${options.durationMsMax}`],
    ...["--warmup-ms", `${options.warmupMs}`, "--reply-ms", `${options.replyMsMax}`],
    ...["--drain-ms", `${options.drainMsMax}`, "--connect-failures", `${options.connectFailuresMax}`],
    ...["--id-prefix", options.idPrefix, "--progress-ms", `${options.progressMs}`],
  ];
  if (options.toDomain !== null) args.push("--to-domain", options.toDomain);
  if (options.password !== null) args.push("--password", options.password);
  if (options.pipelining) args.push("--pipelining");
  if (options.reconnect) args.push("--reconnect");
  if (options.ratePerSecond !== null) args.push("--rate", `${options.ratePerSecond}`);
  if (options.ackFile !== null) args.push("--ack-file", options.ackFile);
  return args;
}
