import type { OutgoingEnvelope } from "../mail/envelope.ts";
import type { SigningDomain } from "./policy.ts";

/** What its owners decide about a list. */
export interface ListSettings {
  /** What List-Id calls it (RFC 2919 §3), for people; empty: nothing. */
  readonly title: string;
  /** Whose mail is distributed. */
  readonly post: "anybody" | "members" | "moderators";
  /** What becomes of mail from others: it comes back, or waits for a moderator. */
  readonly others: "refuse" | "hold";
  /** Who becomes a member: whoever confirms his address; after an owner has agreed, too; only whom an operator adds. */
  readonly join: "open" | "confirm" | "closed";
  /** Where answers go: to the author, as he wrote it, or to the list. */
  readonly replyTo: "author" | "list";
  /** Stands before the subject, e.g. `[cats]`; empty: the subject stays as it is. A prefix breaks signatures over it. */
  readonly subjectPrefix: string;
  /** Largest mail that is distributed, in bytes; 0 means no limit of its own. */
  readonly bytesMax: number;
  /** Every member gets a transaction and a reverse-path of his own, by which a bounce is known whatever it says (VERP). */
  readonly verp: boolean;
  /**
   * Where one request leaves the list without a question (RFC 8058): an https address to which what names list and member is added;
   * whoever serves it hands that to `list.unsubscribe`. Needs `verp`, as each member has his own. Null: there is none.
   */
  readonly unsubscribeUrl: string | null;
  /** Where the archive is (https), for List-Archive; null: there is none. */
  readonly archiveUrl: string | null;
}

/** A list, without its members: there may be many, and only who distributes asks for them, page by page. */
export interface MailingList extends ListSettings {
  /** Canonical `local@domain`; mail to `local-request@`, `local-owner@` and `local-bounces@` is the list's, too. */
  readonly address: string;
  /** Who get mail to `local-owner@`, and may ask who the members are. */
  readonly owners: readonly string[];
  /** Who may post besides the owners where only moderators may, and decide on what is held; the owners when there are none. */
  readonly moderators: readonly string[];
  /** RFC 3339. */
  readonly createdAt: string;
}

/** How a member gets the list's mail: each one, all of a day in one, or (as on leave) none. */
export type MemberMode = "each" | "digest" | "none";

/** Somebody who belongs to a list. */
export interface ListMember {
  /** As it goes on the wire. */
  readonly address: string;
  readonly mode: MemberMode;
  /** RFC 3339. */
  readonly joinedAt: string;
  /** Days on which mail to him came back, since the last pause that was long enough to forget them. */
  readonly bounceDays: number;
  /** The last of these days, as `YYYY-MM-DD`; null: none. */
  readonly lastBounce: string | null;
  /** He gets nothing since then, as too much came back; null: he does. RFC 3339. */
  readonly suspendedAt: string | null;
}

interface Change {
  /** Answers as if, and changes nothing. */
  readonly dryRun?: boolean;
}

/** One page of members, in order of address. */
export interface MemberPageRequest {
  readonly list: string;
  /** Canonical address behind which to begin, as `next` gave it; null: from the start. */
  readonly after: string | null;
  /** At most 10,000. */
  readonly limit: number;
}

/** What the directory actor understands about lists. Failures of kind exists, not_found or invalid. */
export interface DirectoryListProtocol {
  "directory.listAdd": {
    request: Change & Partial<ListSettings> & {
      readonly address: string;
      readonly owners: readonly string[];
      readonly moderators?: readonly string[];
    };
    reply: MailingList;
  };
  "directory.listUpdate": {
    request: Change & Partial<ListSettings> & {
      readonly address: string;
      readonly owners?: readonly string[];
      readonly moderators?: readonly string[];
    };
    reply: MailingList;
  };
  "directory.listRemove": { request: Change & { readonly address: string }; reply: MailingList };
  "directory.listList": {
    request: { readonly domain: string | null; readonly after: string | null; readonly limit: number };
    reply: { readonly records: readonly MailingList[]; readonly next: string | null };
  };
  "directory.listGet": {
    request: { readonly address: string };
    reply: {
      readonly list: MailingList;
      readonly members: number;
      /** Whose keys sign its mail; null when nobody's do. */
      readonly signer: SigningDomain | null;
    };
  };
  /** Adds a member, or changes how he gets mail; that ends his suspension. */
  "directory.memberPut": {
    request: Change & { readonly list: string; readonly address: string; readonly mode: MemberMode };
    reply: ListMember;
  };
  "directory.memberRemove": {
    request: Change & { readonly list: string; readonly address: string };
    reply: ListMember;
  };
  /** Null when he is no member. */
  "directory.memberGet": {
    request: { readonly list: string; readonly address: string };
    reply: { readonly member: ListMember | null };
  };
  "directory.memberPage": {
    request: MemberPageRequest;
    reply: { readonly records: readonly ListMember[]; readonly next: string | null };
  };
  /** Mail to a member came back; `suspended` when that was once too often. Null when he is no member. */
  "directory.memberBounced": {
    request: { readonly list: string; readonly address: string };
    reply: { readonly member: ListMember | null; readonly suspended: boolean };
  };
}

/** What an address of a list is for. */
export type ListRole = "post" | "request" | "bounces";

/** An address that a list answers for. */
export interface ListTarget {
  /** The list's own address. */
  readonly list: string;
  readonly role: ListRole;
  /** Canonical, detail included. */
  readonly address: string;
  readonly verp: boolean;
}

/** What became of a mail to a list. */
export type ListOutcome =
  /** Distributed, obeyed, counted, or rightly left alone; what follows from it is durable. */
  | { readonly type: "done"; readonly text: string }
  /** The sender is to be told why. */
  | { readonly type: "refused"; readonly status: string; readonly text: string };

/** What the list actor understands. A Failure means: later again; whatever had been done is not done twice. */
export interface ListProtocol {
  "list.take": {
    request: {
      /** Identity of this mail to this recipient, the same whenever it is asked again. */
      readonly id: string;
      readonly target: ListTarget;
      readonly envelope: OutgoingEnvelope;
      readonly parts: readonly Uint8Array[];
    };
    reply: ListOutcome;
  };
  /** Takes the member out whom the end of his unsubscribe address names. Failure `invalid` when it was not made here. */
  "list.leave": { request: { readonly token: string }; reply: { readonly list: string; readonly member: string } };
}
