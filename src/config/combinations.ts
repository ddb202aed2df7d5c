import type { ConfigProblem } from "./config_error.ts";
import type { ClusterConfig, ListenerConfig } from "./define_cluster.ts";

/** What cannot be true together, though each field alone is in order. */
export function impossibleCombinations(config: ClusterConfig): ConfigProblem[] {
  return [
    ...tlsFiles(config),
    ...workerCounts(config),
    ...listeners(config),
    ...issuers(config),
    ...routes(config),
    ...dane(config),
    ...lists(config),
    ...scanners(config),
    ...queue(config),
    ...greylisting(config),
    ...limits(config),
  ];
}

function* tlsFiles({ tls }: ClusterConfig): Iterable<ConfigProblem> {
  if ((tls.certFile === null) === (tls.keyFile === null)) return;
  yield tls.certFile === null
    ? { path: "tls.certFile", message: "tls.keyFile is set, so the certificate must be named too" }
    : { path: "tls.keyFile", message: "tls.certFile is set, so the key must be named too" };
}

function* workerCounts({ workers, shards }: ClusterConfig): Iterable<ConfigProblem> {
  if (typeof workers.mailbox === "number" && workers.mailbox > shards) {
    yield { path: "workers.mailbox", message: `more workers than the ${shards} shards they would own` };
  }
}

function* listeners({ listeners, workers, plaintextLogin }: ClusterConfig): Iterable<ConfigProblem> {
  for (const [i, listener] of listeners.entries()) {
    const twin = listeners.findIndex((other, j) => j < i && sameSocket(other, listener));
    if (twin >= 0) {
      yield { path: `listeners[${i}].port`, message: `port ${listener.port} is taken by listeners[${twin}]` };
    }
    if (listener.port === 0 && workers.listener !== 1) {
      yield {
        path: `listeners[${i}].port`,
        message: "port 0 needs workers.listener: 1, or each worker has another port",
      };
    }
    if (listener.service === "lmtp" && listener.port === 25) {
      yield { path: `listeners[${i}].port`, message: "LMTP must not be spoken on port 25 (RFC 2033 §5)" };
    }
    if (READING.has(listener.service) && listener.xclient.length > 0) {
      yield { path: `listeners[${i}].xclient`, message: "only SMTP and LMTP have XCLIENT" };
    }
    const logsIn = READING.has(listener.service) || listener.service === "submission";
    if (logsIn && listener.tls === "none" && plaintextLogin === "never") {
      yield { path: `listeners[${i}].tls`, message: 'nobody could log in: no TLS, and plaintextLogin is "never"' };
    }
  }
}

function* issuers({ oauth }: ClusterConfig): Iterable<ConfigProblem> {
  for (const [i, { issuer }] of oauth.issuers.entries()) {
    const twin = oauth.issuers.findIndex((other, j) => j < i && other.issuer === issuer);
    if (twin < 0) continue;
    yield { path: `oauth.issuers[${i}].issuer`, message: `this issuer is oauth.issuers[${twin}] already` };
  }
}

/** Services that hand mail out. */
const READING: ReadonlySet<string> = new Set(["pop3", "imap"]);
const EVERY_ADDRESS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

function sameSocket(a: ListenerConfig, b: ListenerConfig): boolean {
  if (a.port !== b.port || a.port === 0) return false;
  return a.host === b.host || EVERY_ADDRESS.has(a.host) || EVERY_ADDRESS.has(b.host);
}

function* routes({ outbound }: ClusterConfig): Iterable<ConfigProblem> {
  for (const [i, { domain, user, secret, tls }] of outbound.routes.entries()) {
    const path = `outbound.routes[${i}]`;
    if (outbound.routes.findIndex((other) => other.domain === domain) < i) {
      yield { path: `${path}.domain`, message: `${domain} has a route already` };
    }
    if ((user === null) !== (secret === null)) {
      yield { path: `${path}.${user === null ? "user" : "secret"}`, message: "a login needs user and secret" };
    }
    if (user !== null && (tls === "none" || tls === "opportunistic")) {
      yield { path: `${path}.tls`, message: 'a password is sent only under TLS: "required" or "implicit"' };
    }
  }
}

function* dane({ dns, outbound }: ClusterConfig): Iterable<ConfigProblem> {
  if (outbound.dane === true && !dns.trustAd) {
    yield { path: "outbound.dane", message: "without dns.trustAd no record is known to be genuine" };
  }
}

function* lists({ senders }: ClusterConfig): Iterable<ConfigProblem> {
  for (const [i, { zone }] of senders.lists.entries()) {
    const twin = senders.lists.findIndex((other, j) => j < i && other.zone === zone);
    if (twin >= 0) yield { path: `senders.lists[${i}].zone`, message: `this zone is senders.lists[${twin}] already` };
  }
  if (senders.lists.length > 0 && senders.lists.every(({ kind }) => kind === "allow")) {
    yield { path: "senders.lists", message: "allow lists alone change nothing: no block list refuses anybody" };
  }
}

function* scanners({ scanners: { clamav }, junk }: ClusterConfig): Iterable<ConfigProblem> {
  if (clamav?.onVirus === "junk" && !junk.file) {
    yield { path: "scanners.clamav.onVirus", message: "without junk.file viruses would lie in INBOX" };
  }
}

function* queue({ queue }: ClusterConfig): Iterable<ConfigProblem> {
  if (queue.warnAfterMs >= queue.lifetimeMs) {
    yield { path: "queue.warnAfterMs", message: "not before queue.lifetimeMs: nobody would ever be warned" };
  }
  for (const [i, { networks, accounts }] of queue.turns.entries()) {
    if (networks.length + accounts.length > 0) continue;
    yield { path: `queue.turns[${i}]`, message: "nobody could ask: networks or accounts are needed" };
  }
}

function* greylisting({ greylisting }: ClusterConfig): Iterable<ConfigProblem> {
  if (greylisting.delayMs >= greylisting.retryMsMax) {
    yield { path: "greylisting.delayMs", message: "not before greylisting.retryMsMax: nobody would ever be let in" };
  }
}

function* limits({ limits }: ClusterConfig): Iterable<ConfigProblem> {
  if (limits.connections.perAddressMax > limits.connections.max) {
    yield { path: "limits.connections.perAddressMax", message: `larger than limits.connections.max` };
  }
  if (limits.memory.bodyBytesMax < limits.smtp.messageBytesMax) {
    yield {
      path: "limits.memory.bodyBytesMax",
      message: "smaller than limits.smtp.messageBytesMax: the largest message could never be taken",
    };
  }
  if (limits.imap.saveMessagesMax > 0 && limits.imap.commandMessagesMax > 0) {
    yield {
      path: "limits.imap.saveMessagesMax",
      message: "limits.imap.commandMessagesMax is set, which holds for COPY and APPEND, too",
    };
  }
}
