import { isIPv4, isIPv6 } from "node:net";
import { availableParallelism } from "node:os";
import { assert } from "../base/mod.ts";
import type { ClusterConfig } from "../config/mod.ts";
import { type DomainName, parseDomain } from "../mail/mod.ts";
import type { GreylistPolicy } from "../policy/mod.ts";
import type { SmtpLimits } from "../protocol/smtp/mod.ts";
import type { WorkerSpec } from "../runtime/mod.ts";
import { DELIVERY_LIMITS, DELIVERY_TIMEOUTS, type DeliveryRoute, type DeliveryWorkerConfig } from "./delivery/mod.ts";
import type { DirectoryWorkerConfig } from "./directory/worker.ts";
import type { TokenIssuer } from "./directory/tokens.ts";
import type { TlsMaterial } from "./listener/listener.ts";
import type { ListenerWorkerConfig } from "./listener/worker.ts";
import type { MailboxWorkerConfig } from "./mailbox/worker.ts";
import { contentOf, scannerSockets, scannersOf } from "./scanner_settings.ts";
import { POLICY_DEFAULTS, type PolicyWorkerConfig } from "./policy/mod.ts";
import type { QueueWorkerConfig } from "./queue/worker.ts";
import { type Placement, shardsOfWorker } from "./mailbox_refs.ts";

const MINUTE_MS = 60_000;

/** Triplets that are remembered, waiting and let in: 30 MB of memory each. */
const GREYLIST_ENTRIES_MAX = 200_000;

/** Seconds of data that a slow client may take to find its pace, in ms. */
const SLOW_GRACE_MS = 30_000;

/** Five failures within a minute are a fault that starting again does not mend: the process ends and says so. */
const RESTART = { intensityMax: 5, periodMs: 60_000, backoffMs: [100, 2_000] } as const;

/** Transactions that a destination is given before it is known how it bears them. */
const DESTINATION_FIRST = 5;

/** Where the worker entry points are, seen from this file. */
const WORKERS = new URL("../../workers/", import.meta.url);

/** What the tree is built from: the config and what only the main thread can read. */
export interface TreeInput {
  readonly config: ClusterConfig;
  readonly tls: TlsMaterial;
  /** Name servers to ask. */
  readonly nameServers: readonly string[];
  /** Addresses of this machine at which the server takes mail for others to send. */
  readonly ownAddresses: readonly string[];
  /** Key of the addresses under which mail is forwarded. */
  readonly srsKey: Uint8Array;
  /** Key of the reverse-paths and tokens of lists. */
  readonly listKey: Uint8Array;
  /** The routes of the config, their secrets read. */
  readonly routes: readonly DeliveryRoute[];
  /** The password that the config names for rspamd; null: none. */
  readonly rspamdPassword: string | null;
  /** Whose tokens let people in, with their keys. */
  readonly issuers: readonly TokenIssuer[];
}

function count(workers: number | "cores"): number {
  return workers === "cores" ? Math.max(1, availableParallelism()) : workers;
}

/** How many workers hold the shards, and how many shards there are. */
export function placementOf(config: ClusterConfig): Placement {
  return { shardCount: config.shards, mailboxWorkers: Math.min(config.shards, count(config.workers.mailbox)) };
}

/**
 * The running system as one table, in start order: who runs where, with which rights, and how it is started again. Each is
 * started again alone (one-for-one): refs are addresses, so the others find it where it was.
 */
export function clusterTree(input: TreeInput): WorkerSpec[] {
  const { config } = input;
  const placement = placementOf(config);
  return [
    directorySpec(input),
    ...Array.from({ length: placement.mailboxWorkers }, (_, i) => mailboxSpec(i, config, placement)),
    ...Array.from({ length: count(config.workers.delivery) }, (_, i) => deliverySpec(i, input)),
    queueSpec(input, placement),
    policySpec(input),
    ...Array.from({ length: count(config.workers.listener) }, (_, i) => listenerSpec(i, input, placement)),
  ];
}

/** No file access and no native code where bytes of strangers are read; msgpackr looks up one variable. */
const STRANGERS = {
  net: true,
  read: false,
  write: false,
  ffi: false,
  env: ["MSGPACKR_NATIVE_ACCELERATION_DISABLED"],
} as const satisfies WorkerSpec["permissions"];

function storagePermissions(dir: string) {
  // Native code (lmdb, argon2, crc32) needs ffi and its own files; LMDB opens by path, so the directory above is read too.
  return { net: false, read: true, write: [dir], ffi: true, env: true, sys: true, run: false } as const;
}

