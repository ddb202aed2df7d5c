import { asFailure, type DnsAnswer, type Resolver, sharePrefix } from "../../base/mod.ts";
import { dottedIp, includesIp, type IpBytes, parseIp } from "../ip.ts";
import { expandMacros, type MacroString, parseMacroString } from "./macro.ts";
import {
  type Directive,
  isSpfRecord,
  type Mechanism,
  parseSpfRecord,
  type Prefixes,
  type SpfRecord,
} from "./record.ts";

/** Results of SPF (RFC 7208 §2.6). */
export type SpfResult = "none" | "neutral" | "pass" | "fail" | "softfail" | "temperror" | "permerror";

/** Terms that ask the DNS (RFC 7208 §4.6.4). */
export const SPF_LOOKUPS_MAX = 10;
/** Of them, those that bring nothing (RFC 7208 §4.6.4). */
export const SPF_VOID_MAX = 2;
/** Hosts of one `mx`, and names of one `ptr` (RFC 7208 §4.6.4). */
export const SPF_NAMES_MAX = 10;
/** Longest name that is asked for (RFC 7208 §7.3). */
const NAME_CHARS_MAX = 253;
/** Longest explanation that is passed on, in characters: it goes into a reply line. */
export const EXPLANATION_CHARS_MAX = 400;

/** Who sends, and as whom. */
export interface SpfQuery {
  readonly ip: string;
  readonly helo: string;
  /** Reverse-path without brackets; "" for the null one: then HELO's name is judged (RFC 7208 §2.4). */
  readonly sender: string;
  /** Our own name, for %{r}. */
  readonly receiver: string;
  /** Seconds since 1970, for %{t}. */
  readonly nowSeconds: number;
}

/** What SPF says. */
export interface SpfVerdict {
  readonly result: SpfResult;
  /** The domain that was judged; null when there was none. */
  readonly domain: string | null;
  /** Whether it is of MAIL FROM or of HELO. */
  readonly identity: "mailfrom" | "helo";
  /** The directive that matched. */
  readonly mechanism: string | null;
  /** Why it is an error; null else. */
  readonly problem: string | null;
  /** What the domain wants refused senders to be told: printable ASCII, never to be trusted. Null when it says nothing. */
  readonly explanation: string | null;
}

/** Ends an evaluation (RFC 7208 §2.6.6, §2.6.7): thrown and caught in this file only. */
class Stop extends Error {
  constructor(readonly result: "temperror" | "permerror", readonly reason: string) {
    super(reason);
  }
}

interface Outcome {
  readonly result: SpfResult;
  readonly mechanism: string | null;
  /** The record that had the last word, and its domain: the explanation is its (RFC 7208 §6.2). */
  readonly record: SpfRecord | null;
  readonly domain: string;
}

/** check_host() (RFC 7208 §4). Never rejects because of the DNS: that is a temperror. */
export async function checkSpf(query: SpfQuery, resolver: Resolver): Promise<SpfVerdict> {
  const identity = query.sender === "" ? "helo" : "mailfrom";
  // RFC 7208 §4.3: without a local part it is postmaster's.
  const sender = query.sender === "" || query.sender.startsWith("@")
    ? `postmaster@${query.sender.slice(1) || query.helo}`
    : query.sender;
  const at = sender.lastIndexOf("@");
  const domain = at < 0 ? null : initialDomain(sender.slice(at + 1));
  const ip = parseIp(query.ip);
  const none = { domain, identity, mechanism: null, problem: null, explanation: null } as const;
  if (domain === null || ip === null) return { ...none, result: "none" };
  const evaluation = new Evaluation({ ...query, sender }, ip, resolver);
  try {
    const outcome = await evaluation.check(domain);
    const explanation = outcome.result === "fail" ? await evaluation.explain(outcome) : null;
    return { ...none, result: outcome.result, mechanism: outcome.mechanism, explanation };
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return { ...none, result: error.result, problem: error.reason };
  }
}

/** A domain of two labels or more, each of 1 to 63 octets (RFC 7208 §4.3), without the final dot; else null. */
function initialDomain(text: string): string | null {
  const domain = text.endsWith(".") ? text.slice(0, -1) : text;
  return domain.includes(".") && !/[^!-Z^-~]/.test(domain) && isName(domain) ? domain : null;
}

function isName(text: string): boolean {
  return text.length <= NAME_CHARS_MAX && text.split(".").every((label) => label.length > 0 && label.length <= 63);
}

/** One evaluation with its counters. */
class Evaluation {
  #lookups = 0;
  #voids = 0;
  #validated: Promise<readonly string[]> | null = null;

