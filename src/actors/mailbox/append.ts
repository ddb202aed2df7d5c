import type { AccountId } from "../../mail/account.ts";
import type { NewsWanted } from "../../mail/mailbox_ask.ts";
import type { AppendOutcome, ViewNews } from "../../mail/mailbox_view.ts";
import { limitsOf } from "../../mail/quota.ts";
import type { MessageRef } from "../../storage/mod.ts";
import { keepsPrivate } from "./annotate.ts";
import { newsAtOnce } from "./news.ts";
import { freeFlags, placeWith, viewWith, wanting } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";

/** APPEND (RFC 9051 §6.3.12, RFC 3502), all or none; REPLACE (RFC 8508 §3.4) takes the old message away in the same change. */
export function append(state: State, request: Asked<"mailbox.append">, reply: Answer<"mailbox.append">): void {
  const { shard, clock } = state;
  const { opId, account, name, replaces, news } = request;
  const old = replaces === undefined ? {} : { replaces: replaced(state, account, replaces) };
  const place = placeWith(state, account, name, "i");
  if (place === null) return reply.ok({ type: "missing" });
  // RFC 4314 §4: flags that may not be set are left out.
  const free = freeFlags(place.rights);
  const savedMs = clock.wallMs();
  const annotations = request.messages.flatMap(({ annotations = [] }) => annotations);
  const shared = annotations.some(({ scope }) => scope === "shared");
  // RFC 5257 §3.4: what may not be stored is refused.
  if (shared && !place.rights.includes("n")) throw wanting();
  if (!keepsPrivate(annotations, account, place.owner)) throw wanting();
  const messages = request.messages.map((message) => ({
    ...message,
    flags: message.flags & free.flags,
    keywords: free.keywords ? message.keywords : [],
    internalDateMs: message.internalDateMs ?? savedMs,
  }));
  const to = { account: place.owner, mailbox: place.node.mailbox };
  const input = { opId, ...to, ...limitsOf(request), messages, savedMs, ...old };
  const arrivals = (outcome: AppendOutcome) => outcome.type === "appended" ? outcome.uids.length : 0;
  const appended = state.watches.during(request, to, shard.append(input), arrivals);
  answerLater(state, news === undefined ? appended : withNews(state, { account, ...news }, appended), reply);
}

/** The session is not told that there is news while its own append is under way: the answer says what it is. */
async function withNews(
  state: State,
  { account, view, expunges }: NewsWanted & { readonly account: AccountId; readonly view: number },
  appended: Promise<AppendOutcome>,
): Promise<AppendOutcome> {
  const open = state.views.find(account, view);
  if (open === null) return await appended;
  const { stirred } = open;
  open.stirred = true;
  let told: ViewNews | null = null;
  try {
    const outcome = await appended;
    if (outcome.type !== "appended" || open.closed) return outcome;
    told = newsAtOnce(state, open, { expunges });
    return told === null ? outcome : { ...outcome, news: told };
  } finally {
    if (told === null) open.stirred = stirred;
    if (told === null && !open.closed && state.views.hasNews(open)) state.views.stir(open);
  }
}

/** Where the old message lies. Throws Failure `refused` when it may not be taken away. */
function replaced(
  state: State,
  account: AccountId,
  { view, uid }: NonNullable<Asked<"mailbox.append">["replaces"]>,
): MessageRef {
  const { open } = viewWith(state, { account, view }, { rights: "te", writes: true });
  return { account: open.of.account, mailbox: open.of.mailbox, uid };
}
