import { isIPv4, isIPv6 } from "node:net";
import { asFailure, describeError, type DnsAnswer, type Log, type Resolver } from "../../base/mod.ts";
import { parseDomain } from "../../mail/mod.ts";
import {
  decideRoute,
  decideTransport,
  type TransportAllowed,
  type TransportDecision,
  type TransportFacts,
  type WayToHost,
} from "../../policy/mod.ts";
import { type ClientOutcome, ours } from "../../protocol/smtp/client/mod.ts";
import type { Credentials } from "../../protocol/sasl/mod.ts";
import { appliedPolicy, type TargetReport, type TargetSecurity } from "./security.ts";
import { type DeliveryRoute, type DeliverySettings, routeFor } from "./settings.ts";
import type { MtaStsFound, TransportPolicies } from "./transport_policies.ts";

/** Which hosts take mail for a domain, best first, or why it goes nowhere. */
export type HostsAnswer =
  | {
    readonly type: "hosts";
    readonly hosts: readonly { readonly name: string }[];
    /** The way from the domain to these names was validated (RFC 8689 §4.2.1). */
    readonly secure: boolean;
    /** What the domain is an alias of. */
    readonly alias?: string | null;
  }
  | { readonly type: "failed"; readonly status: string; readonly text: string };

/** What is known of names: the DNS, and what follows from its answers. */
export interface DeliveryNames {
  readonly resolver: Pick<Resolver, "a" | "aaaa">;
  /** Rejects with a temporary Failure when the DNS fails. */
  hostsFor(domain: string): Promise<HostsAnswer>;
  /** Whether an address that the DNS named must not be connected to: ours, loopback, private … */
  isForbidden(address: string): boolean;
}

