import { deliveryActor, DeliveryOffice } from "../../../src/actors/delivery/actor.ts";
import {
  DELIVERY_LIMITS,
  DELIVERY_TIMEOUTS,
  type DeliveryLimits,
  type DeliveryNames,
  type DeliveryRoute,
  type DeliverySettings,
  type DeliveryTimeouts,
  type HostsAnswer,
  type TransportPolicies,
} from "../../../src/actors/delivery/mod.ts";
import { type Clock, type DnsAnswer, Failure, seededRandom, SILENT, systemClock, utf8 } from "../../../src/base/mod.ts";
import { NO_PARAMETERS, type OutgoingEnvelope, type OutgoingRecipient } from "../../../src/mail/envelope.ts";
import type { DeliveryAttempt, DeliveryProtocol, DeliveryReport, RecipientOutcome } from "../../../src/messages/mod.ts";
import { createActorSystem, type HostedSystem, type Ref } from "../../../src/runtime/mod.ts";

export const CONTENT = "Subject: hello\r\n\r\n.dot\r\nbye\r\n";

/** What the DNS of a test says: hosts of domains, addresses of hosts; "trouble" is a name server that does not answer. */
export class FakeNames implements DeliveryNames {
  readonly asked: string[] = [];
  constructor(
    private readonly domains: Readonly<Record<string, readonly string[] | HostsAnswer | "trouble">>,
    private readonly addresses: Readonly<Record<string, readonly string[] | "trouble">> = {},
    private readonly forbidden: readonly string[] = [],
  ) {}

  readonly resolver = {
    a: (name: string) => this.#answer(name, (address) => !address.includes(":")),
    aaaa: (name: string) => this.#answer(name, (address) => address.includes(":")),
  };

  hostsFor(domain: string): Promise<HostsAnswer> {
    const found = this.domains[domain];
    if (found === "trouble") return Promise.reject(new Failure("dns", "SERVFAIL"));
    if (found === undefined) return Promise.resolve({ type: "failed", status: "5.1.2", text: "no such domain" });
    return Promise.resolve(
      "type" in found ? found : { type: "hosts", hosts: found.map((name) => ({ name })), secure: false },
    );
  }

  isForbidden(address: string): boolean {
    return this.forbidden.includes(address);
  }

  #answer(name: string, fits: (address: string) => boolean): Promise<DnsAnswer<string>> {
    this.asked.push(name);
    const found = this.addresses[name] ?? [];
    if (found === "trouble") return Promise.reject(new Failure("dns", "SERVFAIL"));
    const records = found.filter(fits);
    return Promise.resolve(
      records.length === 0 ? { type: "nodata", secure: false } : { type: "found", records, secure: false },
    );
  }
}

/** The domain there.test with one host, mx.test, at this address. */
export function oneHost(...addresses: string[]): FakeNames {
  return new FakeNames({ "there.test": ["mx.test"] }, {
    "mx.test": addresses.length === 0 ? ["127.0.0.1"] : addresses,
  });
}

export interface DeliveryOptions {
  readonly port: number;
  readonly names?: DeliveryNames;
  readonly policies?: TransportPolicies;
  readonly clock?: Clock;
  readonly limits?: Partial<DeliveryLimits>;
  readonly timeouts?: Partial<DeliveryTimeouts>;
  readonly routes?: readonly DeliveryRoute[];
  readonly ca?: string;
  readonly source?: DeliverySettings["source"];
}

/** What an attempt of a test may differ in. */
export interface AttemptOver {
  readonly destination?: string;
  readonly envelope?: Partial<OutgoingEnvelope>;
  readonly to?: readonly (string | OutgoingRecipient)[];
  readonly parts?: readonly Uint8Array[];
  readonly doubtfulAddress?: string;
}

/** A delivery actor of its own. */
export class Delivery implements AsyncDisposable {
  private constructor(
    readonly system: HostedSystem,
    readonly ref: Ref<DeliveryProtocol>,
    readonly office: DeliveryOffice,
  ) {}

  static async start(options: DeliveryOptions): Promise<Delivery> {
    const clock = options.clock ?? systemClock();
    const system = createActorSystem({
      node: "local",
      worker: "delivery",
      clock,
      log: SILENT,
      random: seededRandom(1),
    });
    const office = new DeliveryOffice();
    const settings: DeliverySettings = {
      heloName: "here.test",
      port: options.port,
      source: options.source ?? { ipv4: null, ipv6: null },
      routes: options.routes ?? [],
      timeouts: { ...DELIVERY_TIMEOUTS, ...options.timeouts },
      // Kept connections would outlive the test that does not ask for them.
      limits: { ...DELIVERY_LIMITS, keepMsMax: 0, ...options.limits },
      ca: options.ca ?? null,
    };
    const args = { settings, names: options.names ?? oneHost(), policies: options.policies ?? null, office };
    const ref = await system.spawn(deliveryActor, { name: "delivery", args });
    return new Delivery(system, ref, office);
  }

  attempt(over: AttemptOver = {}): Promise<DeliveryReport> {
    return this.ref.ask("delivery.attempt", attempt(over), { deadlineMs: 100_000_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.system.shutdown();
  }
}

/** A mail from a@here.test to b@there.test. */
export function attempt(
  { destination = "there.test", envelope = {}, to = ["b@there.test"], parts, doubtfulAddress }: AttemptOver = {},
): DeliveryAttempt {
  return {
    destination,
    envelope: { ...NO_PARAMETERS, id: "m1", sender: "a@here.test", account: null, ...envelope },
    recipients: to.map((each) => typeof each === "string" ? { address: each, notify: null, orcpt: null } : each),
    parts: parts ?? [utf8(CONTENT)],
    ...(doubtfulAddress === undefined ? {} : { doubtfulAddress }),
  };
}

/** The outcomes as tests show them. */
export function outcomes(report: DeliveryReport): string[] {
  return report.outcomes.map(shown);
}

function shown({ action, code, status, text }: RecipientOutcome): string {
  return `${action} ${code ?? "-"} ${status} ${text}`;
}
