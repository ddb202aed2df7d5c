/**
 * Lists at work: what comes to their addresses is distributed, obeyed or counted. It lives in the policy worker, for it reads what
 * strangers write.
 * That worker imports it; it imports policy, messages and the runtime.
 * It must never answer before what follows from a mail is durable with the directory or the queue.
 */
export { LIST_ACTOR, listActor, type ListArgs } from "./actor.ts";
