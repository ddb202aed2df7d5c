/** What a resolver may spend: on one question, on all of them, and on what it remembers. */
export interface ResolverLimits {
  /** Longest wait for one answer of one server, in ms. */
  readonly tryMsMax: number;
  /** Longest time for one question with all its tries, aliases and waiting, in ms. */
  readonly totalMsMax: number;
  /** How often all servers are asked before a question fails. */
  readonly roundsMax: number;
  /** Aliases (CNAME) in a row. */
  readonly aliasesMax: number;
  /** Records of the wanted type in one answer: with more, the answer is refused. */
  readonly recordsMax: number;
  /** Octets of one TXT record: with more, the answer is refused. */
  readonly textBytesMax: number;
  /** Datagrams that are no answer to the question, before it is asked over TCP: somebody is guessing (RFC 5452 §9.3). */
  readonly strangersMax: number;
  /** Questions under way at a time. */
  readonly questionsMax: number;
  /** Questions that wait for their turn: one more is told `busy`. */
  readonly waitingMax: number;
  /** Answers that are remembered; those unused for longest go first. */
  readonly cacheEntriesMax: number;
  /** Octets of remembered answers, as they came over the wire. */
  readonly cacheBytesMax: number;
  /** An answer is kept at least so long, in seconds, whatever its TTL says; 0 obeys a TTL of 0. */
  readonly ttlSecondsMin: number;
  /** An answer is kept no longer than this, in seconds. */
  readonly ttlSecondsMax: number;
  /** "No such name" and "no such record" are kept no longer than this, in seconds (RFC 2308 §5: one to three hours). */
  readonly negativeSecondsMax: number;
}

/** Limits that suit a mail server with a resolver on its own machine or network. */
export const RESOLVER_LIMITS: ResolverLimits = {
  tryMsMax: 4_000, // A recursive resolver that starts cold takes a second or two.
  totalMsMax: 15_000,
  roundsMax: 2,
  aliasesMax: 12,
  recordsMax: 1_000,
  textBytesMax: 16_384,
  strangersMax: 16,
  questionsMax: 200,
  waitingMax: 2_000,
  cacheEntriesMax: 10_000,
  cacheBytesMax: 8 * 1024 * 1024,
  ttlSecondsMin: 0,
  ttlSecondsMax: 86_400,
  negativeSecondsMax: 3_600,
};