  constructor(
    private readonly query: SpfQuery,
    private readonly ip: IpBytes,
    private readonly resolver: Resolver,
  ) {}

  /** Judges one domain's record; included and redirected ones come here again, under the same counters. */
  async check(domain: string): Promise<Outcome> {
    const record = await this.#fetch(domain);
    if (record === null) return { result: "none", mechanism: null, record, domain };
    for (const directive of record.directives) {
      if (!await this.#matches(directive.mechanism, domain)) continue;
      return { result: directive.qualifier, mechanism: shown(directive), record, domain };
    }
    if (record.redirect === null) return { result: "neutral", mechanism: null, record, domain };
    return await this.#redirect(record.redirect, domain);
  }

  /** What the domain wants to be said; null whenever anything about it is wrong (RFC 7208 §6.2). */
  async explain({ record, domain }: Outcome): Promise<string | null> {
    if (record?.explanation == null) return null;
    try {
      const name = await this.#name(record.explanation, domain);
      const answer = isName(name) ? await this.resolver.txt(name) : null;
      if (answer?.type !== "found" || answer.records.length !== 1) return null;
      const parts = parseMacroString(answer.records[0]!, { explanation: true });
      const text = parts === null ? null : expandMacros(parts, await this.#values(parts, domain));
      return text === null ? null : printable(text);
    } catch (error) {
      if (error instanceof Stop || asFailure(error) !== null) return null;
      throw error;
    }
  }

  /** The one SPF record of a domain, or null (RFC 7208 §4.4, §4.5). */
  async #fetch(domain: string): Promise<SpfRecord | null> {
    if (!isName(domain)) return null;
    const answer = await this.#ask(() => this.resolver.txt(domain));
    const records = answer.type === "found" ? answer.records.filter(isSpfRecord) : [];
    if (records.length === 0) return null;
    if (records.length > 1) throw new Stop("permerror", "more than one SPF record");
    const record = parseSpfRecord(records[0]!);
    if (typeof record === "string") throw new Stop("permerror", record);
    return record;
  }

  /** RFC 7208 §6.1: the other domain's result is ours; without a record it is an error. */
  async #redirect(target: MacroString, domain: string): Promise<Outcome> {
    this.#count();
    const outcome = await this.check(await this.#name(target, domain));
    if (outcome.result === "none") throw new Stop("permerror", "redirect to a domain without SPF");
    return outcome;
  }

  async #matches(mechanism: Mechanism, domain: string): Promise<boolean> {
    switch (mechanism.type) {
      case "all":
        return true;
      case "ip":
        return sharePrefix(this.ip, mechanism.network, mechanism.bits);
      case "include":
        this.#count();
        return await this.#includes(await this.#name(mechanism.domain, domain));
      case "exists":
        this.#count();
        return (await this.#records("a", await this.#name(mechanism.domain, domain))).length > 0;
      case "a":
        this.#count();
        return this.#isIn(await this.#addresses(await this.#target(mechanism.domain, domain)), mechanism.prefixes);
      case "mx":
        this.#count();
        return await this.#isExchange(await this.#target(mechanism.domain, domain), mechanism.prefixes);
      case "ptr":
        this.#count();
        return await this.#isNamed(await this.#target(mechanism.domain, domain));
    }
  }

  /** RFC 7208 §5.2: only a pass matches; no record is an error. */
  async #includes(domain: string): Promise<boolean> {
    const { result } = await this.check(domain);
    if (result === "none") throw new Stop("permerror", "include of a domain without SPF");
    return result === "pass";
  }

  async #isExchange(domain: string, prefixes: Prefixes): Promise<boolean> {
    const hosts = await this.#records("mx", domain);
    if (hosts.length > SPF_NAMES_MAX) throw new Stop("permerror", "too many MX hosts");
    for (const { exchange } of hosts) {
      if (exchange === "" || !isName(exchange)) continue;
      const answer = await this.#ask(() => this.#ofFamily(exchange));
      if (answer.type === "found" && this.#isIn(answer.records, prefixes)) return true;
    }
    return false;
  }

  async #isNamed(domain: string): Promise<boolean> {
    const target = domain.toLowerCase();
    return (await this.#validatedNames()).some((name) => name === target || name.endsWith(`.${target}`));
  }

