import * as z from "zod";
import { Failure } from "../../base/mod.ts";
import type { QueueEntry, QueueVerb } from "../../messages/mod.ts";
import type { ControlContext } from "../control_context.ts";
import { type Method, read, write } from "../method.ts";
import { address } from "./fields.ts";
import { bytesText, listed, said } from "./shows.ts";

/** A walk over a million items takes seconds; this is for many millions, in ms. */
const WALK_MS_MAX = 600_000;
/** Entries looked at a time, and posts shown. */
const PAGE_ENTRIES = 1_000;
const HELD_MAX = 1_000;

/** A post that waits for a moderator. */
interface HeldPost {
  readonly id: string;
  readonly list: string;
  readonly sender: string;
  readonly size: number;
  readonly since: string;
  /** Its sender is told then. RFC 3339. */
  readonly until: string;
}

/** The post behind an entry of the queue, or null when it is another mail: only a held one has such an address. */
function heldIn({ id, recipients, sender, size, createdAt, dueAt }: QueueEntry): HeldPost | null {
  const [, local, domain] = /^([a-z0-9._-]+)\+held-[a-z2-7]{16}(@[^@]+)$/.exec(recipients[0]?.address ?? "") ?? [];
  if (local === undefined || domain === undefined) return null;
  return { id, list: local + domain, sender, size, since: createdAt, until: dueAt };
}

export const listHeld = read({
  name: "list.held",
  summary: "Posts to a list that wait for a moderator, oldest first",
  params: { address },
  verbs: [{
    usage: "list held ADDRESS",
    show: listed<HeldPost>(["POST", "FROM", "SIZE", "SINCE", "UNTIL"], (post) => [
      post.id,
      post.sender === "" ? "<>" : post.sender,
      bytesText(post.size),
      post.since.slice(0, 19),
      post.until.slice(0, 19),
    ]),
  }],
  async run({ address }, { directory, queue }) {
    const { list } = await directory.ask("directory.listGet", { address });
    const filter = { domain: list.address.slice(list.address.lastIndexOf("@") + 1) };
    const records: HeldPost[] = [];
    for (let after: number | null = 0; after !== null && records.length < HELD_MAX;) {
      const request = { filter, after, limit: PAGE_ENTRIES };
      const page: { entries: readonly QueueEntry[]; next: number | null } = await queue.ask(
        "queue.list",
        request,
        { deadlineMs: WALK_MS_MAX },
      );
      records.push(...page.entries.map(heldIn).filter((post) => post?.list === list.address) as HeldPost[]);
      after = page.next;
    }
    return { records: records.slice(0, HELD_MAX), next: null };
  },
});

/** The held post of that id. Throws Failure `not_found`. */
async function heldPost(id: string, { queue }: ControlContext): Promise<HeldPost> {
  const { entries } = await queue.ask("queue.list", { filter: { id }, after: 0, limit: 1 });
  const post = entries[0] === undefined ? null : heldIn(entries[0]);
  if (post === null) throw new Failure("not_found", `no post ${id} waits for a moderator`);
  return post;
}

/** One decision about a held post. */
function decision(name: string, verb: QueueVerb, { summary, said: what }: { summary: string; said: string }) {
  return write({
    name: `list.${name}`,
    summary,
    params: { post: z.string().min(1).max(255).describe("As list.held shows it") },
    verbs: [{ usage: `list ${name} POST`, show: ({ id }: HeldPost) => said(`post ${id} is ${what}`) }],
    async run({ post: id, dryRun }, context) {
      const post = await heldPost(id, context);
      await context.queue.ask("queue.act", { verb, filter: { id: post.id }, dryRun: dryRun === true });
      return post;
    },
  }) as Method;
}

export const listAccept = decision("accept", "retry", { summary: "Distribute a held post", said: "accepted" });
export const listReject = decision("reject", "bounce", { summary: "Send a held post back", said: "sent back" });
export const listDiscard = decision("discard", "delete", {
  summary: "Drop a held post without a word",
  said: "dropped",
});
