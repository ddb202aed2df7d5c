import type { Clock, Random } from "../../../src/base/mod.ts";
import type { DeliveryAttempt, DeliveryProtocol, DeliveryReport, RecipientOutcome } from "../../../src/messages/mod.ts";
import { defineActor } from "../../../src/runtime/mod.ts";
import type { RelayLedger } from "./relay_ledger.ts";

const HOUR = 3_600_000;
/** How long an attempt takes at most, and one at a host that does not answer, in ms. */
const ATTEMPT_MS_MAX = 20_000;
const NO_ANSWER_MS_MAX = 300_000;
/** How long `dead.test` is dead at most, from the start: seldom longer than mail is kept. */
const DEAD_MS_MAX = 150 * HOUR;

/** What another server makes of one recipient; `dropped`: it takes the mail, and the connection breaks before it says so. */
type Fate = "takes" | "defers" | "refuses" | "dropped";

const OUTCOMES: Readonly<Record<Fate, RecipientOutcome>> = {
  takes: { action: "delivered", code: 250, status: "2.0.0", text: "taken" },
  defers: { action: "deferred", code: 451, status: "4.7.1", text: "come again" },
  refuses: { action: "failed", code: 550, status: "5.1.1", text: "no such user" },
  dropped: { action: "deferred", code: null, status: "4.4.2", text: "the connection broke" },
};
const NO_ANSWER: RecipientOutcome = { action: "deferred", code: null, status: "4.4.1", text: "no answer" };

/** Domains of other servers; senders elsewhere are at `elsewhere.test`. */
export const FOREIGN = ["open.test", "grey.test", "strict.test", "moody.test", "dead.test"];

/** The other servers of the world, as far as anybody who sends them mail can tell. */
export class Outside {
  readonly #seen = new Map<string, number>();
  readonly #deadUntilMs: number;

  constructor(private readonly ledger: RelayLedger, random: Random) {
    this.#deadUntilMs = random.next() * DEAD_MS_MAX;
  }

  /** A delivery actor to whom this is the world outside. */
  actor() {
    return defineActor<DeliveryProtocol, null>({
      restart: "permanent",
      inboxMax: 2_000,
      init: () => null,
      receive: {
        "delivery.attempt": (_state, attempt, reply, { clock, random }) => {
          this.#attempt(attempt, clock, random, (report) => reply.ok(report));
        },
        "delivery.status": (_state, _request, reply) => reply.ok({ attempts: 0, active: 0, connections: 0 }),
      },
    });
  }

  #attempt(attempt: DeliveryAttempt, clock: Clock, random: Random, done: (report: DeliveryReport) => void): void {
    const { destination, recipients, parts } = attempt;
    const silent = (destination === "dead.test" && clock.monotonicMs() < this.#deadUntilMs) ||
      (destination === "moody.test" && random.next() < 0.1);
    if (silent) {
      const outcomes = recipients.map(() => NO_ANSWER);
      const report = { outcomes, destinationFault: true, host: null, tls: null };
      return void clock.after(random.next() * NO_ANSWER_MS_MAX, () => done(report));
    }
    const sinceMs = clock.monotonicMs();
    const ms = random.next() * ATTEMPT_MS_MAX;
    clock.after(ms, () => {
      // After the dot a connection breaks for everybody.
      const dropped = destination === "moody.test" && random.next() < 0.15;
      const fates = recipients.map(({ address }) => this.#fate(attempt, address, random)).map((fate) => {
        return fate === "takes" && dropped ? "dropped" : fate;
      });
      for (const [i, { address }] of recipients.entries()) {
        const untold = fates[i] === "dropped";
        if (fates[i] === "takes" || untold) this.ledger.taken(address, parts, { sinceMs, untold });
      }
      const host = { name: `mx.${destination}`, address: "203.0.113.5", port: 25 };
      const outcomes = fates.map((fate) => OUTCOMES[fate]);
      clock.after(random.next() * ms, () => done({ outcomes, destinationFault: false, host, tls: null }));
    });
  }

  #fate({ destination, envelope }: DeliveryAttempt, address: string, random: Random): Fate {
    const chance = random.next();
    switch (destination) {
      case "grey.test": {
        const key = `${envelope.id} ${address}`;
        const seen = (this.#seen.get(key) ?? 0) + 1;
        this.#seen.set(key, seen);
        return seen > 3 ? "takes" : "defers";
      }
      case "strict.test":
        return address.startsWith("no") ? "refuses" : "takes";
      case "moody.test":
        return chance < 0.5 ? "takes" : chance < 0.95 ? "defers" : "refuses";
      case "elsewhere.test":
        return chance < 0.8 ? "takes" : "defers";
      default:
        return "takes";
    }
  }
}
