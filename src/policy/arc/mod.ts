/**
 * ARC (RFC 8617): whether the chain of mediators that a message passed through is whole, and our own link in it.
 * The sender check and the policy actor import it; it imports base, mail, the header folder and what DKIM has of it.
 * It must never take a chain's word for more than that it is unbroken: whom to trust is the operator's to say.
 */
export * from "./chain.ts";
export * from "./seal.ts";
export * from "./verify.ts";
