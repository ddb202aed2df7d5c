/**
 * IMAP URLs (RFC 5092): read, checked, and turned into the bytes that they name.
 * CATENATE and the commands of URLAUTH import it.
 * It must never tell why a URL is worth nothing, nor follow one to another server.
 */
export { parseImapUrl } from "./imap_url.ts";
