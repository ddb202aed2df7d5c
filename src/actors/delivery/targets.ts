import { isIPv4, isIPv6 } from "node:net";
import { asFailure, describeError, type DnsAnswer, type Log, type Resolver } from "../../base/mod.ts";
import { type ClientOutcome, ours } from "../../protocol/smtp/client/mod.ts";
import type { Credentials } from "../../protocol/sasl/mod.ts";
import { type DeliveryRoute, type DeliverySettings, routeFor } from "./settings.ts";

/** Which hosts take mail for a domain, best first, or why it goes nowhere. */
export type HostsAnswer =
  | {
    readonly type: "hosts";
    readonly hosts: readonly { readonly name: string }[];
    /** The way from the domain to these names was validated (RFC 8689 §4.2.1). */
    readonly secure: boolean;
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
  /** The certificate must be valid for the name. */
  readonly verify: boolean;
  readonly ca: string | null;
  readonly login: Credentials | null;
}

/** The next address, or a host (or all of them) that has none. */
export type Found =
  | { readonly type: "target"; readonly target: Target }
  /** `fault`: others to this destination would fare the same. */
  | { readonly type: "problem"; readonly problem: ClientOutcome; readonly fault: "destination" | "mail" };

/** What decides where an attempt may go. */
export interface TargetsContext {
  readonly settings: DeliverySettings;
  readonly names: DeliveryNames;
  readonly log: Log;
  /** Only hosts that are known for sure, under TLS with a valid certificate (RFC 8689 §4.2.1). */
  readonly requireTls: boolean;
}

/** The port of SMTP. */
const SMTP_PORT = 25;

/** The addresses of a destination, best first; each is looked up when its turn comes (RFC 5321 §5.1). */
export async function* targetsOf(destination: string, context: TargetsContext): AsyncGenerator<Found> {
  const route = routeFor(destination, context.settings.routes);
  const template = route === null ? ofWorld(context) : ofRoute(route, context);
  const literal = literalAddress(route?.host ?? destination);
  if (literal !== null) {
    if (route === null && context.names.isForbidden(literal)) {
      return yield problem("failed", "5.4.4", `mail must not be sent to ${destination}`);
    }
    return yield { type: "target", target: { ...template, name: literal, address: literal } };
  }
  const single = route !== null && route.lookupMx !== true;
  const hosts = single ? [{ name: route.host }] : yield* hostsOf(route?.host ?? destination, context);
  const tried = new Set<string>();
  for (const { name } of hosts.slice(0, context.settings.limits.hostsMax)) {
    for await (const found of addressesOf(name, { ...context, trusted: route !== null })) {
      if (typeof found !== "string") yield found;
      else if (!tried.has(found)) {
        tried.add(found);
        yield { type: "target", target: { ...template, name, address: found } };
      }
    }
  }
}

async function* hostsOf(
  domain: string,
  { names, requireTls }: TargetsContext,
): AsyncGenerator<Found, readonly { readonly name: string }[]> {
  try {
    const answer = await names.hostsFor(domain);
    if (answer.type === "failed") {
      yield problem(answer.status.startsWith("5") ? "failed" : "deferred", answer.status, answer.text);
      return [];
    }
    if (requireTls && !answer.secure) {
      yield problem("failed", "5.7.10", `TLS is required, and the hosts of ${domain} are not known for sure`, "mail");
      return [];
    }
    return answer.hosts;
  } catch (error) {
    yield dnsProblem(domain, error);
    return [];
  }
}

/** The addresses of a host, both families in turn: where one of them has no way out, the other is not far. */
async function* addressesOf(
  name: string,
  { names, log, trusted }: TargetsContext & { readonly trusted: boolean },
): AsyncGenerator<string | Found> {
  const [v4, v6] = await Promise.allSettled([names.resolver.a(name), names.resolver.aaaa(name)]);
  const all = inTurn(recordsOf(v4), recordsOf(v6));
  const allowed = all.filter((address) => trusted || !names.isForbidden(address));
  yield* allowed;
  if (allowed.length > 0) return;
  for (const answer of [v4, v6]) {
    if (answer.status === "rejected") {
      log.debug("no address", { host: name, error: describeError(answer.reason) });
      return yield dnsProblem(name, answer.reason);
    }
  }
  if (all.length === 0) return yield problem("failed", "5.4.4", `the host ${name} has no address`);
  yield problem("failed", "5.4.4", `the host ${name} has no address that mail may be sent to`);
}

function recordsOf(answer: PromiseSettledResult<DnsAnswer<string>>): readonly string[] {
  return answer.status === "fulfilled" && answer.value.type === "found" ? answer.value.records : [];
}

function inTurn(first: readonly string[], second: readonly string[]): string[] {
  const longest = Math.max(first.length, second.length);
  return Array.from({ length: longest }, (_, i) => [first[i], second[i]]).flat().filter((each) => each !== undefined);
}

type Template = Omit<Target, "name" | "address">;

/** RFC 7435: a certificate that proves nothing still keeps listeners out. */
function ofWorld({ settings, requireTls }: TargetsContext): Template {
  const tls = requireTls ? "required" : "opportunistic";
  return { port: settings.port, tls, verify: requireTls, ca: settings.ca, login: null };
}

function ofRoute(route: DeliveryRoute, { settings, requireTls }: TargetsContext): Template {
  const { user, secret } = route;
  const stated = route.tls === "none" ? "never" : route.tls;
  const tls = requireTls && stated !== "implicit" ? "required" : stated;
  return {
    port: route.port ?? SMTP_PORT,
    tls,
    verify: requireTls || ((tls === "required" || tls === "implicit") && route.verify !== false),
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
