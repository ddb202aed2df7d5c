import { type Address, canonicalLocal, formatAddress, NO_PARAMETERS, type OutgoingRecipient } from "../../mail/mod.ts";
import type { ListOutcome, MailingList } from "../../messages/mod.ts";
import { authorAddress } from "../../policy/dmarc/mod.ts";
import { distributed, notPosted } from "../../policy/list/mod.ts";
import { heldState, hold } from "./hold.ts";
import { done, type ListMail, type ListServices } from "./services.ts";

/** Members asked for at a time. */
const PAGE_MEMBERS = 1_000;
/** Recipients of one mail in the queue, which takes 5,000 items of it at most: with VERP each is an item. */
const SHARE_MAX = 4_000;
/** A list with more members goes out in so many mails. */
const SHARES = 32;

/** Distributes a post to the members, or says why not. Asked again, it sends nothing twice. */
export async function distribute(mail: ListMail, services: ListServices): Promise<ListOutcome> {
  const { list, message, envelope, size } = mail;
  const why = notPosted(message, { sender: envelope.sender, list: list.address });
  if (why !== null) return done(`left alone: ${why}`);
  if (!message.complete) return refused("5.6.0", "its header cannot be read");
  if (list.bytesMax > 0 && size > list.bytesMax) {
    return refused("5.2.3", `${list.address} takes mail of ${list.bytesMax} bytes at most`);
  }
  const held = heldState(mail, services);
  if (held === "late") return refused("5.7.2", `the moderators of ${list.address} did not accept it in time`);
  if (held === null && !await mayPost(list, authorAddress(message), services)) {
    if (list.others === "hold") return await hold(mail, services);
    return refused("5.7.2", `only ${list.post} may post to ${list.address}, and the mail is from one of them alone`);
  }
  const parts = distributed(message, list);
  const shares = await sharesOf(mail, services);
  const sender = services.keys.bouncePath(list.address, services.clock.wallMs());
  const { body, smtpUtf8, requireTls, priority } = envelope;
  let members = 0;
  for (const { name, recipients } of shares) {
    members += recipients.length;
    const opId = `${mail.id}.${name}`;
    const outgoing = { ...NO_PARAMETERS, ret: "headers", body, smtpUtf8, requireTls, priority, id: opId } as const;
    await services.queue.ask("queue.enqueue", {
      opId,
      envelope: { ...outgoing, sender, account: null },
      recipients,
      parts,
      ...(list.verp ? { each: true } : {}),
    });
  }
  return done(`sent to ${members} members`);
}

function refused(status: string, text: string): ListOutcome {
  return { type: "refused", status, text };
}

/** By the author whom readers see, and whom DMARC vouches for; the reverse-path may be anything. */
async function mayPost(list: MailingList, author: Address | null, { directory }: ListServices): Promise<boolean> {
  if (list.post === "anybody") return true;
  if (author === null) return false;
  const address = formatAddress({ ...author, local: canonicalLocal(author.local) });
  if (list.owners.includes(address) || list.moderators.includes(address)) return true;
  if (list.post === "moderators") return false;
  return (await directory.ask("directory.memberGet", { list: list.address, address })).member !== null;
}

interface Share {
  /** What tells this share from the others, however the members change until it is asked for again. */
  readonly name: string;
  readonly recipients: OutgoingRecipient[];
}

/**
 * The members who get mail, in shares that each become one mail of the queue. A list of usual size is one share, taken whole or
 * not at all; in a larger one a member's share follows from his address, so that whoever joins or leaves between two tries
 * moves nobody else from a share that is still to come to one that was sent.
 */
async function sharesOf({ list, members }: ListMail, { directory }: ListServices): Promise<Share[]> {
  const count = members <= SHARE_MAX ? 1 : SHARES;
  const shares = new Map<string, Share>();
  for (let after: string | null = null;;) {
    const request = { list: list.address, after, limit: PAGE_MEMBERS };
    const page: { records: readonly Member[]; next: string | null } = await directory.ask(
      "directory.memberPage",
      request,
    );
    for (const { address, mode, suspendedAt } of page.records) {
      if (mode !== "each" || suspendedAt !== null) continue;
      add(shares, `${bucketOf(address, count)}of${count}`, address);
    }
    if (page.next === null) break;
    after = page.next;
  }
  return [...shares.values()];
}

type Member = { readonly address: string; readonly mode: string; readonly suspendedAt: string | null };

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
