import { viewWith } from "./shared/mod.ts";
import type { Answer, Asked, State } from "./state.ts";

/** Bytes of a UID. */
const UID_BYTES = 4;

/** Notes in which order a session knows the results of a search: changes in them are told by their places (RFC 5267 §4.3.3). */
export function keepOrder(state: State, request: Asked<"mailbox.keepOrder">, reply: Answer<"mailbox.keepOrder">): void {
  const { tag, keys, uids } = request;
  const { open } = viewWith(state, request);
  const search = open.live?.get(tag);
  if (open.live === null || search?.waits !== true) return reply.ok({ updating: false });
  // A copy, as the bytes may begin anywhere.
  const order = new Uint32Array(Uint8Array.from(uids).buffer);
  const isSet = new Set(order).size === order.length;
  if (isSet && order.length * UID_BYTES <= state.views.liveRoom(open)) search.setOrder(keys, order);
  else open.live.remove(tag);
  open.live.count();
  reply.ok({ updating: open.live.get(tag) !== undefined });
}

/** CANCELUPDATE (RFC 5267 §4.3.5): of searches that are not known nothing is told anyway. */
export function cancelUpdates(
  state: State,
  request: Asked<"mailbox.cancelUpdates">,
  reply: Answer<"mailbox.cancelUpdates">,
): void {
  const { open } = viewWith(state, request);
  for (const tag of request.tags) open.live?.remove(tag);
  state.views.forgetLive(open);
  reply.ok(null);
}
