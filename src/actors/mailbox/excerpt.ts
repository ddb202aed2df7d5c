import { asFailure } from "../../base/mod.ts";
import type { Excerpt, ExcerptWanted } from "../../mail/mailbox_view.ts";
import { isOf, keyOf, vouches } from "./access_keys.ts";
import { type Place, placeWith } from "./shared/mod.ts";
import type { Answer, Asked, State } from "./state.ts";

/** A piece of a message of whoever asks (CATENATE, RFC 4469 §3). */
export function readNamed(state: State, request: Asked<"mailbox.readNamed">, reply: Answer<"mailbox.readNamed">): void {
  reply.ok(readFrom(state, placeWith(state, request.account, request.name, "r"), request));
}

/** A piece of a message by a token (URLFETCH, RFC 4467 §6, §7). */
export function readAuthorized(
  state: State,
  request: Asked<"mailbox.readAuthorized">,
  reply: Answer<"mailbox.readAuthorized">,
): void {
  const { owner, expiresMs } = request;
  const place = owner === null ? null : readablePlace(state, owner, request);
  const key = place === null || owner === null ? null : keyOf(state, place, owner);
  // RFC 4467 §6: with a key that is none where there is no mailbox, so that the time tells nothing.
  const valid = vouches(key ?? state.plausibleKey, request) && key !== null;
  if (!valid || (expiresMs !== null && state.clock.wallMs() > expiresMs)) return reply.ok({ type: "missing" });
  reply.ok(readFrom(state, place, request));
}

/** A mailbox that the URL's owner may read now. */
function readablePlace(state: State, owner: Parameters<typeof placeWith>[1], { name }: ExcerptWanted): Place | null {
  try {
    return placeWith(state, owner, name, "r");
  } catch (error) {
    if (asFailure(error)?.kind === "refused") return null;
    throw error;
  }
}

function readFrom(state: State, place: Place | null, wanted: ExcerptWanted): Excerpt {
  const { uid, offset, length, index } = wanted;
  if (place === null || !isOf(state, place, wanted.uidValidity)) return { type: "missing" };
  const { shard } = state;
  const [account, mailbox] = [place.owner, place.node.mailbox];
  try {
    const { bytes, size } = shard.fetch(account, mailbox, { uid, offset, length });
    const { uidValidity } = shard.status(account, mailbox);
    return { type: "read", uidValidity, size, index: index ? shard.fetchIndex(account, mailbox, uid) : null, bytes };
  } catch (error) {
    if (asFailure(error)?.kind === "not_found") return { type: "missing" };
    throw error;
  }
}
