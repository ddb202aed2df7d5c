import type { SessionProtocol, SessionRow } from "../../messages/mod.ts";
import { defineActor } from "../../runtime/define_actor.ts";
import { mayAsk } from "../rights.ts";
import { type Accepts, fields, isName, isWhole } from "../shape.ts";
import type { Front } from "./services.ts";

/** Name of the actor that tells of a listener worker's sessions. */
export const SESSIONS_ACTOR = "sessions";

/** Sessions told at once: all that a worker may have by default. */
const LIST_MAX = 10_000;
/** Characters of a session's id. */
const ID_CHARS_MAX = 64;

/** The open sessions of one listener worker, oldest first. */
export class SessionBook {
  readonly #open = new Map<string, { readonly service: string; readonly front: Front }>();

  get size(): number {
    return this.#open.size;
  }

  add(service: string, front: Front): void {
    this.#open.set(front.id, { service, front });
  }

  remove(front: Front): void {
    this.#open.delete(front.id);
  }

  fronts(): Front[] {
    return [...this.#open.values()].map(({ front }) => front);
  }

  /** How many there are of each service. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { service } of this.#open.values()) counts[service] = (counts[service] ?? 0) + 1;
    return counts;
  }

  list(limit: number): SessionRow[] {
    const rows: SessionRow[] = [];
    for (const { service, front } of this.#open.values()) {
      if (rows.length === limit) break;
      rows.push({ ...front.view(), service });
    }
    return rows;
  }

  /** Ends one session; false when there is none of that id. */
  kick(id: string): boolean {
    const session = this.#open.get(id);
    session?.front.dismiss("kicked");
    return session !== undefined;
  }

  /** Ends the sessions whose address `isBanned`. */
  dismissBanned(isBanned: (address: string) => boolean): void {
    for (const front of this.fronts()) if (isBanned(front.address)) front.dismiss("banned");
  }
}

const accepts: Accepts<SessionProtocol> = {
  "session.list": fields(({ limit }) => isWhole(limit, 1, LIST_MAX)),
  "session.kick": fields(({ id }) => isName(id, ID_CHARS_MAX)),
};

/** Tells operators who is connected, and sends them away. */
export const sessionsActor = defineActor<SessionProtocol, SessionBook, { readonly book: SessionBook }>({
  restart: "permanent",
  inboxMax: 100,
  accepts,
  mayAsk,
  init: ({ book }) => book,
  receive: {
    "session.list": (book, { limit }, reply) => reply.ok({ total: book.size, sessions: book.list(limit) }),
    "session.kick": (book, { id }, reply) => reply.ok({ kicked: book.kick(id) }),
  },
});
