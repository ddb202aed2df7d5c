import { isIPv4, isIPv6 } from "node:net";
import { type IpBytes, parseIp, parseIpv6 } from "../ip.ts";
import { type MacroString, parseMacroString } from "./macro.ts";

/** Longest record that is read, in characters: ten times what fits an answer that resolvers like. */
export const SPF_RECORD_CHARS_MAX = 16_384;

/** What a matching mechanism means (RFC 7208 §4.6.2). */
export type Qualifier = "pass" | "fail" | "softfail" | "neutral";

/** How many leading bits count for each family (RFC 7208 §5.6). */
export interface Prefixes {
  readonly v4: number;
  readonly v6: number;
}

/** A mechanism (RFC 7208 §5). `domain` is null where the current domain is meant. */
export type Mechanism =
  | { readonly type: "all" }
  | { readonly type: "include" | "exists"; readonly domain: MacroString }
  | { readonly type: "a" | "mx"; readonly domain: MacroString | null; readonly prefixes: Prefixes }
  | { readonly type: "ptr"; readonly domain: MacroString | null }
  | { readonly type: "ip"; readonly network: IpBytes; readonly bits: number };

/** A mechanism with what it means, and its text for the log. */
export interface Directive {
  readonly qualifier: Qualifier;
  readonly mechanism: Mechanism;
  readonly text: string;
}

/** A record, read as a whole before any of it is asked for (RFC 7208 §4.6). */
export interface SpfRecord {
  readonly directives: readonly Directive[];
  readonly redirect: MacroString | null;
  readonly explanation: MacroString | null;
}

const QUALIFIERS: ReadonlyMap<string, Qualifier> = new Map([
  ["+", "pass"],
  ["-", "fail"],
  ["~", "softfail"],
  ["?", "neutral"],
]);

/** Whether a TXT record is one of SPF: its version is followed by a space or nothing (RFC 7208 §4.5). */
export function isSpfRecord(text: string): boolean {
  return /^v=spf1(?: |$)/i.test(text);
}

/** The record, or in words what is wrong with it: any error anywhere is a permerror (RFC 7208 §4.6). */
export function parseSpfRecord(text: string): SpfRecord | string {
  if (text.length > SPF_RECORD_CHARS_MAX) return "record too long";
  const directives: Directive[] = [];
  const modifiers = new Map<string, MacroString>();
  for (const term of text.slice("v=spf1".length).split(" ")) {
    if (term === "") continue;
    const modifier = /^([A-Za-z][A-Za-z0-9._-]*)=(.*)$/s.exec(term);
    if (modifier === null) {
      const directive = parseDirective(term);
      if (directive === null) return `bad term: ${term}`;
      directives.push(directive);
      continue;
    }
    const name = modifier[1]!.toLowerCase();
    const known = name === "redirect" || name === "exp";
    const value = known ? parseDomainSpec(modifier[2]!) : parseMacroString(modifier[2]!);
    // RFC 7208 §6: the two known modifiers must not come twice.
    if (value === null || (known && modifiers.has(name))) return `bad term: ${term}`;
    if (known) modifiers.set(name, value);
  }
  return { directives, redirect: modifiers.get("redirect") ?? null, explanation: modifiers.get("exp") ?? null };
}

/** directive = [ qualifier ] mechanism. */
function parseDirective(text: string): Directive | null {
  const qualifier = QUALIFIERS.get(text[0]!);
  const rest = qualifier === undefined ? text : text.slice(1);
  const match = /^([A-Za-z][A-Za-z0-9]*)(.*)$/s.exec(rest);
  const mechanism = match === null ? null : parseMechanism(match[1]!.toLowerCase(), match[2]!);
  return mechanism === null ? null : { qualifier: qualifier ?? "pass", mechanism, text };
}

/** `argument` begins with its ":" or "/", or is empty. */
function parseMechanism(name: string, argument: string): Mechanism | null {
  switch (name) {
    case "all":
      return argument === "" ? { type: "all" } : null;
    case "include":
    case "exists": {
      const domain = argument.startsWith(":") ? parseDomainSpec(argument.slice(1)) : null;
      return domain === null ? null : { type: name, domain };
    }
    case "a":
    case "mx": {
      const split = splitPrefixes(argument);
      const domain = split === null ? undefined : optionalDomain(split.rest);
      return domain === undefined ? null : { type: name, domain, prefixes: split!.prefixes };
    }
    case "ptr": {
      const domain = optionalDomain(argument);
      return domain === undefined ? null : { type: "ptr", domain };
    }
    case "ip4":
    case "ip6":
      return argument.startsWith(":") ? parseNetwork(argument.slice(1), name === "ip4" ? 32 : 128) : null;
    default:
      return null;
  }
}

/** [ ":" domain-spec ]: null when there is none, undefined when it is wrong. */
function optionalDomain(text: string): MacroString | null | undefined {
  if (text === "") return null;
  return text.startsWith(":") ? parseDomainSpec(text.slice(1)) ?? undefined : undefined;
}

function parseNetwork(text: string, size: 32 | 128): Mechanism | null {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const bits = slash < 0 ? size : prefixOf(text.slice(slash + 1), size);
  if (bits === null || !(size === 32 ? isIPv4(address) : isIPv6(address) && !address.includes("%"))) return null;
  return { type: "ip", network: size === 32 ? parseIp(address)! : parseIpv6(address), bits };
}

/** dual-cidr-length at the end: `/24`, `//64` or `/24//64` (RFC 7208 §5.6). */
function splitPrefixes(text: string): { readonly rest: string; readonly prefixes: Prefixes } | null {
  const six = /\/\/([0-9]*)$/.exec(text);
  const withoutSix = six === null ? text : text.slice(0, six.index);
  const four = /\/([0-9]*)$/.exec(withoutSix);
  const rest = four === null ? withoutSix : withoutSix.slice(0, four.index);
  const v6 = six === null ? 128 : prefixOf(six[1]!, 128);
  const v4 = four === null ? 32 : prefixOf(four[1]!, 32);
  return v4 === null || v6 === null ? null : { rest, prefixes: { v4, v6 } };
}

/** No leading zeros (RFC 7208 §5.6). */
function prefixOf(digits: string, max: number): number | null {
  return /^(?:0|[1-9][0-9]{0,2})$/.test(digits) && Number(digits) <= max ? Number(digits) : null;
}

/** domain-spec = macro-string ( "." toplabel [ "." ] / macro-expand ) (RFC 7208 §7.1). */
function parseDomainSpec(text: string): MacroString | null {
  const parts = parseMacroString(text);
  if (parts === null || parts.length === 0) return null;
  if (typeof parts.at(-1) !== "string") return parts;
  // %%, %_ and %- are macro-expands as well.
  if (/%[%_-]$/.test(text)) return parts;
  const plain = text.endsWith(".") ? text.slice(0, -1) : text;
  const dot = plain.lastIndexOf(".");
  return dot >= 0 && isTopLabel(plain.slice(dot + 1)) ? parts : null;
}

/** Letters, digits and inner hyphens, not digits alone (RFC 7208 §7.1). */
function isTopLabel(text: string): boolean {
  return /^[A-Za-z0-9-]+$/.test(text) && !text.startsWith("-") && !text.endsWith("-") && !/^[0-9]+$/.test(text);
}
