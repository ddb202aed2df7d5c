import {
  type AliasResolver,
  type Clock,
  type DnsAnswer,
  Failure,
  type MxRecord,
  type Random,
  type Resolver,
  type TlsaRecord,
} from "../../base/mod.ts";
import { AnswerCache } from "./cache.ts";
import { type AliasChain, type Finding, readFinding } from "./finding.ts";
import { Gate } from "./gate.ts";
import { RESOLVER_LIMITS, type ResolverLimits } from "./limits.ts";
import type { QuestionType } from "./message.ts";
import { parseName, type QuestionName, reverseName } from "./name.ts";
import type { RecordData } from "./record_data.ts";
import { parseServer } from "./server_address.ts";
import { type Patience, Upstream } from "./upstream.ts";

/** What a resolver stands on. */
export interface ResolverOptions {
  /** Recursive name servers in order, each `address`, `address:port` or `[address]:port`; at least one. */
  readonly servers: readonly string[];
  /**
   * Whether the servers validate DNSSEC, and the way to them is safe: only then `secure` may be true (RFC 4035 §4.9.3, RFC 7672
   * §2.1). Best on this machine only.
   */
  readonly trustAd: boolean;
  readonly limits?: Partial<ResolverLimits>;
  readonly clock: Clock;
  readonly random: Random;
}

/** Figures of a resolver since its start, but for those of now. */
export interface ResolverStatus {
  readonly cached: number;
  readonly cachedBytes: number;
  /** Questions under way now, and those that wait for their turn. */
  readonly active: number;
  readonly waiting: number;
  readonly hits: number;
  readonly misses: number;
}

/** A stub resolver (RFC 1034 §5.3.1): asks recursive name servers and remembers what they said. */
export interface StubResolver extends Resolver, AliasResolver {
  readonly status: ResolverStatus;
  /** Ends all questions with a `closed` Failure and lets go of their sockets. */
  close(): void;
}

/**
 * Makes a resolver. Throws a Failure (`invalid`) on a server that is no address. Its questions reject with a Failure: `dns`,
 * `busy`, `closed`; or `invalid`, for good, when no name of that form can exist: such a name is not asked for.
 */
export function createResolver(options: ResolverOptions): StubResolver {
  return new CachingResolver(options);
}

class CachingResolver implements StubResolver {
  readonly #limits: ResolverLimits;
  readonly #upstream: Upstream;
  readonly #cache: AnswerCache;
  readonly #gate: Gate;
  /** Questions under way by key: who asks the same waits for the same answer. */
  readonly #asked = new Map<string, Promise<DnsAnswer<unknown>>>();
  readonly #end = new AbortController();
  #hits = 0;
  #misses = 0;

  constructor(private readonly options: ResolverOptions) {
    const { clock, random, trustAd } = options;
    const limits = { ...RESOLVER_LIMITS, ...options.limits };
    const servers = options.servers.map(parseServer);
    if (servers.length === 0) throw new Failure("invalid", "a resolver needs a name server");
    this.#limits = limits;
    this.#upstream = new Upstream({ servers, dnssec: trustAd, limits, clock, random });
    this.#cache = new AnswerCache({ clock, entriesMax: limits.cacheEntriesMax, bytesMax: limits.cacheBytesMax });
    this.#gate = new Gate({ insideMax: limits.questionsMax, waitingMax: limits.waitingMax, clock });
  }

  get status(): ResolverStatus {
    return {
      cached: this.#cache.entries,
      cachedBytes: this.#cache.bytes,
      active: this.#gate.inside,
      waiting: this.#gate.waiting,
      hits: this.#hits,
      misses: this.#misses,
    };
  }

  mx(domain: string): Promise<DnsAnswer<MxRecord>> {
    return this.#ask("MX", parseName(domain));
  }
  a(name: string): Promise<DnsAnswer<string>> {
    return this.#ask("A", parseName(name));
  }
  aaaa(name: string): Promise<DnsAnswer<string>> {
    return this.#ask("AAAA", parseName(name));
  }
  txt(name: string): Promise<DnsAnswer<string>> {
    return this.#ask("TXT", parseName(name));
  }
  ptr(ip: string): Promise<DnsAnswer<string>> {
    return this.#ask("PTR", reverseName(ip));
  }
  tlsa(name: string): Promise<DnsAnswer<TlsaRecord>> {
    return this.#ask("TLSA", parseName(name));
  }
  cname(name: string): Promise<DnsAnswer<string>> {
    return this.#ask("CNAME", parseName(name));
  }

