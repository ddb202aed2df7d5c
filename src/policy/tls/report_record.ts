import { type DomainName, parseMailbox } from "../../mail/mod.ts";
import { readTextRecord, trimBlanks } from "./text_record.ts";

/** Where reports on a domain's TLS are to be sent. */
export type ReportTarget =
  | { readonly type: "mailto"; readonly address: string }
  | { readonly type: "https"; readonly url: string };

/** Targets of one domain that are heeded. */
export const REPORT_TARGETS_MAX = 10;

/** Where the record of a domain stands (RFC 8460 §3). */
export function reportRecordName(domain: DomainName): string {
  return `_smtp._tls.${domain}`;
}

/** Where the domain wants its reports; empty when it wants none. URIs of other schemes, and malformed ones, are passed over. */
export function parseReportRecord(records: readonly string[]): ReportTarget[] {
  const fields = readTextRecord(records, "v=TLSRPTv1") ?? [];
  const uris = fields.find(({ name }) => name === "rua")?.value.split(",").map(trimBlanks) ?? [];
  return uris.map(targetOf).filter((target) => target !== null).slice(0, REPORT_TARGETS_MAX);
}

function targetOf(uri: string): ReportTarget | null {
  if (/^mailto:/i.test(uri)) {
    const address = decoded(uri.slice("mailto:".length));
    return address !== null && parseMailbox(address, { utf8: false }) !== null ? { type: "mailto", address } : null;
  }
  if (!/^https:\/\/[\x21-\x7e]+$/i.test(uri)) return null;
  const url = URL.parse(uri);
  // A name and a password in it would be sent to whoever the record names.
  return url === null || url.username !== "" || url.password !== "" ? null : { type: "https", url: url.href };
}

/** Percent-encoding undone; null where it is malformed. A question mark begins header fields, which strangers do not choose. */
function decoded(text: string): string | null {
  if (/[?#]/.test(text)) return null;
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
