import { Failure } from "../../../base/mod.ts";
import type { Uid } from "../../../mail/uid.ts";
import { readIndex } from "../../../mime/mod.ts";
import type { ShardStore } from "../../../storage/mod.ts";
import { rowsIn } from "../row_pages.ts";
import type { OpenView } from "../view_book.ts";
import { intersection, type Ranges, rangesOf } from "../views/mod.ts";
import type { Candidate } from "./candidate.ts";
import { Found } from "./found.ts";
import type { Plan } from "./plan.ts";
import type { TextSource } from "./text_source.ts";
import type { Turns } from "./turns.ts";

/** Messages whose texts one turn asks for, and their bytes. */
const TEXTS_MAX = 32;
const TEXTS_BYTES_MAX = 4 * 1024 * 1024;

/** Messages whose texts may still be on the way when the next turn begins: the other worker is not to wait for this one. */
const TEXTS_AHEAD = 32;

/** Bytes of a message that are searched: what lies behind is attachments, or nobody reads it. */
const SEARCHED_BYTES_MAX = 8 * 1024 * 1024;

export interface SearchServices {
  readonly shard: ShardStore;
  readonly turns: Turns;
  readonly texts: TextSource;
}

/** A message that was looked at and not ruled out, in the order of UIDs. */
interface Looked {
  readonly candidate: Candidate;
  readonly sequence: number;
  readonly fits: boolean | Promise<boolean>;
}

/**
 * Looks at the messages of a view in turns, as it was when the search began. Throws Failure `not_found` when the view ends, and
 * what the source of texts throws.
 */
export async function runSearch(services: SearchServices, open: OpenView, plan: Plan): Promise<Found> {
  const { view } = open;
  const toldBefore = view.told;
  const all = view.uidNext === 1 ? ([] as number[] as readonly number[] as Ranges) : rangesOf([1, view.uidNext - 1], 0);
  const uids = plan.candidates === null ? all : intersection(all, plan.candidates);
  const found = new Found();
  const order = new InOrder(found);
  for (let after: number | null = 0; after !== null;) {
    await services.turns.next();
    if (open.closed || view.gone) throw new Failure("not_found", "the view has ended");
    const step: Step = lookOn(services, open, { plan, uids, after });
    order.add(step.looked);
    after = step.next;
    await order.until(after === null ? 0 : TEXTS_AHEAD);
  }
  // While it ran messages left the view: the numbers are others now.
  return view.told === toldBefore ? found : renumbered(services, open, found.uids());
}

/** Messages whose verdict is known or on its way, taken in their order. */
class InOrder {
  #queue: Looked[] = [];
  #waiting = 0;
  constructor(private readonly found: Found) {}

  add(looked: readonly Looked[]): void {
    for (const each of looked) {
      this.#queue.push(each);
      if (each.fits !== true) this.#waiting++;
    }
  }
  /** Takes in order, until no more than `ahead` verdicts are on their way. Rejects with what the first of them rejects with. */
  async until(ahead: number): Promise<void> {
    let taken = 0;
    for (const { candidate: { row }, sequence, fits } of this.#queue) {
      if (fits !== true && this.#waiting <= ahead) break;
      taken++;
      if (fits !== true) this.#waiting--;
      if (fits === true || await fits) this.found.add({ ...row, sequence });
    }
    this.#queue = this.#queue.slice(taken);
  }
}

interface Step {
  readonly looked: readonly Looked[];
  readonly next: number | null;
}

interface Stretch {
  readonly plan: Plan;
  readonly uids: Ranges;
  readonly after: number;
}

/** One turn. */
function lookOn(services: SearchServices, open: OpenView, { plan, uids, after }: Stretch): Step {
  const over = services.turns.begin();
  const looked: Looked[] = [];
  let texts = 0;
  let bytes = 0;
  const index = plan.level > 0 && !plan.cheap;
  for (const { row, sequence } of rowsIn(services.shard, open, { uids, after, index })) {
    if (texts >= TEXTS_MAX || bytes >= TEXTS_BYTES_MAX || over()) return { looked, next: row.uid - 1 };
    const candidate: Candidate = { row, facts: null, envelope: null, texts: null };
    let fits = index ? null : plan.test(candidate);
    if (fits === null) {
      readFacts(services, open, candidate);
      fits = plan.test(candidate);
    }
    if (fits === false) continue;
    if (fits === true) {
      looked.push({ candidate, sequence, fits });
      continue;
    }
    texts++;
    bytes += Math.min(row.size, SEARCHED_BYTES_MAX);
    const verdict = byTexts(services, open, { plan, candidate });
    // Awaited in order: one that fails behind another that fails is nobody's news.
    verdict.catch(() => {});
    looked.push({ candidate, sequence, fits: verdict });
  }
  return { looked, next: null };
}

function readFacts({ shard }: SearchServices, { of: { account, mailbox } }: OpenView, candidate: Candidate): void {
  const { row } = candidate;
  const bytes = row.index === undefined ? shard.fetchIndex(account, mailbox, row.uid) : row.index;
  const index = bytes === null ? null : readIndex(bytes);
  candidate.facts = index?.facts() ?? null;
  candidate.envelope = index?.envelope ?? null;
}

/** Whether a message fits by its texts; one that goes meanwhile does not. */
async function byTexts(
  { shard, texts }: SearchServices,
  { of: { account, mailbox } }: OpenView,
  { plan, candidate }: { readonly plan: Plan; readonly candidate: Candidate },
): Promise<boolean> {
  const { uid, content, size } = candidate.row;
  const read = (length: number) => shard.fetch(account, mailbox, { uid, offset: 0, length }).bytes;
  const message = { content: `${shard.number}/${content}`, size: Math.min(size, SEARCHED_BYTES_MAX), read };
  try {
    return plan.test({ ...candidate, texts: await texts.texts(message) }) === true;
  } catch (error) {
    if (error instanceof Failure && error.kind === "not_found") return false;
    throw error;
  }
}

function renumbered({ shard }: SearchServices, open: OpenView, uids: Ranges): Found {
  const found = new Found();
  for (const { row, sequence } of rowsIn(shard, open, { uids, after: 0, index: false })) {
    found.add({ sequence, uid: row.uid as Uid, modSeq: row.modSeq });
  }
  return found;
}
