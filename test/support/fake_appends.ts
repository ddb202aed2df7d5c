import { asFailure } from "../../src/base/failure.ts";
import type { AppendAnswer, AppendWish, MailboxAsks } from "../../src/mail/mailbox_ask.ts";

type Each = MailboxAsks["mailbox.appendEach"];

/** What APPENDs come to that are asked for together: each by itself, and what is news behind all of them. */
export function appendEach(
  { appends, news }: Pick<Each["request"], "appends" | "news">,
  append: (wish: AppendWish) => AppendAnswer,
  brought: (wanted: Each["request"]["news"]) => Pick<Each["reply"], "news">,
): Each["reply"] {
  const answers = appends.map((wish): AppendAnswer => {
    try {
      return append(wish);
    } catch (error) {
      const failure = asFailure(error);
      if (failure === null) throw error;
      return { type: "failed", kind: failure.kind };
    }
  });
  return { answers, ...(answers.some(({ type }) => type === "appended") ? brought(news) : {}) };
}
