import { asFailure } from "../../base/mod.ts";
import type { AccountId } from "../../mail/account.ts";
import type { AppendAnswer, NewsOfView } from "../../mail/mailbox_ask.ts";
import type { AppendOutcome, ViewNews } from "../../mail/mailbox_view.ts";
import { limitsOf } from "../../mail/quota.ts";
import type { MessageRef } from "../../storage/mod.ts";
import { keepsPrivate } from "./annotate.ts";
import { newsAtOnce } from "./news.ts";
import { freeFlags, placeWith, viewWith, wanting } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";

/** APPEND (RFC 9051 §6.3.12, RFC 3502), all or none; REPLACE (RFC 8508 §3.4) takes the old message away in the same change. */
export function append(state: State, request: Asked<"mailbox.append">, reply: Answer<"mailbox.append">): void {
  answerLater(state, withNews(state, request, begin(state, request), isAppended), reply);
}

/** APPENDs of a pipeline (RFC 9051 §5.5): begun in their order and in one turn, so that one flush makes all of them durable. */
export function appendEach(
  state: State,
  request: Asked<"mailbox.appendEach">,
  reply: Answer<"mailbox.appendEach">,
): void {
  const { appends, ...more } = request;
  const begun = appends.map((wish) => among(() => begin(state, { ...more, ...wish })));
  const work = Promise.all(begun).then((answers) => ({ answers }));
  answerLater(state, withNews(state, request, work, ({ answers }) => answers.some(isAppended)), reply);
}

function isAppended({ type }: AppendAnswer): boolean {
  return type === "appended";
}

/** What one of several comes to, which is its own: that it fails keeps no other. */
async function among(begun: () => Promise<AppendOutcome>): Promise<AppendAnswer> {
  try {
    return await begun();
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    return { type: "failed", kind: failure.kind };
  }
}

type Appending = Omit<Asked<"mailbox.append">, "news">;

/** Hands messages to the store. Throws Failure `refused` when a right is wanting. */
function begin(state: State, request: Appending): Promise<AppendOutcome> {
  const { shard, clock } = state;
  const { opId, account, name, replaces } = request;
  const old = replaces === undefined ? {} : { replaces: replaced(state, account, replaces) };
  const place = placeWith(state, account, name, "i");
  if (place === null) return Promise.resolve({ type: "missing" });
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
  const input = { ...(opId === undefined ? {} : { opId }), ...to, ...limitsOf(request), messages, savedMs, ...old };
  const arrivals = (outcome: AppendOutcome) => outcome.type === "appended" ? outcome.uids.length : 0;
  return state.watches.during(request, to, shard.append(input), arrivals);
}

/**
 * Adds what is news, if that is wanted and something came. Meanwhile the session is not told that there is any: the answer says what
 * it is.
 */
async function withNews<T extends object>(
  state: State,
  { account, news }: { readonly account: AccountId; readonly news?: NewsOfView },
  work: Promise<T>,
  came: (outcome: T) => boolean,
): Promise<T & { readonly news?: ViewNews }> {
  const open = news === undefined ? null : state.views.find(account, news.view);
  if (news === undefined || open === null) return await work;
  const { stirred } = open;
  open.stirred = true;
  let told: ViewNews | null = null;
  try {
    const outcome = await work;
    if (!came(outcome) || open.closed) return outcome;
    told = newsAtOnce(state, open, news);
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
