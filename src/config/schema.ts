import * as z from "zod";
import type { ClusterConfig } from "./define_cluster.ts";

const WORKERS_MAX = 64;
const SHARDS_MAX = 1_000;
const LISTENERS_MAX = 64;
const NETWORKS_MAX = 1_000;
const ISSUERS_MAX = 16;
const HOUR_MS = 3_600_000;
const TIB = 2 ** 40;
const RATE_MAX = 10_000_000;

const HOSTNAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

const path = z.string().min(1).max(4_096).refine((text) => !text.includes("\0"), "must not contain NUL");
const count = (min: number, max: number, fallback: number) => z.int().min(min).max(max).default(fallback);
/** RFC 9738 §3: not below 1,000; and one APPEND takes no more: the announcements of 1,000 messages fit a command of 131,072 bytes. */
const messagesAtOnce = () => z.literal([0, 1_000], { error: "expected 0 or 1000" }).default(0);
const workers = (fallback: number | "cores") =>
  z.union([z.int().min(1).max(WORKERS_MAX), z.literal("cores")], {
    error: `expected a number of 1 to ${WORKERS_MAX}, or "cores"`,
  }).default(fallback);

const networks = (fallback: string[] = []) =>
  z.array(
    z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], { error: "expected a network, such as 192.0.2.0/24" }),
  ).max(NETWORKS_MAX).default(fallback);

const listener = z.strictObject({
  service: z.enum(["smtp", "submission", "pop3", "imap", "lmtp"]),
  host: z.string().min(1).max(255).regex(/^[0-9a-zA-Z.:%_-]+$/, "expected an address or a host name").default(
    "127.0.0.1",
  ),
  port: z.int().min(0).max(65_535),
  tls: z.enum(["none", "starttls", "implicit"]).default("starttls"),
  proxies: networks(),
  xclient: networks(),
});

const issuer = z.strictObject({
  issuer: z.string().min(1).max(1_024),
  audience: z.string().min(1).max(1_024),
  addressClaim: z.string().min(1).max(256).default("email"),
  jwksFile: path,
});

const limits = z.strictObject({
  smtp: z.strictObject({
    // RFC 5321 §4.5.3.1.7: 64 KiB at least. A message goes from worker to worker in one frame, of 128 MiB at most.
    messageBytesMax: count(65_536, 100 * 2 ** 20, 50 * 2 ** 20),
    recipientsMax: count(100, 100_000, 1_000), // RFC 5321 §4.5.3.1.8: 100 at least.
    errorsMax: count(1, 1_000, 20),
    holdSecondsMax: count(0, 366 * 86_400, 31 * 86_400),
    loginFailuresMax: count(1, 100, 3),
  }).prefault({}),
  pop3: z.strictObject({
    errorsMax: count(1, 1_000, 10),
    loginFailuresMax: count(1, 100, 3),
    loginDelaySeconds: count(0, 86_400, 0),
  }).prefault({}),
  imap: z.strictObject({
    errorsMax: count(1, 1_000, 20),
    loginFailuresMax: count(1, 100, 3),
    appendBytesMax: count(65_536, 100 * 2 ** 20, 50 * 2 ** 20),
    // RFC 9738 §3: not below 1,000.
    saveMessagesMax: messagesAtOnce(),
    commandMessagesMax: messagesAtOnce(),
  }).prefault({}),
  connections: z.strictObject({
    max: count(1, 100_000, 10_000),
    perAddressMax: count(1, 100_000, 50),
  }).prefault({}),
  exempt: networks(["127.0.0.0/8", "::1"]),
  rates: z.strictObject({
    connectionsPerMinute: count(0, RATE_MAX, 300),
    messagesPerMinute: count(0, RATE_MAX, 600),
    recipientsPerMinute: count(0, RATE_MAX, 6_000),
    errorsPerMinute: count(0, RATE_MAX, 300),
    networkFactor: count(0, 1_000, 8),
    accountMessagesPerHour: count(0, RATE_MAX, 2_000),
    accountRecipientsPerHour: count(0, RATE_MAX, 20_000),
  }).prefault({}),
  overload: z.strictObject({ lagMsMax: count(0, 60_000, 500) }).prefault({}),
  memory: z.strictObject({ bodyBytesMax: count(2 ** 20, 2 ** 36, 256 * 2 ** 20) }).prefault({}),
  login: z.strictObject({
    checksMax: count(1, 32, 2),
    waitingMax: count(1, 10_000, 256),
    bansAfter: count(0, 10_000, 30),
    bansWithinMinutes: count(1, 1_440, 10),
    banMinutes: count(1, 525_600, 60),
  }).prefault({}),
});

