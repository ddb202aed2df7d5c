/** How strangers' mail is put off the first time. */
export interface GreylistPolicy {
  /** How long the first attempt is put off, in ms. */
  readonly delayMs: number;
  /** A second attempt later than this after the first counts as a first one again, in ms. */
  readonly retryMsMax: number;
  /** How long who has come again is let in at once, since the last mail, in ms. */
  readonly keepMs: number;
  /** Of each kind, waiting and let in, so many are remembered; those that were not seen for longest go first. */
  readonly entriesMax: number;
}

/** What is known of one triplet; times in ms since 1970 UTC. */
export interface GreyEntry {
  /** `waiting` since `atMs`, or let in (`known`), last at `atMs`. */
  readonly state: "waiting" | "known";
  readonly atMs: number;
}

/** A known triplet that is used is noted anew only after this long, in ms: else every mail would be a write. */
const NOTE_AGAIN_MS = 86_400_000;

/** Who has come before: of triplets of network, sender and recipient. A program that never comes again is no mail server. */
export class Greylist {
  /** Apart, so that noise from strangers pushes out strangers only. */
  readonly #waiting = new Map<string, number>();
  readonly #known = new Map<string, number>();
  #changed = new Map<string, GreyEntry | null>();

  constructor(private readonly policy: GreylistPolicy, entries: Iterable<readonly [string, GreyEntry]> = []) {
    for (const [key, { state, atMs }] of [...entries].sort(([, a], [, b]) => a.atMs - b.atMs)) {
      this.#put(state === "known" ? this.#known : this.#waiting, key, atMs);
    }
  }

  get size(): number {
    return this.#waiting.size + this.#known.size;
  }

  /** Whether mail of this triplet is let in now. */
  passes(key: string, nowMs: number): boolean {
    const lastMs = this.#known.get(key);
    if (lastMs !== undefined && within(nowMs - lastMs, this.policy.keepMs)) {
      if (nowMs - lastMs >= NOTE_AGAIN_MS) this.#note(key, { state: "known", atMs: nowMs });
      return true;
    }
    const firstMs = this.#waiting.get(key);
    const ageMs = firstMs === undefined ? -1 : nowMs - firstMs;
    if (within(ageMs, this.policy.delayMs - 1)) return false;
    const passes = within(ageMs, this.policy.retryMsMax);
    this.#note(key, { state: passes ? "known" : "waiting", atMs: nowMs });
    return passes;
  }

  /** What has changed since this was last asked for; null is what was forgotten. */
  takeChanges(): ReadonlyMap<string, GreyEntry | null> {
    const changes = this.#changed;
    this.#changed = new Map();
    return changes;
  }

  #note(key: string, entry: GreyEntry): void {
    this.#waiting.delete(key);
    this.#known.delete(key);
    this.#put(entry.state === "known" ? this.#known : this.#waiting, key, entry.atMs);
    this.#changed.set(key, entry);
  }

  #put(map: Map<string, number>, key: string, atMs: number): void {
    map.set(key, atMs);
    if (map.size <= this.policy.entriesMax) return;
    const oldest = map.keys().next().value;
    if (oldest === undefined) return;
    map.delete(oldest);
    this.#changed.set(oldest, null);
  }
}

/** A clock that went back makes ages negative: nothing is within them. */
function within(ageMs: number, msMax: number): boolean {
  return ageMs >= 0 && ageMs <= msMax;
}
