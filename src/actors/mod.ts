/**
 * The actors and what joins the layers: fronts between sessions and sockets, mailboxes over the store, the directory, routing.
 * Only workers and the files right below src import it; it may import every layer below.
 * Actors never import each other: they meet by messages, and `tree.ts` says who runs where.
 */
export { demoLetter, readLetter, sendLetter } from "./client/letter.ts";
export { dataWereMoved, type DirectoryLock, takeDataDirectory } from "./data_directory.ts";
export { DIRECTORY_ACTOR, type TokenIssuer } from "./directory.ts";
export { FAULT_ACTOR } from "./fault.ts";
export { MailboxRefs, type Placement, workerOfShard } from "./mailbox_refs.ts";
export { SESSIONS_ACTOR } from "./listener/session_book.ts";
export { STORE_ACTOR } from "./mailbox/store_actor.ts";
export { POLICY_ACTOR } from "./policy/mod.ts";
export { QUEUE_ACTOR } from "./queue/mod.ts";
export { LIST_ACTOR } from "./lists/actor.ts";
export { ROUTER_ACTOR } from "./router.ts";
export { TRACE_ACTOR } from "./trace.ts";
export { clusterTree, placementOf, type TreeInput } from "./tree.ts";
