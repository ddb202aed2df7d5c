import type { Clock, Random } from "../../base/mod.ts";
import { type DomainName, parseDomain } from "../../mail/domain.ts";
import { createResolver, type StubResolver } from "../../net/mod.ts";
import { isForbiddenTarget, MX_HOSTS_MAX, selectMx } from "../../policy/mod.ts";
import type { DeliveryNames, HostsAnswer } from "./targets.ts";

/** What a delivery worker is told of names and addresses. */
export interface NamesConfig {
  /** Name servers, as `createResolver` takes them. */
  readonly servers: readonly string[];
  /** Whether their word on DNSSEC is trusted. */
  readonly trustAd: boolean;
  /** Names of this server: an MX record that names one of them leads back to it. */
  readonly ownNames: readonly string[];
  /** Addresses at which this server itself takes mail. */
  readonly ownAddresses: readonly string[];
  /** Whether the DNS may name hosts on this machine and in private networks. */
  readonly privateHosts: boolean;
}

/** The names of the world: DNS, and what RFC 5321 §5.1 makes of it. */
export class WorldNames implements DeliveryNames {
  readonly resolver: StubResolver;
  readonly #own: ReadonlySet<string>;
  readonly #ownNames: ReadonlySet<string>;

  constructor(private readonly config: NamesConfig, private readonly tools: { clock: Clock; random: Random }) {
    const { servers, trustAd, ownAddresses, ownNames } = config;
    this.resolver = createResolver({ servers, trustAd, ...tools });
    this.#own = new Set(ownAddresses);
    this.#ownNames = new Set(ownNames);
  }

  async hostsFor(domain: string): Promise<HostsAnswer> {
    const name = parseDomain(domain);
    if (name === null) return { type: "failed", status: "5.1.2", text: "that is no domain name" };
    const found = selectMx(name, await this.resolver.mx(name), {
      isOurs: (host: DomainName) => this.#ownNames.has(host),
      hostsMax: MX_HOSTS_MAX,
      random: this.tools.random,
    });
    return found.type === "hosts" ? found : { type: "failed", status: found.status, text: found.text };
  }

  isForbidden(address: string): boolean {
    const { privateHosts } = this.config;
    return isForbiddenTarget(address, { loopbackAllowed: privateHosts, privateAllowed: privateHosts, own: this.#own });
  }

  close(): void {
    this.resolver.close();
  }
}