/** Whom failed logins lead to a ban. */
function banPolicy({ limits: { login, exempt } }: ClusterConfig): DirectoryWorkerConfig["bans"] {
  const { bansAfter: strikesMax, bansWithinMinutes, banMinutes } = login;
  return { strikesMax, windowMs: bansWithinMinutes * MINUTE_MS, banMs: banMinutes * MINUTE_MS, exempt };
}

function greylistPolicy({ greylisting }: ClusterConfig): GreylistPolicy | null {
  const { enabled, delayMs, retryMsMax, keepMs } = greylisting;
  return enabled ? { delayMs, retryMsMax, keepMs, entriesMax: GREYLIST_ENTRIES_MAX } : null;
}

function directorySpec({ config, issuers }: TreeInput): WorkerSpec {
  return {
    name: "directory",
    url: new URL("directory.ts", WORKERS),
    permissions: storagePermissions(config.dataDir),
    restart: RESTART,
    strategy: "one-for-one",
    config: {
      dataDir: config.dataDir,
      login: { checksMax: config.limits.login.checksMax, waitingMax: config.limits.login.waitingMax },
      issuers,
      bans: banPolicy(config),
      greylist: greylistPolicy(config),
      stsPolicies: config.outbound.mtaSts,
      tlsCounts: config.outbound.tlsReports !== null,
      faultInjection: config.debug.faultInjection,
    } satisfies DirectoryWorkerConfig,
  };
}

function mailboxSpec(index: number, config: ClusterConfig, placement: Placement): WorkerSpec {
  return {
    name: `mailbox-${index}`,
    url: new URL("mailbox.ts", WORKERS),
    permissions: storagePermissions(config.dataDir),
    restart: RESTART,
    strategy: "one-for-one",
    config: {
      dataDir: config.dataDir,
      placement,
      shards: shardsOfWorker(index, placement),
      minFreeBytes: config.storage.minFreeBytes,
      flush: config.storage.flush,
      faultInjection: config.debug.faultInjection,
    } satisfies MailboxWorkerConfig,
  };
}

function deliverySpec(index: number, { config, nameServers, ownAddresses, routes }: TreeInput): WorkerSpec {
  const { outbound, dns } = config;
  const source = outbound.sourceAddress;
  return {
    name: `delivery-${index}`,
    url: new URL("delivery.ts", WORKERS),
    permissions: STRANGERS,
    restart: RESTART,
    strategy: "one-for-one",
    config: {
      settings: {
        heloName: config.hostname,
        port: outbound.port,
        source: {
          ipv4: source !== null && isIPv4(source) ? source : null,
          ipv6: source !== null && isIPv6(source) ? source : null,
        },
        routes,
        timeouts: DELIVERY_TIMEOUTS,
        limits: { ...DELIVERY_LIMITS, perDestinationMax: outbound.perDestinationMax },
        ca: null,
      },
      names: {
        servers: nameServers,
        trustAd: dns.trustAd,
        ownNames: [config.hostname],
        ownAddresses,
        privateHosts: outbound.privateHosts,
      },
      policies: { mtaSts: outbound.mtaSts, dane: outbound.dane ?? dns.trustAd, kept: outbound.mtaSts },
      tlsReports: outbound.tlsReports,
      drainMsMax: config.timeouts.drainMsMax,
      faultInjection: config.debug.faultInjection,
    } satisfies DeliveryWorkerConfig,
  };
}

function queueSpec({ config, srsKey, listKey }: TreeInput, placement: Placement): WorkerSpec {
  const { attemptsMax, perDestinationMax } = config.outbound;
  const { retryMs: pausesMs, lifetimeMs, warnAfterMs } = config.queue;
  return {
    name: "queue",
    url: new URL("queue.ts", WORKERS),
    permissions: storagePermissions(config.dataDir),
    restart: RESTART,
    strategy: "one-for-one",
    config: {
      dataDir: config.dataDir,
      hostname: config.hostname,
      srsKey,
      placement,
      deliveryWorkers: count(config.workers.delivery),
      listKey,
      policy: { pausesMs, lifetimeMs, warnAfterMs },
      tlsReports: config.outbound.tlsReports,
      dispatch: {
        attemptsMax,
        perDestination: {
          first: Math.min(DESTINATION_FIRST, perDestinationMax),
          max: perDestinationMax,
          ahead: 2 * perDestinationMax,
        },
      },
      minFreeBytes: config.storage.minFreeBytes,
      drainMsMax: config.timeouts.drainMsMax,
      faultInjection: config.debug.faultInjection,
    } satisfies QueueWorkerConfig,
  };
}