const timeouts = z.strictObject({
  smtpGreetDelayMs: count(0, 60_000, 0),
  smtpCommandMsMax: count(1_000, HOUR_MS, 300_000),
  smtpDataMsMax: count(1_000, HOUR_MS, 180_000),
  smtpDataBytesPerSecondMin: count(0, 1_000_000, 100),
  pop3IdleMsMax: count(1_000, 24 * HOUR_MS, 600_000),
  pop3LoginMsMax: count(1_000, HOUR_MS, 60_000),
  imapIdleMsMax: count(1_000, 24 * HOUR_MS, 1_800_000), // RFC 9051 §5.4: 30 minutes at least.
  imapLoginMsMax: count(1_000, HOUR_MS, 60_000),
  drainMsMax: count(0, HOUR_MS, 10_000),
});

/** A domain in A-labels, `.domain`, or `*`. */
const ROUTE_DOMAIN = /^(?:\*|\.?[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9])?)$/;
const HOST = /^[0-9a-zA-Z.:_-]+$/;

const secret = z.string().max(4_096).regex(/^(?:file|env):./, "expected file:PATH or env:NAME").nullable().default(
  null,
);

const route = z.strictObject({
  domain: z.string().regex(ROUTE_DOMAIN, "expected a lower-case domain name, .domain or *"),
  host: z.string().min(1).max(255).regex(HOST, "expected a host name or an address"),
  port: z.int().min(1).max(65_535).default(25),
  tls: z.enum(["none", "opportunistic", "required", "implicit"]).default("opportunistic"),
  user: z.string().min(1).max(255).nullable().default(null),
  secret,
});

const DAY_MS = 24 * HOUR_MS;

const dns = z.strictObject({
  servers: z.array(z.string().max(64).regex(/^[0-9a-fA-F.:[\]]+$/, "expected an address, or address:port")).max(8)
    .default([]),
  trustAd: z.boolean().default(false),
});

const SEALERS_MAX = 1_000;

const LISTS_MAX = 32;
/** A zone with the 64 characters of an IPv6 address before it is a name of 253 at most. */
const ZONE = /^(?=.{1,189}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?)*$/;
/** 127.255.255.0/24 is how operators of lists tell errors. */
const CODE = /^127\.(?!255\.255\.)/;

const dnsList = z.strictObject({
  zone: z.string().regex(ZONE, "expected a lower-case domain name of at most 189 characters"),
  kind: z.enum(["block", "allow"]),
  codes: z.array(z.ipv4().regex(CODE, "expected an address of 127.0.0.0/8 outside 127.255.255.0/24")).max(256).default(
    [],
  ),
  name: z.string().regex(/^[!-~](?:[ -~]{0,98}[!-~])?$/, "expected at most 100 printable ASCII characters").nullable()
    .default(null),
});

const senders = z.strictObject({
  authentication: z.enum(["off", "report", "enforce"]).default("enforce"),
  exempt: networks(["127.0.0.0/8", "::1"]),
  trustedSealers: z.array(z.string().min(1).max(253).regex(/^[a-z0-9_.-]+$/, "expected a lower-case domain name"))
    .max(SEALERS_MAX).default([]),
  lists: z.array(dnsList).max(LISTS_MAX).default([]),
});

const SCORE_MAX = 1_000_000;

/** Longest path of a Unix socket, in bytes. */
const SOCKET_PATH = /^\/[!-~]{1,106}$/;

const scanner = (port: number) => ({
  host: z.string().min(1).max(255).regex(HOST, "expected a host name or an address").default("127.0.0.1"),
  port: z.int().min(1).max(65_535).default(port),
  socket: z.string().regex(SOCKET_PATH, "expected an absolute path of at most 107 characters").nullable().default(null),
  bytesMax: count(1, 100 * 2 ** 20, 25 * 2 ** 20),
  onLarge: z.enum(["accept", "refuse"]).default("accept"),
  timeMsMax: count(100, 300_000, 20_000),
});
const DIRECTION = ["incoming", "outgoing", "both"] as const;
const ON_FAILURE = ["accept", "defer"] as const;

const rspamd = z.strictObject({
  ...scanner(11_333),
  scan: z.enum(DIRECTION).default("incoming"),
  onFailure: z.enum(ON_FAILURE).default("accept"),
  password: secret,
  rejectScore: z.number().min(-SCORE_MAX).max(SCORE_MAX).nullable().default(null),
  junkScore: z.number().min(-SCORE_MAX).max(SCORE_MAX).nullable().default(null),
});

const clamav = z.strictObject({
  ...scanner(3_310),
  scan: z.enum(DIRECTION).default("both"),
  onFailure: z.enum(ON_FAILURE).default("defer"),
  onVirus: z.enum(["refuse", "junk"]).default("refuse"),
});

const scanners = z.strictObject({
  rspamd: rspamd.nullable().default(null),
  clamav: clamav.nullable().default(null),
  exempt: networks(),
  scansMax: count(1, 1_000, 10),
});

/** `Name: value`, where the value is more than the star of a beginning. */
const HEADER_RULE = /^[!-9;-~]{1,76}:[ \t]*(?!\*$)[!-~][ -~]{0,198}$/;

const junk = z.strictObject({
  file: z.boolean().default(true),
  headers: z.array(z.string().regex(HEADER_RULE, "expected Name: value")).max(32).default(["X-Spam-Flag: YES"]),
});

