import { asFailure } from "../../src/base/failure.ts";
import type { MailboxAsks } from "../../src/mail/mailbox_ask.ts";
import { eachStore, type StoreAnswer, type StoreWish } from "../../src/mail/store_wish.ts";

type Asks = MailboxAsks["mailbox.store"];
type Each = MailboxAsks["mailbox.storeEach"];
type OfAccount = Pick<Each["request"], "account" | "by">;

/** What STOREs come to that are asked for together: each by itself, null where there is nothing to tell; news with the last. */
export function storeEach(
  { stores, news, ...of }: Omit<Each["request"], keyof OfAccount>,
  store: (request: Omit<Asks["request"], keyof OfAccount>) => Asks["reply"],
): Each["reply"] {
  let told: Asks["reply"]["news"];
  const one = (wish: StoreWish, last: boolean): StoreAnswer => {
    try {
      const { news: brought, ...done } = store({ ...of, ...wish, ...(last && news !== undefined ? { news } : {}) });
      told = brought;
      const isPlain = done.rows.length + done.modified.length === 0 && !done.missing && done.type === "stored";
      return isPlain ? null : done;
    } catch (error) {
      const failure = asFailure(error);
      if (failure === null) throw error;
      return { type: "failed", kind: failure.kind };
    }
  };
  const answers = eachStore(stores).map((wish, i, all) => one(wish, i === all.length - 1));
  return told === undefined ? { answers } : { answers, news: told };
}