/** One address to try. */
export interface Target {
  /** The host's name, or its address where there is no name. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly tls: "never" | "opportunistic" | "required" | "implicit";
  readonly security: TargetSecurity;
  readonly ca: string | null;
  readonly login: Credentials | null;
}

/** The next address, or a host (or all of them) that has none. */
export type Found =
  | { readonly type: "target"; readonly target: Target }
  /** `fault`: others to this destination would fare the same. */
  | { readonly type: "problem"; readonly problem: ClientOutcome; readonly fault: "destination" | "mail" }
  /** A host that may not be used, to be counted in the reports of its domain. */
  | { readonly type: "refused"; readonly report: TargetReport; readonly host: string; readonly reason: string };

/** What decides where an attempt may go. */
export interface TargetsContext {
  readonly settings: DeliverySettings;
  readonly names: DeliveryNames;
  readonly log: Log;
  /** Null: neither MTA-STS nor DANE is looked at. */
  readonly policies: TransportPolicies | null;
  /** Only hosts that are known for sure, under TLS with a valid certificate (RFC 8689 §4.2.1). */
  readonly requireTls: boolean;
}

/** The port of SMTP. */
const SMTP_PORT = 25;

/** The addresses of a destination, best first; each is looked up when its turn comes (RFC 5321 §5.1). */
export async function* targetsOf(destination: string, context: TargetsContext): AsyncGenerator<Found> {
  const route = routeFor(destination, context.settings.routes);
  const literal = literalAddress(route?.host ?? destination);
  if (literal !== null) {
    if (route === null && context.names.isForbidden(literal)) {
      return yield problem("failed", "5.4.4", `mail must not be sent to ${destination}`);
    }
    const template = route === null ? ofWorld(literal, context) : ofRoute(route, literal, context);
    return yield { type: "target", target: { ...template, name: literal, address: literal } };
  }
  const tried = new Set<string>();
  const fresh = (address: string) => !tried.has(address) && tried.add(address);
  if (route === null) yield* hostsOfDomain(destination, context, fresh);
  else yield* hostsOfRoute(route, context, fresh);
}

async function* hostsOfRoute(
  route: DeliveryRoute,
  context: TargetsContext,
  fresh: (address: string) => unknown,
): AsyncGenerator<Found> {
  // The operator vouches for the host that he names, nobody for those that the DNS puts in its place.
  const itself: Hosts = { hosts: [{ name: route.host }], secure: true };
  const { hosts, secure, alias = null } = route.lookupMx !== true ? itself : yield* hostsOf(route.host, context);
  if (context.requireTls && !secure && hosts.length > 0) {
    const text = `TLS is required, and the hosts of ${route.host} are not known for sure`;
    return yield problem("failed", "5.7.10", text, "mail");
  }
  for (const { name } of hosts.slice(0, context.settings.limits.hostsMax)) {
    const { addresses, ...how } = yield* addressesOf(name, { ...context, trusted: true });
    if (addresses.length === 0) continue;
    const way = { destination: route.host, destinationAlias: alias, host: name, mxSecure: secure, ...how };
    const decision = await byRecords(route, way, context);
    if (decision?.mayUseHost === false) {
      yield problem(decision.action, decision.status, decision.why);
      continue;
    }
    const template = ofRoute(route, name, context);
    const stricter = decision === null ? {} : { tls: modeOf(decision), security: { decision, report: null } };
    for (const address of addresses.filter(fresh)) {
      yield { type: "target", target: { ...template, ...stricter, name, address } };
    }
  }
}

/**
 * What TLSA records say of a route's host (RFC 7672 §2.2: a next hop by name is as good as one by MX); null: nothing. Where the
 * operator has said what TLS there is to be, and how it is checked, his word stands.
 */
async function byRecords(
  route: DeliveryRoute,
  way: WayToHost & Pick<TransportFacts, "destination" | "destinationAlias">,
  { policies, requireTls }: TargetsContext,
): Promise<TransportDecision | null> {
  if (policies === null || route.tls !== "opportunistic") return null;
  const { finding, base } = await policies.dane(way, route.port ?? SMTP_PORT);
  if (finding.type === "none" || (finding.type === "unusable" && requireTls)) return null;
  const byMx = way.host !== way.destination;
  return decideTransport({ ...way, byMx, dane: finding, tlsaBase: base, mtaSts: null, requireTls });
}

/** Every host under what the domain's policies say of it; they are looked up while the hosts are. */
async function* hostsOfDomain(
  destination: string,
  context: TargetsContext,
  fresh: (address: string) => unknown,
): AsyncGenerator<Found> {
  const domain = parseDomain(destination);
  const asking = context.policies !== null && domain !== null ? context.policies.mtaSts(domain) : NO_POLICY;
  const { hosts, secure, alias = null } = yield* hostsOf(destination, context);
  const mtaSts = await asking;
  for (const { name } of hosts.slice(0, context.settings.limits.hostsMax)) {
    const { addresses, ...how } = yield* addressesOf(name, { ...context, trusted: false });
    if (addresses.length === 0) continue;
    const way = { destination, destinationAlias: alias, host: name, mxSecure: secure, ...how };
    const found = await securityOf(way, mtaSts, context);
    if (found.type !== "open") {
      yield* found.says;
      continue;
    }
    for (const address of addresses.filter(fresh)) {
      yield { type: "target", target: { ...ofDecision(found.security, context), name, address } };
    }
  }
}

const NO_POLICY: MtaStsFound = { policy: null, trouble: null };

/** How one host may be used, or what is to be said of its not being used. */
async function securityOf(
  way: WayToHost & Pick<TransportFacts, "destination" | "destinationAlias">,
  { policy: mtaSts, trouble }: MtaStsFound,
  { policies, settings, requireTls }: TargetsContext,
): Promise<{ type: "open"; security: TargetSecurity } | { type: "closed"; says: readonly Found[] }> {
  const { destination, host } = way;
  const dane = policies === null ? { finding: NO_DANE, base: host } : await policies.dane(way, settings.port);
  const facts: TransportFacts = {
    ...way,
    byMx: host !== destination,
    dane: dane.finding,
    tlsaBase: dane.base,
    mtaSts,
    requireTls,
  };
  const decision = decideTransport(facts);
  const domain = policies === null ? null : parseDomain(destination);
  const reportOf = (remark: TargetReport["remark"]) =>
    domain === null ? null : { domain, policy: appliedPolicy(decision, facts), remark };
  if (decision.mayUseHost) {
    return { type: "open", security: { decision, report: reportOf(decision.remark ?? trouble) } };
  }
  const { action, status, result, why } = decision;
  const report = reportOf(result);
  return {
    type: "closed",
    says: [
      ...(report === null ? [] : [{ type: "refused", report, host, reason: why } as const]),
      // What the mail asks for is its own affair, what the domain says is the same for all to it.
      problem(action, status, why, action === "failed" ? "mail" : "destination"),
    ],
  };
}

const NO_DANE = { type: "none" } as const;

interface Hosts {
  readonly hosts: readonly { readonly name: string }[];
  readonly secure: boolean;
  readonly alias?: string | null;
}

async function* hostsOf(domain: string, { names }: TargetsContext): AsyncGenerator<Found, Hosts> {
  const nowhere: Hosts = { hosts: [], secure: false };
  try {
    const answer = await names.hostsFor(domain);
    if (answer.type === "hosts") return answer;
    yield problem(answer.status.startsWith("5") ? "failed" : "deferred", answer.status, answer.text);
    return nowhere;
  } catch (error) {
    yield dnsProblem(domain, error);
    return nowhere;
  }
}

interface Addresses {
  readonly addresses: readonly string[];
  /** They were validated. */
  readonly addressesSecure: boolean;
  /** The name that has them, where the host's is an alias of it. */
  readonly alias: string | null;
}

/** The addresses of a host, both families in turn: where one of them has no way out, the other is not far. */
async function* addressesOf(
  name: string,
  { names, log, trusted }: TargetsContext & { readonly trusted: boolean },
): AsyncGenerator<Found, Addresses> {
  const answers = await Promise.allSettled([names.resolver.a(name), names.resolver.aaaa(name)]);
  const all = inTurn(recordsOf(answers[0]), recordsOf(answers[1]));
  const addresses = all.filter((address) => trusted || !names.isForbidden(address));
  // Of those that came: whoever can silence one family must not make the other look as if it were not validated.
  const addressesSecure = answers.every((answer) => recordsOf(answer).length === 0 || isSecure(answer));
  const alias = answers.map(aliasOf).find((found) => found !== null) ?? null;
  if (addresses.length > 0) return { addresses, addressesSecure, alias };
  const broken = answers.find((answer) => answer.status === "rejected");
  if (broken !== undefined) {
    log.debug("no address", { host: name, error: describeError(broken.reason) });
    yield dnsProblem(name, broken.reason);
  } else if (all.length === 0) yield problem("failed", "5.4.4", `the host ${name} has no address`);
  else yield problem("failed", "5.4.4", `the host ${name} has no address that mail may be sent to`);
  return { addresses: [], addressesSecure, alias };
}

function recordsOf(answer: PromiseSettledResult<DnsAnswer<string>>): readonly string[] {
  return answer.status === "fulfilled" && answer.value.type === "found" ? answer.value.records : [];
}

function aliasOf(answer: PromiseSettledResult<DnsAnswer<string>>): string | null {
  return answer.status === "fulfilled" && answer.value.type === "found" ? answer.value.alias ?? null : null;
}

function isSecure(answer: PromiseSettledResult<DnsAnswer<string>>): boolean {
  return answer.status === "fulfilled" && answer.value.secure;
}

function inTurn(first: readonly string[], second: readonly string[]): string[] {
  const longest = Math.max(first.length, second.length);
  return Array.from({ length: longest }, (_, i) => [first[i], second[i]]).flat().filter((each) => each !== undefined);
}

type Template = Omit<Target, "name" | "address">;

/** To an address that the mail itself names: nobody publishes a policy for it. */
function ofWorld(address: string, context: TargetsContext): Template {
  const tls = "opportunistic"; // RFC 7435: a certificate that proves nothing still keeps listeners out.
  const decision = decideRoute({ tls, verify: false, host: address, requireTls: context.requireTls });
  return ofDecision({ decision, report: null }, context);
}

function ofDecision(security: TargetSecurity, { settings }: TargetsContext): Template {
  const tls = modeOf(security.decision);
  return { port: settings.port, tls, security, ca: settings.ca, login: null };
}

function modeOf({ level }: TransportAllowed): Target["tls"] {
  return level === "none" ? "never" : level === "opportunistic" ? level : "required";
}

function ofRoute(route: DeliveryRoute, host: string, { settings, requireTls }: TargetsContext): Template {
  const { tls, user, secret } = route;
  const decision = decideRoute({ tls, verify: route.verify !== false, host, requireTls });
  return {
    port: route.port ?? SMTP_PORT,
    tls: tls === "implicit" ? "implicit" : modeOf(decision),
    security: { decision, report: null },
    ca: route.ca ?? settings.ca,
    login: user === undefined || secret === undefined ? null : { user, secret },
  };
}

/** The address in `[192.0.2.1]`, `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3), or an address without brackets; else null. */
function literalAddress(text: string): string | null {
  const inner = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  const address = /^ipv6:/i.test(inner) ? inner.slice("IPv6:".length) : inner;
  return isIPv4(address) || isIPv6(address) ? address.toLowerCase() : null;
}

function dnsProblem(name: string, error: unknown): Found {
  const failure = asFailure(error);
  if (failure === null) throw error;
  // A name that cannot exist is refused for good, trouble of a name server never is.
  return failure.temporary
    ? problem("deferred", "4.4.3", `the name servers did not answer for ${name}`)
    : problem("failed", "5.4.4", `the name ${name} cannot be asked for`);
}

function problem(
  action: "deferred" | "failed",
  status: string,
  text: string,
  fault: "destination" | "mail" = "destination",
): Found {
  return { type: "problem", problem: ours(action, status, text), fault };
}