const mailbox = z.string().max(254).regex(
  /^[a-z0-9](?:[a-z0-9._+-]{0,62}[a-z0-9])?@[a-z0-9][a-z0-9.-]*[a-z0-9]$/,
  "expected a lower-case address, such as tls-reports@example.org",
);

const tlsReports = z.strictObject({
  from: mailbox,
  organization: z.string().regex(/^[!-~](?:[ -~]{0,98}[!-~])?$/, "expected at most 100 printable ASCII characters")
    .nullable().default(null),
  contact: mailbox.nullable().default(null),
});

const outbound = z.strictObject({
  port: z.int().min(1).max(65_535).default(25),
  routes: z.array(route).max(10_000).default([]),
  privateHosts: z.boolean().default(false),
  sourceAddress: z.string().max(64).regex(HOST, "expected an address").nullable().default(null),
  mtaSts: z.boolean().default(true),
  dane: z.boolean().nullable().default(null),
  tlsReports: tlsReports.nullable().default(null),
  attemptsMax: count(1, 10_000, 100),
  perDestinationMax: count(1, 1_000, 20),
});

const TURNS_MAX = 1_000;

const turn = z.strictObject({
  networks: networks(),
  accounts: z.array(z.string().min(3).max(254).regex(/^[!-~]+@[a-z0-9.-]+$/, "expected an account's address")).max(
    1_000,
  )
    .default([]),
  domains: z.array(z.string().regex(ROUTE_DOMAIN, "expected a lower-case domain name, .domain or *")).min(1).max(1_000),
});

const queue = z.strictObject({
  retryMs: z.array(z.int().min(100).max(DAY_MS)).min(1).max(100).default([
    300_000,
    600_000,
    1_200_000,
    2_400_000,
    HOUR_MS,
  ]),
  lifetimeMs: count(1_000, 30 * DAY_MS, 5 * DAY_MS),
  warnAfterMs: count(0, 30 * DAY_MS, 4 * HOUR_MS),
  turns: z.array(turn).max(TURNS_MAX).default([]),
});

/** The listeners of a config that names none: the usual ports, moved to where no root is needed. */
const DEFAULT_LISTENERS: z.input<typeof listener>[] = [
  { service: "smtp", port: 2525, tls: "starttls" },
  { service: "submission", port: 2587, tls: "starttls" },
  { service: "submission", port: 2465, tls: "implicit" },
  { service: "pop3", port: 2110, tls: "starttls" },
  { service: "pop3", port: 2995, tls: "implicit" },
  { service: "imap", port: 2143, tls: "starttls" },
  { service: "imap", port: 2993, tls: "implicit" },
];

/** The shape of a config: kinds, ranges and defaults. What fields mean together is checked in `combinations.ts`. */
export const CLUSTER_SCHEMA = z.strictObject({
  hostname: z.string().regex(HOSTNAME, "expected a lower-case domain name, such as mail.example.org"),
  dataDir: path.default("data"),
  node: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "expected a-z, 0-9 and -, at most 32").default("local"),
  shards: count(1, SHARDS_MAX, 16),
  workers: z.strictObject({
    listener: workers("cores"),
    mailbox: workers("cores"),
    delivery: workers(1),
  }).prefault({}),
  listeners: z.array(listener).min(1).max(LISTENERS_MAX).prefault(DEFAULT_LISTENERS),
  tls: z.strictObject({
    certFile: path.nullable().default(null),
    keyFile: path.nullable().default(null),
    clientCaFile: path.nullable().default(null),
  }).prefault({}),
  plaintextLogin: z.enum(["loopback", "never", "always"]).default("loopback"),
  oauth: z.strictObject({ issuers: z.array(issuer).max(ISSUERS_MAX).default([]) }).prefault({}),
  submission: z.strictObject({ hideClient: z.boolean().default(false) }).prefault({}),
  limits: limits.prefault({}),
  greylisting: z.strictObject({
    enabled: z.boolean().default(false),
    delayMs: count(0, DAY_MS, 300_000),
    retryMsMax: count(60_000, 30 * DAY_MS, 2 * DAY_MS),
    keepMs: count(60_000, 365 * DAY_MS, 35 * DAY_MS),
  }).prefault({}),
  timeouts: timeouts.prefault({}),
  senders: senders.prefault({}),
  scanners: scanners.prefault({}),
  junk: junk.prefault({}),
  dkim: z.strictObject({ whenUnavailable: z.enum(["defer", "send"]).default("defer") }).prefault({}),
  dns: dns.prefault({}),
  outbound: outbound.prefault({}),
  queue: queue.prefault({}),
  storage: z.strictObject({
    minFreeBytes: count(0, TIB, 256 * 2 ** 20),
    flush: z.enum(["always", "optimized"]).default("always"),
  }).prefault({}),
  log: z.strictObject({ level: z.enum(["debug", "info", "warn", "error"]).default("info") }).prefault({}),
  debug: z.strictObject({ faultInjection: z.boolean().default(false) }).prefault({}),
}) satisfies z.ZodType<ClusterConfig>;