  /** Names of the client whose addresses lead back to it (RFC 7208 §5.5). Errors mean there are none. */
  #validatedNames(): Promise<readonly string[]> {
    return this.#validated ??= this.#validate();
  }

  async #validate(): Promise<readonly string[]> {
    const found = await this.#quietly(() => this.resolver.ptr(this.query.ip));
    if (found === null) return [];
    this.#note(found);
    const names = found.type === "found" ? found.records.slice(0, SPF_NAMES_MAX) : [];
    const validated: string[] = [];
    for (const name of names) {
      const plain = (name.endsWith(".") ? name.slice(0, -1) : name).toLowerCase();
      const answer = isName(plain) ? await this.#quietly(() => this.#ofFamily(plain)) : null;
      if (answer?.type === "found" && includesIp(answer.records, this.ip)) validated.push(plain);
    }
    return validated;
  }

  #isIn(addresses: readonly string[], { v4, v6 }: Prefixes): boolean {
    const bits = this.ip.length === 4 ? v4 : v6;
    return addresses.some((text) => {
      const bytes = parseIp(text);
      return bytes !== null && sharePrefix(this.ip, bytes, bits);
    });
  }

  #ofFamily(name: string): Promise<DnsAnswer<string>> {
    return this.ip.length === 4 ? this.resolver.a(name) : this.resolver.aaaa(name);
  }

  async #addresses(name: string): Promise<readonly string[]> {
    return await this.#records(this.ip.length === 4 ? "a" : "aaaa", name);
  }

  /** The records of a term's own question. A name that cannot be asked for is one that does not exist (RFC 7208 §4.8). */
  async #records<K extends "a" | "aaaa" | "mx">(type: K, name: string): Promise<RecordsOf<K>> {
    const answer: DnsAnswer<unknown> = isName(name)
      ? await this.#ask(() => this.resolver[type](name) as Promise<DnsAnswer<unknown>>)
      : { type: "nxdomain", secure: false };
    this.#note(answer);
    return (answer.type === "found" ? answer.records : []) as RecordsOf<K>;
  }

  #count(): void {
    if (++this.#lookups > SPF_LOOKUPS_MAX) throw new Stop("permerror", "too many DNS lookups");
  }

  #note(answer: DnsAnswer<unknown>): void {
    if (answer.type !== "found" && ++this.#voids > SPF_VOID_MAX) throw new Stop("permerror", "too many void lookups");
  }

  async #ask<T>(question: () => Promise<DnsAnswer<T>>): Promise<DnsAnswer<T>> {
    try {
      return await question();
    } catch (error) {
      if (asFailure(error) === null) throw error;
      throw new Stop("temperror", "DNS failure");
    }
  }

  async #quietly<T>(question: () => Promise<DnsAnswer<T>>): Promise<DnsAnswer<T> | null> {
    try {
      return await question();
    } catch (error) {
      if (asFailure(error) === null) throw error;
      return null;
    }
  }

  async #target(spec: MacroString | null, domain: string): Promise<string> {
    return spec === null ? domain : await this.#name(spec, domain);
  }

  /** A domain-spec as a name: too long a one loses labels on the left (RFC 7208 §7.3). */
  async #name(spec: MacroString, domain: string): Promise<string> {
    const text = expandMacros(spec, await this.#values(spec, domain));
    if (text === null) throw new Stop("permerror", "macros expand without end");
    let name = text.endsWith(".") ? text.slice(0, -1) : text;
    while (name.length > NAME_CHARS_MAX && name.includes(".")) name = name.slice(name.indexOf(".") + 1);
    return name;
  }

  async #values(spec: MacroString, domain: string): Promise<ReadonlyMap<string, string>> {
    const { sender, helo, receiver, nowSeconds } = this.query;
    const at = sender.lastIndexOf("@");
    const wantsName = spec.some((part) => typeof part !== "string" && part.letter === "p");
    return new Map([
      ["s", sender],
      ["l", sender.slice(0, at)],
      ["o", sender.slice(at + 1)],
      ["d", domain],
      ["i", dottedIp(this.ip)],
      ["p", wantsName ? await this.#clientName(domain) : ""],
      ["v", this.ip.length === 4 ? "in-addr" : "ip6"],
      ["h", helo],
      ["c", this.ip.length === 4 ? dottedIp(this.ip) : this.query.ip.toLowerCase()],
      ["r", receiver],
      ["t", String(nowSeconds)],
    ]);
  }

  /** %{p}: the domain itself, a name below it, or any (RFC 7208 §7.3). */
  async #clientName(domain: string): Promise<string> {
    const names = await this.#validatedNames();
    const target = domain.toLowerCase();
    return names.find((name) => name === target) ?? names.find((name) => name.endsWith(`.${target}`)) ?? names[0] ??
      "unknown";
  }
}

type RecordsOf<K extends "a" | "aaaa" | "mx"> = readonly (K extends "mx" ? { readonly exchange: string } : string)[];

function shown({ text }: Directive): string {
  return printable(text);
}

/** ASCII that is safe in a reply and a log. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, EXPLANATION_CHARS_MAX);
}
