/** One thing that happened to a mail, as one worker saw it. */
export interface TraceEvent {
  /** RFC 3339. */
  readonly at: string;
  readonly worker: string;
  /** A fixed short phrase, as in the log. */
  readonly event: string;
  readonly fields: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
}

/** What the trace actor of a worker understands. */
export interface TraceProtocol {
  /**
   * What is remembered of the mails that a word names: a mail's id, an address in its envelope, its Message-ID. Words that fit
   * many mails name the newest of them.
   */
  "trace.find": {
    request: { readonly words: readonly string[] };
    reply: { readonly ids: readonly string[]; readonly events: readonly TraceEvent[] };
  };
}
