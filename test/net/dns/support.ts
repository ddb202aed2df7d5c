import { type Clock, FakeClock, seededRandom, systemClock } from "../../../src/base/mod.ts";
import { createResolver, type ResolverOptions, type StubResolver } from "../../../src/net/mod.ts";
import { DnsServer } from "../../support/dns_server.ts";

/** A resolver for these servers, with a seed and the machine's clock unless told otherwise. */
export function resolverFor(
  servers: readonly (DnsServer | string)[],
  options: Partial<ResolverOptions> = {},
): StubResolver & Disposable {
  const resolver = createResolver({
    servers: servers.map((server) => typeof server === "string" ? server : server.server),
    trustAd: false,
    clock: systemClock(),
    random: seededRandom(1),
    ...options,
  });
  return Object.assign(resolver, { [Symbol.dispose]: () => resolver.close() });
}

/** Lets a fake clock jump from timer to timer until the work is done: for what waits for nothing but time. */
export async function runTime<T>(clock: FakeClock, work: Promise<T>): Promise<T> {
  let done = false;
  const settled = work.finally(() => (done = true));
  settled.catch(() => {});
  while (!done) {
    const next = clock.nextAt();
    if (next !== null) clock.advance(next - clock.monotonicMs());
    // One turn of the event loop, in which sockets tell what they have.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return settled;
}

export type { Clock };
