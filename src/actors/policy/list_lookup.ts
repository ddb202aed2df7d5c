import { asFailure, type Clock, describeError, type Log, type Resolver } from "../../base/mod.ts";
import type { Listing } from "../../messages/mod.ts";
import { type DnsList, type ListAnswer, listQueryName, listText, readListAnswer } from "../../policy/dns_list.ts";
import { BoundedResolver } from "../../policy/sender/mod.ts";
import { Gate } from "./gate.ts";

/** How long all lists together may take, in ms: a client waits for it once. */
const LOOKUP_MS_MAX = 5_000;
/** Clients that are asked about at a time; with the deadline, some 200 new ones a second even when no name server answers. */
const LOOKUPS_MAX = 1_000;
/** Least time between two lines of the log about one list that fails, in ms. */
const NOTE_MS_MIN = 600_000;

/** What block and allow lists are asked with. */
export interface ListLookupOptions {
  readonly lists: readonly DnsList[];
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly log: Log;
  /** Counted up as it goes. */
  readonly counters: { listed: number; listFailures: number };
}

/** Asks block and allow lists of the DNS about clients (RFC 5782). What is not known speaks for the client. */
export class ListLookup {
  readonly #gate: Gate;
  /** Of lists that fail: when the log last told, and how often since. */
  readonly #failing = new Map<string, { notedMs: number; unnoted: number }>();

  constructor(private readonly options: ListLookupOptions) {
    const limits = { checksMax: LOOKUPS_MAX, waitingMax: 0, bytesMax: 0, waitMsMax: LOOKUP_MS_MAX };
    this.#gate = new Gate(limits, options.clock);
  }

  /** The first block list that names the address; null when none does, or an allow list does or might. Rejects with Failure `busy`. */
  listed(ip: string): Promise<Listing | null> {
    return this.#gate.run(0, () => this.#lookUp(ip));
  }

  async #lookUp(ip: string): Promise<Listing | null> {
    const { lists, clock, counters } = this.options;
    const bounds = { clock, deadlineMs: LOOKUP_MS_MAX, questionsMax: 2 * lists.length };
    const resolver = new BoundedResolver(this.options.resolver, bounds);
    try {
      const answers = await Promise.all(lists.map((list) => this.#ask(list, ip, resolver)));
      const spokenFor = lists.some(({ kind }, i) => kind === "allow" && answers[i] !== "notNamed");
      const block = lists.find(({ kind }, i) => kind === "block" && answers[i] === "named");
      if (spokenFor || block === undefined) return null;
      counters.listed++;
      return { listedBy: block.name, text: await textOf(block, ip, resolver) };
    } finally {
      resolver.close();
    }
  }

  async #ask(list: DnsList, ip: string, resolver: Resolver): Promise<ListAnswer> {
    const name = listQueryName(ip, list.zone);
    if (name === null) return "notNamed";
    try {
      const answer = await resolver.a(name);
      if (answer.type !== "found") return "notNamed";
      const meaning = readListAnswer(answer.records, list);
      if (meaning === "error") this.#noteFailure(list, `answered ${answer.records.slice(0, 4).join(", ")}`);
      return meaning;
    } catch (error) {
      if (asFailure(error) === null) throw error;
      this.#noteFailure(list, describeError(error));
      return "error";
    }
  }

  /** A list that is gone fails for every client: the log is told once in a while. */
  #noteFailure({ name, zone }: DnsList, error: string): void {
    const { clock, log, counters } = this.options;
    counters.listFailures++;
    const nowMs = clock.monotonicMs();
    const before = this.#failing.get(zone);
    if (before !== undefined && nowMs - before.notedMs < NOTE_MS_MIN) return void before.unnoted++;
    log.warn("DNS list failed", { list: name, error, failures: (before?.unnoted ?? 0) + 1 });
    this.#failing.set(zone, { notedMs: nowMs, unnoted: 0 });
  }
}

/** A refusal stands without the list's own words, too. */
async function textOf({ zone }: DnsList, ip: string, resolver: Resolver): Promise<string | null> {
  try {
    const answer = await resolver.txt(listQueryName(ip, zone) ?? zone);
    return answer.type === "found" ? listText(answer.records) : null;
  } catch (error) {
    if (asFailure(error) === null) throw error;
    return null;
  }
}
