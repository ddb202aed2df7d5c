import { asFailure, type Resolver } from "../../base/mod.ts";
import { includesIp, parseIp } from "../ip.ts";

/** Names of an address that are looked at, as in SPF (RFC 7208 §4.6.4). */
const NAMES_MAX = 10;

/** Results of iprev (RFC 8601 §2.7.3). */
export type IprevResult = "pass" | "fail" | "temperror" | "permerror";

/** Whether an address has a name that leads back to it. */
export interface IprevVerdict {
  readonly result: IprevResult;
  /** The name that does. */
  readonly name: string | null;
}

/** Looks up the names of an address, and the addresses of those names (RFC 8601 §3). */
export async function checkIprev(address: string, resolver: Resolver): Promise<IprevVerdict> {
  const ip = parseIp(address);
  if (ip === null) return { result: "permerror", name: null };
  try {
    const answer = await resolver.ptr(address);
    // RFC 8601 §3: an address without a name is a permanent error.
    if (answer.type !== "found" || answer.records.length === 0) return { result: "permerror", name: null };
    let failed = false;
    for (const name of answer.records.slice(0, NAMES_MAX)) {
      const addresses = await addressesOf(name, ip.length === 4, resolver);
      if (addresses === null) failed = true;
      else if (includesIp(addresses, ip)) return { result: "pass", name };
    }
    return { result: failed ? "temperror" : "fail", name: null };
  } catch (error) {
    if (asFailure(error) === null) throw error;
    return { result: "temperror", name: null };
  }
}

/** Null when the DNS fails: another name may yet lead back. */
async function addressesOf(name: string, four: boolean, resolver: Resolver): Promise<readonly string[] | null> {
  if (name.length === 0 || name.length > 254) return [];
  try {
    const answer = await (four ? resolver.a(name) : resolver.aaaa(name));
    return answer.type === "found" ? answer.records : [];
  } catch (error) {
    if (asFailure(error) === null) throw error;
    return null;
  }
}
