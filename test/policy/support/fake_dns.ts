import { type DnsAnswer, Failure, type MxRecord, type Resolver } from "../../../src/base/mod.ts";
import { dottedIp, parseIp } from "../../../src/policy/ip.ts";

function keyOf(name: string): string {
  const ip = parseIp(name);
  return ip === null ? name.toLowerCase() : dottedIp(ip);
}

/** A resolver may refuse what cannot be a name. SPF needs labels of any printable ASCII: its macros make such (RFC 2181 §11). */
function isAskable(name: string): boolean {
  const plain = name.endsWith(".") ? name.slice(0, -1) : name;
  return plain.length <= 253 && plain.split(".").every((label) => /^[ -~]{1,63}$/.test(label));
}

/** Records of one name; a name without an entry does not exist. */
export interface FakeName {
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  readonly mx?: readonly string[];
  readonly txt?: readonly string[];
  readonly ptr?: readonly string[];
  /** Questions for what is not listed fail in time. */
  readonly broken?: boolean;
}

/** A resolver over data, which counts and notes what it is asked. */
export class FakeDns implements Resolver {
  readonly asked: string[] = [];
  readonly #zone: ReadonlyMap<string, FakeName>;
  constructor(zone: Readonly<Record<string, FakeName>>) {
    this.#zone = new Map(Object.entries(zone).map(([name, entry]) => [keyOf(name), entry]));
  }

  mx(domain: string): Promise<DnsAnswer<MxRecord>> {
    return this.#answer("mx", domain, (exchange, i) => ({ preference: i, exchange }));
  }
  a(name: string): Promise<DnsAnswer<string>> {
    return this.#answer("a", name, (text) => text);
  }
  aaaa(name: string): Promise<DnsAnswer<string>> {
    return this.#answer("aaaa", name, (text) => text);
  }
  txt(name: string): Promise<DnsAnswer<string>> {
    return this.#answer("txt", name, (text) => text);
  }
  /** Keyed by the address itself, however it is written. */
  ptr(ip: string): Promise<DnsAnswer<string>> {
    return this.#answer("ptr", ip, (text) => text);
  }
  tlsa(): Promise<DnsAnswer<never>> {
    return Promise.resolve({ type: "nxdomain", secure: false });
  }

  #answer<T>(
    type: Exclude<keyof FakeName, "broken">,
    name: string,
    make: (text: string, index: number) => T,
  ): Promise<DnsAnswer<T>> {
    this.asked.push(`${type} ${name.toLowerCase()}`);
    if (parseIp(name) === null && !isAskable(name)) {
      return Promise.reject(new Failure("invalid", "no such name can be"));
    }
    const entry = this.#zone.get(keyOf(name));
    const records = entry?.[type];
    if (records !== undefined) return Promise.resolve({ type: "found", records: records.map(make), secure: false });
    if (entry?.broken === true) return Promise.reject(new Failure("dns", "no answer in time"));
    return Promise.resolve({ type: entry === undefined ? "nxdomain" : "nodata", secure: false });
  }
}
