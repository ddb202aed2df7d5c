/**
 * ARC (RFC 8617): whether the chain of mediators that a message passed through is whole.
 * The sender check imports it; it imports base, mail, the header folder and what DKIM verifies with.
 * It must never take a chain's word for more than that it is unbroken: whom to trust is the operator's to say.
 */
export * from "./verify.ts";
