/**
 * What actors may say to each other: plain-data types named `addressee.verb`.
 * Actors, admin and web import it; it imports only names of mail and runtime types.
 * It must never hold behaviour.
 */
export type * from "./delivery.ts";
export * from "./directory.ts";
export * from "./fault.ts";
export type * from "./greylist.ts";
export * from "./mailbox.ts";
export type * from "./mailing_list.ts";
export type * from "./policy.ts";
export type * from "./queue.ts";
export * from "./router.ts";
export type * from "./session.ts";
export * from "./store.ts";
export type * from "./sts_policies.ts";
export type * from "./text.ts";
export type * from "./tls_counts.ts";
export type * from "./trace.ts";
