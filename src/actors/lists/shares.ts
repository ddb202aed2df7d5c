import { type MailParameters, NO_PARAMETERS, type OutgoingRecipient } from "../../mail/mod.ts";
import type { ListMember } from "../../messages/mod.ts";
import type { ListMail, ListServices, SignedList } from "./services.ts";
import { withSignatures } from "./signing.ts";

/** Members asked for at a time. */
const PAGE_MEMBERS = 1_000;
/** Recipients of one mail in the queue, which takes 5,000 items of it at most: with VERP each is an item. */
const SHARE_MAX = 4_000;
/** In how many mails a list goes out: a share is then as large on the average as three quarters of what it may be. */
const SHARES: readonly (readonly [membersMax: number, count: number])[] = [[SHARE_MAX, 1], [12_000, 4], [Infinity, 32]];

/** Members who get one mail of the queue. */
export interface Share {
  /** What tells this share from the others, however the members change until it is asked for again. */
  readonly name: string;
  readonly recipients: OutgoingRecipient[];
}

/** The members who get mail: each post as it comes, or all of a day in one. */
export interface Shares {
  readonly each: readonly Share[];
  readonly digest: readonly Share[];
}

/**
 * The members in shares that each become one mail of the queue. A list of usual size is one share, taken whole or not at all; in a
 * larger one a member's share follows from his address, so that whoever joins or leaves between two tries moves nobody else from a
 * share that is still to come to one that was sent.
 */
export async function sharesOf({ list, members }: ListMail, { directory }: ListServices): Promise<Shares> {
  const count = SHARES.find(([membersMax]) => members <= membersMax)?.[1] ?? 1;
  const shares = { each: new Map<string, Share>(), digest: new Map<string, Share>() };
  for (let after: string | null = null;;) {
    const request = { list: list.address, after, limit: PAGE_MEMBERS };
    const page: Page = await directory.ask("directory.memberPage", request);
    for (const { address, mode, suspendedAt } of page.records) {
      if (mode === "none" || suspendedAt !== null) continue;
      add(shares[mode], `${bucketOf(address, count)}of${count}`, address);
    }
    if (page.next === null) break;
    after = page.next;
  }
  return { each: [...shares.each.values()], digest: [...shares.digest.values()] };
}

interface Page {
  readonly records: readonly ListMember[];
  readonly next: string | null;
}

/** Hands a mail, signed once, to the queue for all members of the shares; durable when it resolves to how many they are. */
export async function sendToShares(
  shares: readonly Share[],
  { id, list, parameters, parts }: {
    readonly id: string;
    readonly list: SignedList;
    readonly parameters: Pick<MailParameters, "body" | "smtpUtf8" | "requireTls" | "priority">;
    readonly parts: readonly Uint8Array[];
  },
  services: ListServices,
): Promise<number> {
  if (shares.length === 0) return 0;
  const { queue, keys, clock } = services;
  const content = await withSignatures(parts, { id, list }, services);
  const sender = keys.bouncePath(list.address, clock.wallMs());
  let members = 0;
  for (const { name, recipients } of shares) {
    members += recipients.length;
    const opId = `${id}.${name}`;
    const { body, smtpUtf8, requireTls, priority } = parameters;
    const outgoing = { ...NO_PARAMETERS, ret: "headers", body, smtpUtf8, requireTls, priority } as const;
    await queue.ask("queue.enqueue", {
      opId,
      envelope: { ...outgoing, id: opId, sender, account: null },
      recipients,
      parts: content,
      ...(list.verp ? { each: true } : {}),
    });
  }
  return members;
}

/** Addresses can be chosen to fall into one share: a full one is followed by another. */
function add(shares: Map<string, Share>, name: string, address: string): void {
  for (let i = 0;; i++) {
    const key = i === 0 ? name : `${name}.${i}`;
    let share = shares.get(key);
    if (share === undefined) shares.set(key, share = { name: key, recipients: [] });
    if (share.recipients.length === SHARE_MAX) continue;
    // What comes back is counted; that something takes longer is nobody's concern.
    share.recipients.push({ address, notify: ["failure"], orcpt: null });
    return;
  }
}

function bucketOf(address: string, count: number): number {
  let value = 0;
  for (let i = 0; i < address.length; i++) value = (Math.imul(value, 31) + address.charCodeAt(i)) >>> 0;
  return value % count;
}
