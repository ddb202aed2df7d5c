import type { Clock, Log } from "../../base/mod.ts";
import { Failure } from "../../base/mod.ts";
import type { DeliveryProtocol } from "../../messages/mod.ts";
import { DeadlineWheel } from "../../net/mod.ts";
import { defineActor } from "../../runtime/mod.ts";
import { deliveryAccepts } from "./accepts.ts";
import { attemptDelivery, type AttemptServices } from "./attempt.ts";
import type { Conversation } from "./conversation.ts";
import { Lanes } from "./lanes.ts";
import { ConversationPool } from "./pool.ts";
import type { DeliverySettings } from "./settings.ts";
import type { DeliveryNames } from "./targets.ts";
import type { TransportPolicies } from "./transport_policies.ts";
import { mayAsk } from "../rights.ts";

/** Name of the delivery actor in its worker. */
export const DELIVERY_ACTOR = "delivery";

/** Questions that may wait; attempts are limited by the settings. */
const INBOX_MAX = 2_000;

/** What a delivery actor is started with. */
export interface DeliveryArgs {
  readonly settings: DeliverySettings;
  readonly names: DeliveryNames;
  /** Null: neither MTA-STS nor DANE is looked at. */
  readonly policies: TransportPolicies | null;
  /** What the worker looks at from outside: made by it, filled by the actor. */
  readonly office: DeliveryOffice;
}

/** The attempts and connections of a delivery actor. */
export class DeliveryOffice {
  attempts = 0;
  active = 0;
  readonly conversations = new Set<Conversation>();
  draining = false;
  lanes = new Lanes(Infinity);
  #closed = false;
  #pool: ConversationPool | null = null;
  #quiet: (() => void)[] = [];

  /** What attempts work with. */
  services(
    { settings, names, policies, clock, log }: Omit<DeliveryArgs, "office"> & { clock: Clock; log: Log },
  ): AttemptServices {
    const pool = this.#pool = new ConversationPool(settings.limits.keptMax);
    this.#closed = false;
    this.lanes = new Lanes(settings.limits.perDestinationMax);
    return {
      settings,
      names,
      policies,
      clock,
      log,
      pool,
      wheel: new DeadlineWheel({ clock }),
      opened: (conversation) => {
        this.conversations.add(conversation);
        if (this.#closed) conversation.destroy(); // It was being connected when the actor stopped.
      },
      closed: (conversation) => {
        pool.remove(conversation);
        this.conversations.delete(conversation);
      },
    };
  }

  /** An attempt has ended. */
  finished(): void {
    this.active--;
    if (this.active > 0) return;
    for (const wake of this.#quiet.splice(0)) wake();
  }

  /** Takes no new attempts and waits for those under way, `graceMs` at most. */
  async drain(graceMs: number, clock: Clock): Promise<void> {
    this.draining = true;
    if (this.active > 0) {
      await new Promise<void>((resolve) => {
        const cancel = clock.after(graceMs, resolve);
        this.#quiet.push(() => {
          cancel();
          resolve();
        });
      });
    }
    this.#pool?.clear();
  }

  /** Lets go of every connection; what was under way is reported as lost. */
  close(): void {
    this.#closed = true;
    this.lanes.clear();
    for (const conversation of [...this.conversations]) conversation.destroy();
  }
}

interface State {
  readonly services: AttemptServices;
  readonly office: DeliveryOffice;
}

/** Hands mails to other servers, many at a time, and tells the queue how it went; keeps nothing. */
export const deliveryActor = defineActor<DeliveryProtocol, State, DeliveryArgs>({
  restart: "permanent",
  inboxMax: INBOX_MAX,
  accepts: deliveryAccepts,
  mayAsk,
  init({ office, ...args }, { clock, log }) {
    return { services: office.services({ ...args, clock, log }), office };
  },
  stopped: ({ office }) => office.close(),
  receive: {
    "delivery.attempt"({ services, office }, request, reply) {
      const full = office.active >= services.settings.limits.attemptsMax;
      if (full || office.draining) return reply.fail(new Failure("busy", full ? "too many attempts" : "shutting down"));
      office.attempts++;
      office.active++;
      const { lanes } = office;
      const place = lanes.enter(request.destination);
      attemptDelivery(request, services, place).then(reply.ok, reply.fail).finally(() => {
        lanes.leave(request.destination, place);
        office.finished();
      });
    },
    "delivery.status"({ office }, _request, reply) {
      reply.ok({ attempts: office.attempts, active: office.active, connections: office.conversations.size });
    },
  },
});
