import type { ViewNews } from "../../mail/mailbox_view.ts";
import type { AskOutcome, ImapAsk } from "../../protocol/imap/mod.ts";

/** What the sessions of one worker have asked for together, before its turn: so much waits for the disk beside what others ask for. */
export class TogetherBudget {
  #underWay = 0;
  constructor(readonly max: number) {}

  get underWay(): number {
    return this.#underWay;
  }

  /** Notes so much until `work` has ended, well or not; null when that would be too much: then `work` is not begun. */
  begin<T>(size: number, work: () => Promise<T>): Promise<T> | null {
    if (this.#underWay + size > this.max) return null;
    this.#underWay += size;
    const ended = () => void (this.#underWay -= size);
    const begun = work();
    // Whoever takes what came of it is told; it may be that nobody does.
    begun.then(ended, ended);
    return begun;
  }
}

/** The same one after the other: what each of them comes to, and what is news behind the last, if that is wanted. */
export async function inTurn(
  asks: readonly ImapAsk[],
  news: object | undefined,
  ask: (one: ImapAsk) => Promise<AskOutcome>,
): Promise<AskOutcome> {
  const answers: unknown[] = [];
  let told: { readonly news?: ViewNews } = {};
  for (const [i, one] of asks.entries()) {
    const isLast = i === asks.length - 1 && news !== undefined;
    const outcome = await ask(isLast ? { ...one, request: { ...one.request, news } } as ImapAsk : one);
    if (outcome.type === "failed") answers.push(outcome);
    else {
      const { news, ...answer } = outcome.reply as { readonly news?: ViewNews };
      answers.push(answer);
      told = news === undefined ? {} : { news };
    }
  }
  return { type: "reply", reply: { answers, ...told } };
}
