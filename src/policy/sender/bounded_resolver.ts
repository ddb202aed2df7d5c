import {
  asFailure,
  type Clock,
  type DnsAnswer,
  Failure,
  type MxRecord,
  type Resolver,
  type TlsaRecord,
} from "../../base/mod.ts";

/** What one check may ask of the DNS. */
export interface ResolverBounds {
  readonly clock: Clock;
  /** When all answers must be there, in ms from now. */
  readonly deadlineMs: number;
  /** Different questions. */
  readonly questionsMax: number;
}

/**
 * The resolver of one check: asks each question once, asks few of them, and none for longer than the deadline. Beyond a bound
 * the answer is a temporary Failure (`dns`). Close it when the check has ended.
 */
export class BoundedResolver implements Resolver {
  readonly #answers = new Map<string, Promise<unknown>>();
  readonly #waiting = new Set<(failure: Failure) => void>();
  readonly #cancel: () => void;
  #closed = false;

  constructor(private readonly inner: Resolver, private readonly bounds: ResolverBounds) {
    this.#cancel = bounds.clock.after(bounds.deadlineMs, () => this.close());
  }

  /** Fails what is not answered yet and whatever is asked later. */
  close(): void {
    this.#closed = true;
    this.#cancel();
    for (const fail of [...this.#waiting]) fail(late());
    this.#waiting.clear();
  }

  mx(domain: string): Promise<DnsAnswer<MxRecord>> {
    return this.#ask(`mx ${domain}`, () => this.inner.mx(domain));
  }
  a(name: string): Promise<DnsAnswer<string>> {
    return this.#ask(`a ${name}`, () => this.inner.a(name));
  }
  aaaa(name: string): Promise<DnsAnswer<string>> {
    return this.#ask(`aaaa ${name}`, () => this.inner.aaaa(name));
  }
  txt(name: string): Promise<DnsAnswer<string>> {
    return this.#ask(`txt ${name}`, () => this.inner.txt(name));
  }
  ptr(ip: string): Promise<DnsAnswer<string>> {
    return this.#ask(`ptr ${ip}`, () => this.inner.ptr(ip));
  }
  tlsa(name: string): Promise<DnsAnswer<TlsaRecord>> {
    return this.#ask(`tlsa ${name}`, () => this.inner.tlsa(name));
  }

  #ask<T>(question: string, ask: () => Promise<DnsAnswer<T>>): Promise<DnsAnswer<T>> {
    const key = question.toLowerCase();
    const known = this.#answers.get(key) as Promise<DnsAnswer<T>> | undefined;
    if (known !== undefined) return known;
    if (this.#closed) return Promise.reject(late());
    if (this.#answers.size >= this.bounds.questionsMax) {
      return Promise.reject(new Failure("dns", "a check asks the DNS too much"));
    }
    const answer = new Promise<DnsAnswer<T>>((resolve, reject) => {
      this.#waiting.add(reject);
      const done = () => this.#waiting.delete(reject);
      ask().catch(noSuchName).then(resolve, reject).finally(done);
    });
    this.#answers.set(key, answer);
    return answer;
  }
}

/** A name that no resolver would ask for, as it cannot exist, is one that does not; what is temporary stays a Failure. */
function noSuchName(error: unknown): { readonly type: "nxdomain"; readonly secure: false } {
  if (asFailure(error)?.temporary === false) return { type: "nxdomain", secure: false };
  throw error;
}

function late(): Failure {
  return new Failure("dns", "the DNS did not answer within the check's deadline");
}
