import { decodeUtf8 } from "../../base/mod.ts";
import { type DomainName, parseDomain } from "../../mail/mod.ts";
import { readTextRecord, trimBlanks } from "./text_record.ts";

/** What a domain demands of those who send it mail (RFC 8461 §3.2). */
export interface MtaStsPolicy {
  /** `enforce`: only to hosts that match, over TLS with a valid certificate; `testing`: report only; `none`: nothing at all. */
  readonly mode: "enforce" | "testing" | "none";
  /** Seconds for which it holds from the moment of its fetching. */
  readonly maxAgeSeconds: number;
  /** Names of hosts, or `*.` and a domain, in lower case. */
  readonly mx: readonly string[];
}

/** Largest policy that is read, in bytes (RFC 8461 §3.3 suggests 64 kilobytes). */
export const POLICY_BYTES_MAX = 65_536;
/** Longest life of a policy in seconds, about a year (RFC 8461 §3.2); longer ones are cut to it. */
export const MAX_AGE_SECONDS_MAX = 31_557_600;
/** Most hosts of a policy; whoever has more uses `*`. */
export const POLICY_HOSTS_MAX = 1_000;

const FIELDS_MAX = 2_000;

/** Where the record of a domain stands (RFC 8461 §3.1). */
export function mtaStsRecordName(domain: DomainName): string {
  return `_mta-sts.${domain}`;
}

/** The host that serves a domain's policy (RFC 8461 §3.3). */
export function mtaStsPolicyHost(domain: DomainName): string {
  return `mta-sts.${domain}`;
}

/** The id of the policy that TXT records announce, or null when they announce none. */
export function parseMtaStsRecord(records: readonly string[]): string | null {
  const fields = readTextRecord(records, "v=STSv1");
  // A field that stands twice counts where it stands first.
  const id = fields?.find(({ name }) => name === "id")?.value;
  return id !== undefined && /^[A-Za-z0-9]{1,32}$/.test(id) ? id : null;
}

/** Reads a policy, or gives null when it is none (RFC 8461 §3.2). Lines end by LF or CRLF; unknown fields mean nothing. */
export function parseMtaStsPolicy(bytes: Uint8Array): MtaStsPolicy | null {
  const text = bytes.length > POLICY_BYTES_MAX ? null : decodeUtf8(bytes);
  const lines = text?.split("\n", FIELDS_MAX + 1).map((line) => line.endsWith("\r") ? line.slice(0, -1) : line);
  if (lines === undefined || lines.length > FIELDS_MAX) return null;
  while (lines.at(-1) === "") lines.pop(); // Beyond the grammar: editors leave empty lines at the end.
  const first = new Map<string, string>();
  const mx: string[] = [];
  for (const line of lines) {
    const field = readLine(line);
    if (field === null) return null;
    const [name, value] = field;
    // Any field but `mx` counts where it stands first.
    if (name !== "mx") first.set(name, first.get(name) ?? value);
    else if (isHostPattern(value)) mx.push(value.toLowerCase());
    else return null;
  }
  const [mode, maxAge] = [first.get("mode"), first.get("max_age")];
  if (first.get("version") !== "STSv1" || maxAge === undefined || !/^\d{1,10}$/.test(maxAge)) return null;
  if (mode !== "enforce" && mode !== "testing" && mode !== "none") return null;
  if (mx.length > POLICY_HOSTS_MAX || (mx.length === 0 && mode !== "none")) return null;
  return { mode, maxAgeSeconds: Math.min(Number(maxAge), MAX_AGE_SECONDS_MAX), mx };
}

/** The lines of a policy, as reports quote it and as it can be read again. */
export function policyLines({ mode, maxAgeSeconds, mx }: MtaStsPolicy): string[] {
  return ["version: STSv1", `mode: ${mode}`, ...mx.map((host) => `mx: ${host}`), `max_age: ${maxAgeSeconds}`];
}

/** Whether the policy names the host (lower-case A-labels): itself, or by `*`, which stands for exactly one label (RFC 8461 §4.1). */
export function matchesMx({ mx }: MtaStsPolicy, host: string): boolean {
  const parent = host.indexOf(".");
  return mx.some((pattern) =>
    pattern.startsWith("*.") ? parent > 0 && host.slice(parent) === pattern.slice(1) : pattern === host
  );
}

/** sts-policy-field: a name, a colon, blanks, a value that neither begins nor ends by a blank; blanks behind it are allowed. */
function readLine(line: string): [name: string, value: string] | null {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(0, colon));
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/.test(name)) return null;
  const value = trimBlanks(line.slice(colon + 1));
  // deno-lint-ignore no-control-regex -- Controls are what is looked for.
  return value === "" || /[\x00-\x1f\x7f]/.test(value) ? null : [name, value];
}

/** ["*."] Domain; without the dot at its end that a domain name may have elsewhere. */
function isHostPattern(text: string): boolean {
  const name = text.startsWith("*.") ? text.slice(2) : text;
  return /^[\x21-\x7e]+$/.test(name) && parseDomain(name) !== null;
}