function policySpec({ config, nameServers, listKey, rspamdPassword }: TreeInput): WorkerSpec {
  const sockets = scannerSockets(config);
  return {
    name: "policy",
    url: new URL("policy.ts", WORKERS),
    // Deno lets a worker connect to a Unix socket only if it may read and write there.
    permissions: sockets.length === 0 ? STRANGERS : { ...STRANGERS, read: sockets, write: sockets },
    restart: RESTART,
    strategy: "one-for-one",
    config: {
      settings: {
        ...POLICY_DEFAULTS,
        authservId: config.hostname,
        trustedSealers: config.senders.trustedSealers,
        lists: config.senders.lists.map((list) => ({ ...list, name: list.name ?? list.zone })),
        scanners: scannersOf(config, rspamdPassword),
      },
      dns: { servers: nameServers, trustAd: config.dns.trustAd },
      listKey,
      faultInjection: config.debug.faultInjection,
    } satisfies PolicyWorkerConfig,
  };
}

/** Whose postmaster a bare `RCPT TO:<postmaster>` reaches. */
function hostDomain(config: ClusterConfig): DomainName {
  const domain = parseDomain(config.hostname);
  assert(domain !== null, "the config has a valid host name");
  return domain;
}

function smtpLimits(config: ClusterConfig): Partial<SmtpLimits> {
  const { messageBytesMax, recipientsMax, errorsMax, loginFailuresMax, holdSecondsMax } = config.limits.smtp;
  const messageSkipBytesMax = messageBytesMax;
  return { messageBytesMax, recipientsMax, errorsMax, loginFailuresMax, holdSecondsMax, messageSkipBytesMax };
}

function listenerSpec(index: number, { config, tls, srsKey }: TreeInput, placement: Placement): WorkerSpec {
  return {
    name: `listener-${index}`,
    url: new URL("listener.ts", WORKERS),
    permissions: STRANGERS,
    restart: RESTART,
    strategy: "one-for-one",
    config: {
      hostname: config.hostname,
      placement,
      srsKey,
      withoutSignature: config.dkim.whenUnavailable,
      bodyBytesMax: config.limits.memory.bodyBytesMax,
      admission: { exempt: config.limits.exempt, rates: config.limits.rates },
      lagMsMax: config.limits.overload.lagMsMax,
      greylisting: config.greylisting.enabled,
      lists: config.senders.lists.length > 0,
      content: contentOf(config),
      drainMsMax: config.timeouts.drainMsMax,
      faultInjection: config.debug.faultInjection,
      ports: {
        ports: config.listeners,
        tls,
        connections: config.limits.connections,
        plaintextLogin: config.plaintextLogin,
        bearer: config.oauth.issuers.length > 0,
        submission: config.submission,
        exempt: config.senders.exempt,
        turns: config.queue.turns,
        smtp: {
          senders: config.senders.authentication,
          session: {
            hostname: config.hostname,
            postmasterDomain: hostDomain(config),
            greetDelayMs: config.timeouts.smtpGreetDelayMs,
            limits: smtpLimits(config),
          },
          timeouts: {
            commandMsMax: config.timeouts.smtpCommandMsMax,
            dataMsMax: config.timeouts.smtpDataMsMax,
            dataBytesPerSecondMin: config.timeouts.smtpDataBytesPerSecondMin,
            slowGraceMs: SLOW_GRACE_MS,
          },
        },
        pop3: {
          session: {
            hostname: config.hostname,
            plaintextLogin: false,
            limits: { errorsMax: config.limits.pop3.errorsMax, loginFailuresMax: config.limits.pop3.loginFailuresMax },
            loginDelaySeconds: config.limits.pop3.loginDelaySeconds,
            implementation: "Stagepost",
          },
          idleMsMax: config.timeouts.pop3IdleMsMax,
          loginMsMax: config.timeouts.pop3LoginMsMax,
        },
        imap: {
          session: {
            hostname: config.hostname,
            plaintextLogin: false,
            limits: config.limits.imap,
            compress: true,
            implementation: "Stagepost",
          },
          idleMsMax: config.timeouts.imapIdleMsMax,
          loginMsMax: config.timeouts.imapLoginMsMax,
        },
      },
    } satisfies ListenerWorkerConfig,
  };
}
