import { asFailure, concat, utf8 } from "../../base/mod.ts";
import { NO_PARAMETERS, type OutgoingEnvelope } from "../../mail/mod.ts";
import type { ListOutcome, MailingList } from "../../messages/mod.ts";
import { composeDigest, detailed, type DigestMark, listName } from "../../policy/list/mod.ts";
import { done, type ListMail, type ListServices } from "./services.ts";
import { sendToShares, sharesOf } from "./shares.ts";

const DAY_MS = 86_400_000;
/** How long after a day (UTC) its digest is made, in ms: what came at its end is in the queue by then. */
const AFTER_MS = 600_000;
/** A post that missed the digest of its day is taken into another so long after it, in ms. */
const MISSED_MS = 2 * DAY_MS;

/** Posts, and bytes, of one digest; what is more goes into another of the same day. */
export const DIGEST_POSTS_MAX = 100;
const DIGEST_BYTES_MAX = 8 * 1024 * 1024;
/** Items of the queue looked at in one request. */
const PAGE_ITEMS = 1_000;

/** A post in the queue. */
interface Kept {
  readonly id: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * Keeps a post in the queue until the digest of its day is made, under an address that stands for that day, and sees to it that it
 * will be: one more mail, to be tried when the day is over. Both are there once, however often they are asked for.
 */
export async function keepForDigest(
  { id, list, envelope, parts }: {
    readonly id: string;
    readonly list: MailingList;
    readonly envelope: OutgoingEnvelope;
    readonly parts: readonly Uint8Array[];
  },
  services: ListServices,
): Promise<void> {
  const day = Math.floor(services.clock.wallMs() / DAY_MS);
  const dueMs = (day + 1) * DAY_MS + AFTER_MS;
  const keep = (mark: DigestMark["mark"], opId: string, releaseAtMs: number, content: readonly Uint8Array[]) => {
    const { body, smtpUtf8, requireTls } = envelope;
    const address = detailed(list.address, services.keys.digestDetail(list.address, { mark, day }));
    return services.queue.ask("queue.enqueue", {
      opId,
      envelope: { ...NO_PARAMETERS, body, smtpUtf8, requireTls, id: opId, sender: "", account: null, releaseAtMs },
      recipients: [{ address, notify: [], orcpt: null }],
      parts: content,
    });
  };
  await keep("kept", `${id}.d`, dueMs + MISSED_MS, parts);
  const trigger = utf8("Subject: a digest is due\r\n\r\n");
  await keep("due", `${dueMs.toString(36)}.${encodeURIComponent(list.address)}.d`, dueMs, [trigger]);
}

/** What is to be done when the mail is one of those above; null: it is a post like others. */
export async function digestStep(mail: ListMail, services: ListServices): Promise<ListOutcome | null> {
  const { list, target, envelope, parts, id } = mail;
  const { detail } = listName(target.address.slice(0, target.address.lastIndexOf("@")));
  const found = services.keys.readDigest(list.address, detail);
  if (found === null) return null;
  if (found.mark === "due") return done(`${await sendDigests(mail, found.day, services)} posts in digests`);
  await keepForDigest({ id, list, envelope, parts }, services);
  return done("kept for the next digest");
}

/** Makes digests of all posts of a day. What was sent is taken out of the queue afterwards: a crash between the two repeats it. */
async function sendDigests(mail: ListMail, day: number, services: ListServices): Promise<number> {
  const { list } = mail;
  const address = detailed(list.address, services.keys.digestDetail(list.address, { mark: "kept", day }));
  const { digest } = await sharesOf(mail, services);
  let posts = 0;
  for (const chunk of chunksOf(await keptUnder(address, services))) {
    if (digest.length > 0) await sendDigest(mail, { chunk, shares: digest, day, address }, services);
    for (const { id } of chunk) {
      await services.queue.ask("queue.listDecide", { id, address, verb: "delete" });
    }
    posts += chunk.length;
  }
  return posts;
}

async function sendDigest(
  { list }: ListMail,
  { chunk, shares, day, address }: {
    readonly chunk: readonly Kept[];
    readonly shares: Parameters<typeof sendToShares>[0];
    readonly day: number;
    readonly address: string;
  },
  services: ListServices,
): Promise<void> {
  const found = await Promise.all(chunk.map(({ id }) => fetchPost({ id, address }, services)));
  const posts = found.filter((post) => post !== null);
  if (posts.length === 0) return;
  // The same posts make the same digest, which the queue then takes once.
  const id = `${((day + 1) * DAY_MS).toString(36)}.${services.keys.digestId(list.address, chunk.map(({ id }) => id))}`;
  const content = composeDigest({ id, nowMs: services.clock.wallMs(), posts: posts.map(({ bytes }) => bytes) }, list);
  const isBinary = posts.some(({ envelope }) => envelope.body === "binarymime");
  const parameters = {
    body: isBinary ? "binarymime" : "8bitmime",
    smtpUtf8: posts.some(({ envelope }) => envelope.smtpUtf8),
    requireTls: posts.some(({ envelope }) => envelope.requireTls),
    priority: 0,
  } as const;
  await sendToShares(shares, { id, list, parameters, parts: [content] }, services);
}

/** Null when it is gone. */
async function fetchPost(named: { readonly id: string; readonly address: string }, { queue }: ListServices) {
  try {
    const { envelope, parts } = await queue.ask("queue.listFetch", named);
    return { envelope, bytes: concat(parts) };
  } catch (error) {
    if (asFailure(error)?.kind === "not_found") return null;
    throw error;
  }
}

/** What the queue keeps under an address, oldest first. */
async function keptUnder(address: string, { queue }: ListServices): Promise<Kept[]> {
  const kept: Kept[] = [];
  for (let after: number | null = 0; after !== null;) {
    const request = { address, after, limit: PAGE_ITEMS };
    const page: { mails: readonly Kept[]; next: number | null } = await queue.ask("queue.listWaiting", request);
    kept.push(...page.mails);
    after = page.next;
  }
  return kept;
}

function chunksOf(entries: readonly Kept[]): Kept[][] {
  const chunks: Kept[][] = [];
  let bytes = Infinity;
  for (const entry of entries) {
    const last = chunks.at(-1);
    if (last === undefined || last.length === DIGEST_POSTS_MAX || bytes + entry.size > DIGEST_BYTES_MAX) {
      chunks.push([entry]);
      bytes = entry.size;
    } else {
      last.push(entry);
      bytes += entry.size;
    }
  }
  return chunks;
}
