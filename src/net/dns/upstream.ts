import { type Clock, Failure, type Random } from "../../base/mod.ts";
import { exchangeDatagrams, exchangeStream, nameOf } from "./exchange.ts";
import type { ResolverLimits } from "./limits.ts";
import { encodeQuery, type Message, type Question, RCODES, readMessage } from "./message.ts";
import type { ServerAddress } from "./server_address.ts";
import { malformed } from "./wire_name.ts";

/** What an upstream stands on. */
export interface UpstreamOptions {
  readonly servers: readonly ServerAddress[];
  /** Whether to ask for validation (RFC 4035 §4.9.1): without trust in the AD bit, signatures are a waste of the datagram. */
  readonly dnssec: boolean;
  readonly limits: ResolverLimits;
  readonly clock: Clock;
  readonly random: Random;
}

/** How long a question may take, and who may call it off. */
export interface Patience {
  /** On the monotonic clock, in ms. */
  readonly endMs: number;
  readonly signal: AbortSignal;
}

/** The configured name servers, asked in turn until one gives an answer that can be used. */
export class Upstream {
  /** The server that answered last: a dead one costs its timeout only until another has answered. */
  #first = 0;
  constructor(private readonly options: UpstreamOptions) {}

  /** Asks until `read` takes an answer without a Failure. Rejects with a Failure (`dns`, or the signal's reason). */
  async ask<T>(question: Question, patience: Patience, read: (message: Message) => T): Promise<T> {
    const { servers, limits } = this.options;
    /** Servers that said no in words: asking again at once would not change it. */
    const failed = new Set<number>();
    let last: Failure | null = null;
    const first = this.#first;
    for (let i = 0; i < servers.length * limits.roundsMax; i++) {
      const index = (first + i) % servers.length;
      const server = servers[index]!;
      if (failed.has(index)) continue;
      try {
        const message = await this.#exchange(server, question, patience);
        if (message.rcode === RCODES.noError || message.rcode === RCODES.nxdomain) {
          const result = read(message);
          this.#first = index;
          return result;
        }
        failed.add(index);
        last = new Failure("dns", `${nameOf(server)} answered ${rcodeName(message.rcode)}`);
      } catch (error) {
        if (!(error instanceof Failure) || error.kind !== "dns") throw error;
        last = error;
      }
      if (this.#leftMs(patience) <= 0) break;
    }
    throw new Failure("dns", `no name server could tell ${question.type} of ${question.name}`, { cause: last });
  }

  async #exchange(server: ServerAddress, question: Question, patience: Patience): Promise<Message> {
    const message = await this.#tryWith(server, question, patience, { edns: true });
    // An old server that does not know EDNS says so by FORMERR or NOTIMP, without an OPT record (RFC 6891 §7).
    const unknown = message.rcode === RCODES.formatError || message.rcode === RCODES.notImplemented;
    return unknown && !message.edns ? await this.#tryWith(server, question, patience, { edns: false }) : message;
  }

  async #tryWith(
    server: ServerAddress,
    question: Question,
    patience: Patience,
    { edns }: { edns: boolean },
  ): Promise<Message> {
    const { limits, clock, random, dnssec } = this.options;
    const query = encodeQuery(question, { random, edns, dnssec });
    const options = () => ({
      server,
      query,
      clock,
      signal: patience.signal,
      tryMsMax: Math.max(0, Math.min(limits.tryMsMax, this.#leftMs(patience))),
    });
    const datagram = await exchangeDatagrams({ ...options(), strangersMax: limits.strangersMax });
    if (datagram !== null) {
      const message = readMessage(datagram, query);
      if (!message.truncated) return message;
    }
    // Nobody but the server can answer on a connection.
    const message = readMessage(await exchangeStream(options()), query);
    if (message.truncated) throw malformed("truncated over TCP");
    return message;
  }

  #leftMs({ endMs }: Patience): number {
    return endMs - this.options.clock.monotonicMs();
  }
}

function rcodeName(rcode: number): string {
  const names: Readonly<Record<number, string>> = { 1: "FORMERR", 2: "SERVFAIL", 4: "NOTIMP", 5: "REFUSED" };
  return names[rcode] ?? `code ${rcode}`;
}
