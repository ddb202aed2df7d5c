/**
 * Mailboxes that accounts of a domain share: who shares which, who may do what there (RFC 4314), under which names they are seen.
 * The mailbox actor's handlers import it.
 * It must never grant anything from memory alone: rights are read where they are kept, whenever they are needed.
 */
export * from "./acl_rows.ts";
export * from "./flag_rights.ts";
export * from "./place.ts";
export * from "./shares.ts";