  close(): void {
    this.#end.abort(new Failure("closed", "the resolver is closed"));
  }

  #ask<T extends QuestionType>(type: T, name: QuestionName | null): Promise<DnsAnswer<RecordData[T]>> {
    if (name === null) return Promise.reject(new Failure("invalid", "not a name to ask the DNS for"));
    if (this.#end.signal.aborted) return Promise.reject(this.#end.signal.reason);
    const key = `${type} ${name}`;
    // The key holds the type: what is found under it is of that type.
    const known = this.#cache.get(key) as DnsAnswer<RecordData[T]> | null;
    if (known !== null) {
      this.#hits++;
      return Promise.resolve(known);
    }
    const underWay = this.#asked.get(key) as Promise<DnsAnswer<RecordData[T]>> | undefined;
    if (underWay !== undefined) return underWay;
    this.#misses++;
    const asking = this.#askInTurn(type, name, key).finally(() => this.#asked.delete(key));
    this.#asked.set(key, asking);
    return asking;
  }

  async #askInTurn<T extends QuestionType>(
    type: T,
    name: QuestionName,
    key: string,
  ): Promise<DnsAnswer<RecordData[T]>> {
    const endMs = this.options.clock.monotonicMs() + this.#limits.totalMsMax;
    await this.#gate.enter(this.#limits.totalMsMax);
    try {
      this.#end.signal.throwIfAborted();
      const { answer, seconds, packetBytes } = await this.#resolve(type, name, { endMs, signal: this.#end.signal });
      this.#cache.put(key, answer, { seconds, packetBytes });
      return answer;
    } finally {
      this.#gate.leave();
    }
  }

  /** Asks, and asks again for the name behind an alias that the answer does not follow. */
  async #resolve<T extends QuestionType>(type: T, asked: QuestionName, patience: Patience): Promise<Resolved<T>> {
    let names: AliasChain = [asked];
    let secure = this.options.trustAd;
    let ttlSeconds = Infinity;
    let packetBytes = 0;
    for (;;) {
      const name = parseName(names.at(-1) ?? "");
      if (name === null) throw new Failure("dns", `an alias of ${asked} is no name to ask for`);
      const finding = await this.#upstream.ask({ type, name }, patience, (message) => {
        const read: Finding<RecordData[T]> = readFinding(message, { names, type }, this.#limits);
        return { ...read, authentic: message.authentic, bytes: message.bytes.length };
      });
      // One link that is not validated makes the whole chain insecure.
      secure = secure && finding.authentic;
      packetBytes += finding.bytes;
      ttlSeconds = Math.min(ttlSeconds, finding.ttlSeconds ?? 0);
      if (finding.type === "alias") {
        names = finding.names;
        continue;
      }
      if (finding.type === "found") {
        const behind = finding.name === asked ? {} : { alias: finding.name };
        const answer = { type: finding.type, records: finding.records, secure, ...behind };
        return { answer, packetBytes, seconds: this.#bounded(ttlSeconds, this.#limits.ttlSecondsMax) };
      }
      const max = Math.min(this.#limits.negativeSecondsMax, this.#limits.ttlSecondsMax);
      const seconds = finding.ttlSeconds === null ? 0 : this.#bounded(ttlSeconds, max);
      return { answer: { type: finding.type, secure }, packetBytes, seconds };
    }
  }

  #bounded(ttlSeconds: number, max: number): number {
    return Math.min(Math.max(ttlSeconds, this.#limits.ttlSecondsMin), max);
  }
}

interface Resolved<T extends QuestionType> {
  readonly answer: DnsAnswer<RecordData[T]>;
  /** How long it may be remembered. */
  readonly seconds: number;
  readonly packetBytes: number;
}
