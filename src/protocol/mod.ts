/**
 * One folder for each protocol, as sessions without sockets, and the list of RFCs they follow.
 * Fronts import the protocol they serve from its own folder; here is only what belongs to all of them.
 * It must never bring two protocols together: none imports another, but all may import sasl.
 */
export * from "./rfc.ts";
