import { createHmac, timingSafeEqual } from "node:crypto";
import { type Random, utf8 } from "../../base/mod.ts";
import type { AccountId } from "../../mail/account.ts";
import type { MailboxRef, SettingOutcome } from "../../storage/mod.ts";
import { type Place, placeWith, rightsIn } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";

/** Bytes of a mailbox access key: 256 bits, where RFC 4467 §2.2 asks for 128. */
const KEY_BYTES = 32;
/** What tokens begin with: by which algorithm they were made (RFC 4467 §2.4.1). This one is HMAC-SHA-256. */
const ALGORITHM = "01";
/** Mailboxes looked at in one turn. */
const LOOKED_MAX = 200;

export function newKey(random: Random): Uint8Array {
  return random.bytes(KEY_BYTES);
}

/** What vouches for a URL, in hexadecimal digits. */
function tokenOf(key: Uint8Array, rump: string): string {
  return ALGORITHM + createHmac("sha256", key).update(utf8(rump)).digest("hex");
}

/** Whether a token was made for this URL by this key. Takes as long whatever it is. */
export function vouches(key: Uint8Array, { rump, token }: { readonly rump: string; readonly token: string }): boolean {
  const [right, given] = [utf8(tokenOf(key, rump)), utf8(token.toLowerCase())];
  return right.length === given.length && timingSafeEqual(right, given);
}

/** An account's key for a mailbox; null when it has none. */
export function keyOf({ shard }: Pick<State, "shard">, { owner, node }: Place, account: AccountId): Uint8Array | null {
  return shard.accessKeys(owner, node.mailbox).find(([who]) => who === account)?.[1] ?? null;
}

/** GENURLAUTH (RFC 4467 §7). The key is durable before a token is made by it. */
export function urlToken(state: State, request: Asked<"mailbox.urlToken">, reply: Answer<"mailbox.urlToken">): void {
  const { account, name, uidValidity, rump } = request;
  const place = placeWith(state, account, name, "r");
  if (place === null || !isOf(state, place, uidValidity)) return reply.ok({ type: "missing" });
  const key = keyOf(state, place, account);
  if (key !== null) return reply.ok({ type: "made", token: tokenOf(key, rump) });
  const made = state.shares.inTurn(() => makeKey(state, place, account)).then((outcome) =>
    "key" in outcome ? { type: "made" as const, token: tokenOf(outcome.key, rump) } : outcome
  );
  answerLater(state, made, reply);
}

/** Whether a URL is of the mailbox as it is now (RFC 5092 §5). */
export function isOf({ shard }: State, { owner, node }: Place, uidValidity: number | null): boolean {
  return uidValidity === null || shard.status(owner, node.mailbox).uidValidity === uidValidity;
}

type Refused = Exclude<SettingOutcome, { readonly type: "done" }>;

/** The key that somebody else has made meanwhile, or a new one. */
async function makeKey(
  state: State,
  place: Place,
  account: AccountId,
): Promise<{ readonly key: Uint8Array } | Refused> {
  const known = keyOf(state, place, account);
  return known === null ? await replaceKey(state, place, account) : { key: known };
}

async function replaceKey(
  { shard, random }: State,
  { owner, node }: Place,
  account: AccountId,
): Promise<{ readonly key: Uint8Array } | Refused> {
  const key = newKey(random);
  const outcome = await shard.setAccessKeys(owner, node.mailbox, [[account, key]]);
  return outcome.type === "done" ? { key } : outcome;
}

/** RESETKEY (RFC 4467 §7), of one mailbox or of all. */
export function resetKey(state: State, request: Asked<"mailbox.resetKey">, reply: Answer<"mailbox.resetKey">): void {
  const { account, name } = request;
  if (name === null) {
    const removed = state.shares.inTurn(() => removeKeys(state, account)).then(() => ({ type: "done" as const }));
    return answerLater(state, removed, reply);
  }
  const place = placeWith(state, account, name, "r");
  if (place === null) return reply.ok({ type: "missing" });
  const replaced = state.shares.inTurn(() => replaceKey(state, place, account)).then((outcome) => {
    if (!("key" in outcome)) return outcome;
    tellReset(state, place, account);
    return { type: "done" as const };
  });
  answerLater(state, replaced, reply);
}

/** Sessions of the account that have the mailbox selected are told. */
function tellReset({ views }: State, { owner, node }: Place, account: AccountId): void {
  for (const open of views.of(owner, node.mailbox)) {
    if (open.account !== account) continue;
    open.keyReset = true;
    views.stir(open);
  }
}

/** An account's keys go, in its own mailboxes and in those that others share. */
export async function removeKeys(state: State, account: AccountId): Promise<void> {
  const { shard, turns } = state;
  let looked = 0;
  for (const { account: owner, mailbox } of placesOf(state, account)) {
    if (++looked % LOOKED_MAX === 0) await turns.next();
    if (!shard.accessKeys(owner, mailbox).some(([who]) => who === account)) continue;
    await shard.setAccessKeys(owner, mailbox, [[account, null]]);
  }
}

/** Every mailbox for which an account can have a key: its own, and those that are shared. */
function placesOf({ shard, shares }: State, account: AccountId): MailboxRef[] {
  const own = shard.mailboxes(account).filter(({ mailbox }) => mailbox > 0);
  const others = [...shares.all()].flatMap(({ owner, mailboxes }) =>
    [...mailboxes].map((mailbox) => ({ account: owner, mailbox }))
  );
  return [...own.map(({ mailbox }) => ({ account, mailbox })), ...others];
}

/** Whoever may not read a mailbox any more loses the key for it: what was shared again later begins anew. */
export async function dropKeys(state: State, at: MailboxRef): Promise<void> {
  const lost = state.shard.accessKeys(at.account, at.mailbox)
    .filter(([who]) => !rightsIn(state, who, at).includes("r"))
    .map(([who]) => [who, null] as const);
  if (lost.length > 0) await state.shard.setAccessKeys(at.account, at.mailbox, lost);
}
