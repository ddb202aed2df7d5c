import type { AppendAnswer, AppendWish } from "../../mail/mailbox_ask.ts";
import type { AppendOutcome, ViewNews } from "../../mail/mailbox_view.ts";
import { byteLength } from "../../base/mod.ts";
import type { AskOutcome, ImapAsk } from "../../protocol/imap/mod.ts";

type AppendEach = Extract<ImapAsk, { readonly name: "mailbox.appendEach" }>;
type Ask = (ask: ImapAsk) => Promise<AskOutcome>;

/** APPENDs that the sessions of one worker have begun before their turn: their messages wait for the disk beside those of everybody else. */
export class AppendsAhead {
  #bytes = 0;
  constructor(readonly bytesMax: number) {}

  /** Bytes of messages under way. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Asks for all of them at once, unless there are too many bytes under way in the worker; then for one after the other. */
  async ask(each: AppendEach, ask: Ask): Promise<AskOutcome> {
    const bytes = each.request.appends.reduce((sum, wish) => sum + bytesOf(wish), 0);
    if (this.#bytes + bytes > this.bytesMax) return await inTurn(each, ask);
    this.#bytes += bytes;
    try {
      return await ask(each);
    } finally {
      this.#bytes -= bytes;
    }
  }
}

function bytesOf({ messages }: AppendWish): number {
  return messages.reduce((sum, { parts }) => sum + byteLength(parts), 0);
}

async function inTurn({ request: { appends, news } }: AppendEach, ask: Ask): Promise<AskOutcome> {
  const answers: AppendAnswer[] = [];
  let told: ViewNews | undefined;
  for (const [i, wish] of appends.entries()) {
    const last = i === appends.length - 1 && news !== undefined ? { news } : {};
    const outcome = await ask({ type: "ask", name: "mailbox.append", request: { ...wish, ...last } });
    if (outcome.type === "failed") answers.push(outcome);
    else {
      const answer = outcome.reply as AppendOutcome;
      answers.push(answer);
      told = answer.type === "appended" ? answer.news : undefined;
    }
  }
  return { type: "reply", reply: { answers, ...(told === undefined ? {} : { news: told }) } };
}
