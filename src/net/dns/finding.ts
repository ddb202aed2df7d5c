import { Failure } from "../../base/mod.ts";
import type { ResolverLimits } from "./limits.ts";
import { type Message, type QuestionType, RCODES, TYPES, type WireRecord } from "./message.ts";
import { clampTtl, READ_DATA, readAlias, readNegativeTtl, type RecordData } from "./record_data.ts";
import { malformed } from "./wire_name.ts";

/** What one answer says of a name; `ttlSeconds` null: not to be remembered. */
export type Finding<T> =
  | { readonly type: "found"; readonly name: string; readonly records: readonly T[]; readonly ttlSeconds: number }
  | { readonly type: "nodata" | "nxdomain"; readonly ttlSeconds: number | null }
  /** It is another name for the last of `names`, of which the answer says no more. */
  | { readonly type: "alias"; readonly names: AliasChain; readonly ttlSeconds: number };

/** The name that is asked for, behind the names that led to it. */
export type AliasChain = readonly string[];

/**
 * Reads what an answer says about the last of `names`, following the aliases in it (RFC 1034 §5.3.3). Only the answer section counts, and
 * of it only records of the names on the way. Throws a Failure (`dns`).
 */
export function readFinding<T extends QuestionType>(
  message: Message,
  question: { readonly names: AliasChain; readonly type: T },
  limits: ResolverLimits,
): Finding<RecordData[T]> {
  let names = question.names;
  let ttlSeconds = 0x7fff_ffff;
  for (;;) {
    const name = names.at(-1) ?? "";
    const owned = message.answers.filter(({ owner }) => owner === name);
    const wanted = owned.filter(({ type }) => type === TYPES[question.type]);
    if (wanted.length > 0) {
      if (message.rcode !== RCODES.noError) throw malformed("records of a name that does not exist");
      return { type: "found", name, ...readRecords(message, question.type, wanted, limits, ttlSeconds) };
    }
    const alias = owned.find(({ type }) => type === TYPES.CNAME);
    if (alias === undefined) break;
    names = follow(names, readAlias(message, alias), limits);
    ttlSeconds = Math.min(ttlSeconds, clampTtl(alias.ttlSeconds));
  }
  return readNegative(message, { names, ttlSeconds, isAlias: names !== question.names });
}

/** Refuses circles and chains without end (RFC 1034 §5.2.2). Throws a Failure (`dns`). */
function follow(names: AliasChain, name: string, limits: ResolverLimits): AliasChain {
  if (names.includes(name)) throw new Failure("dns", "aliases lead round in a circle");
  if (names.length > limits.aliasesMax) throw new Failure("dns", `more than ${limits.aliasesMax} aliases in a row`);
  return [...names, name];
}

function readRecords<T extends QuestionType>(
  message: Message,
  type: T,
  wanted: readonly WireRecord[],
  limits: ResolverLimits,
  ttlOfAliases: number,
): { records: RecordData[T][]; ttlSeconds: number } {
  if (wanted.length > limits.recordsMax) throw new Failure("dns", `more than ${limits.recordsMax} records`);
  let ttlSeconds = ttlOfAliases;
  const records = wanted.map((record) => {
    ttlSeconds = Math.min(ttlSeconds, clampTtl(record.ttlSeconds));
    return READ_DATA[type](message, record, limits);
  });
  return { records, ttlSeconds };
}

/** Tells "no such name", "no such record", "ask for the alias" and "ask somebody else" apart (RFC 2308 §2). */
function readNegative(
  message: Message,
  at: { readonly names: AliasChain; readonly ttlSeconds: number; readonly isAlias: boolean },
): Finding<never> {
  const name = at.names.at(-1) ?? "";
  const soa = message.authorities.find(({ type, owner }) => type === TYPES.SOA && isWithin(name, owner));
  // Without a SOA record, "no" must not be remembered (RFC 2308 §5).
  const ttlSeconds = soa === undefined ? null : Math.min(at.ttlSeconds, readNegativeTtl(message, soa));
  // The code is about the last name of the chain (RFC 6604 §3).
  if (message.rcode === RCODES.nxdomain) return { type: "nxdomain", ttlSeconds };
  if (soa !== undefined) return { type: "nodata", ttlSeconds };
  if (at.isAlias) return { type: "alias", names: at.names, ttlSeconds: at.ttlSeconds };
  // NS records without SOA lead elsewhere: the server does not resolve for us (RFC 2308 §2.2).
  if (message.authorities.some(({ type }) => type === TYPES.NS)) throw new Failure("dns", "a referral, no answer");
  return { type: "nodata", ttlSeconds: null };
}

function isWithin(name: string, zone: string): boolean {
  return zone === "" || name === zone || name.endsWith(`.${zone}`);
}
