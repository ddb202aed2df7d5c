import { type Random, utf8 } from "../../src/base/mod.ts";
import { type MailboxName, SPECIAL_USES } from "../../src/mail/mailbox_name.ts";
import type { Quota } from "../../src/mail/quota.ts";
import { rangesOf } from "../../src/mail/ranges.ts";
import { UID_MAX } from "../../src/mail/uid.ts";
import type { MessageAnnotationChange } from "../../src/mail/message_annotation.ts";
import type { AppendMessage, ShardStore } from "../../src/storage/mod.ts";
import { replacing } from "./account_inputs.ts";
import { account } from "./support.ts";

export const ACCOUNTS = ["anna", "ann", "bert"].map(account);
export const MAILBOXES = [1, 2, 7, 8, 0xffff_ffff];
/** Few, so that they meet. */
export const NAMES = ["INBOX", "Sent", "Junk", "a", "a/b", "a/b/c", "b", "INBOX/x", "ü"] as MailboxName[];
const KEYWORDS = ["$Forwarded", "$forwarded", "Work", "WORK", "k1", "k2", "k3"];

/** One change, the same for both stores. */
export type Step = (shard: ShardStore) => Promise<unknown>;

interface Dice {
  readonly luck: number;
  pick<T>(from: readonly T[]): T;
  below(limit: number): number;
  some<T>(make: () => T, max: number): T[];
}

function dice(random: Random): Dice {
  const below = (limit: number) => Math.floor(random.next() * limit);
  return {
    luck: random.next(),
    below,
    pick: (from) => from[below(from.length)]!,
    some: (make, max) => Array.from({ length: below(max + 1) }, make),
  };
}

/** A change of any kind; `alone` also those whose outcome depends on the MODSEQs of a group. */
export function randomStep(random: Random, number: number, alone: boolean): Step {
  const some = dice(random);
  if (some.luck < 0.45) return mailStep(some, random, number);
  if (some.luck < 0.6) return flagStep(some, alone);
  if (some.luck < 0.75) return copyStep(some, number);
  if (some.luck < 0.9) return treeStep(some);
  if (some.luck < 0.95) return annotateStep(some, alone);
  return settingStep(some);
}

/** What was there before accounts had more than an INBOX. */
function mailStep({ pick, below, some }: Dice, random: Random, number: number): Step {
  const [owner, mailbox] = [pick(ACCOUNTS), pick(MAILBOXES)];
  const luck = random.next();
  const opId = `op-${luck < 0.9 ? number : below(number + 1)}`;
  const quota = quotaOf(below);
  if (luck < 0.6) {
    const targets = [{ account: owner, ...quota }, ...some(() => ({ account: pick(ACCOUNTS), ...quota }), 2)];
    const parts = [utf8(`${opId} `), utf8("x".repeat(below(60)))];
    const index = pick([null, utf8(`index ${number}`), new Uint8Array(600)]);
    const flags = below(32);
    return (shard) => shard.deliver({ opId, targets, mailbox, flags, parts, index, internalDateMs: number });
  }
  if (luck < 0.8) {
    const message = (): AppendMessage => ({
      parts: [utf8(`appended ${number} ${below(100)}`)],
      index: pick([null, utf8("i")]),
      flags: below(32),
      keywords: some(() => pick(KEYWORDS), 3),
      internalDateMs: below(10 ** 9),
      annotations: below(3) === 0 ? annotationsOf({ pick, below, some }).filter(({ value }) => value !== null) : [],
    } as AppendMessage);
    const messages = [message(), ...some(message, 3)];
    const replaces = {
      account: pick([owner, owner, pick(ACCOUNTS)]),
      mailbox: pick([mailbox, pick(MAILBOXES)]),
      uid: 1 + below(30),
    };
    const input = { opId, account: owner, mailbox, ...quota, messages, savedMs: number * 1_000 };
    return (shard) => shard.append(luck < 0.7 ? input : { ...input, replaces });
  }
  const uids = some(() => below(60) + 1, 8);
  const taken = `op-${below(number + 1)}`;
  if (luck < 0.9) return (shard) => shard.expunge(owner, mailbox, uids);
  if (luck < 0.96) return (shard) => shard.withdraw(taken);
  return (shard) => shard.purge(owner);
}

function flagStep({ pick, below, some }: Dice, alone: boolean): Step {
  const [owner, mailbox, uids] = [pick(ACCOUNTS), pick(MAILBOXES), some(() => below(60) + 1, 12)];
  const [add, remove] = [below(32), below(32)];
  if (below(3) === 0) {
    // Some flags are added, some removed; the others stay, and so do keywords.
    const mixed = { ...replacing(add), within: { flags: add | remove, keywords: false } };
    return (shard) => shard.storeFlags(owner, mailbox, uids, mixed);
  }
  const store = {
    how: pick(["add", "remove", "replace"] as const),
    flags: below(32),
    keywords: some(() => pick(KEYWORDS), 4),
    unchangedSince: alone ? pick([null, null, below(20)]) : null,
  };
  if (below(2) === 0) return (shard) => shard.storeFlags(owner, mailbox, uids, store);
  const ranges = rangesOf([...uids, ...uids.slice(0, below(2)), ...pick([[], [1, UID_MAX]])], 0);
  return (shard) => shard.storeRanges(owner, mailbox, ranges, store);
}

/** None, or one of bytes, of messages or of both. */
function quotaOf(below: Dice["below"]): Quota {
  return { quotaBytes: below(2) * (1 + below(3_000)), quotaMessages: below(2) * (1 + below(40)) };
}

function copyStep({ pick, below, some }: Dice, number: number): Step {
  const from = { account: pick(ACCOUNTS), mailbox: pick(MAILBOXES) };
  const to = { account: pick([from.account, from.account, pick(ACCOUNTS)]), mailbox: pick(MAILBOXES) };
  const uids = some(() => below(60) + 1, 20);
  const [quota, move] = [quotaOf(below), below(2) === 0];
  const annotations = pick(["all", "shared", "none"] as const);
  const within = below(2) === 0 ? {} : { within: { flags: below(32), keywords: below(2) === 0 } };
  return (shard) => shard.copy({ from, to, uids, ...quota, move, annotations, ...within, savedMs: number * 1_000 });
}

function annotationsOf({ pick, below, some }: Omit<Dice, "luck">): MessageAnnotationChange[] {
  return some(() => ({
    entry: pick(["/comment", "/altsubject", "/1/flags/seen", "/1.2/comment", "/vendor/x"]),
    scope: pick(["priv", "shared"] as const),
    value: pick([null, utf8("1"), utf8("note"), new Uint8Array(below(4_000)).fill(9)]),
  }), 3);
}

function annotateStep(dice: Dice, alone: boolean): Step {
  const { pick, below, some } = dice;
  const [owner, mailbox, uids] = [pick(ACCOUNTS), pick(MAILBOXES), some(() => below(60) + 1, 12)];
  const store = { changes: annotationsOf(dice), unchangedSince: alone ? pick([null, null, below(20)]) : null };
  return (shard) => shard.annotate(owner, mailbox, uids, store);
}

function treeStep({ pick, below }: Dice): Step {
  const [owner, name, to] = [pick(ACCOUNTS), pick(NAMES), pick(NAMES)];
  switch (below(5)) {
    case 0:
    case 1: {
      const use = pick([null, ...SPECIAL_USES]);
      return (shard) => shard.createMailbox(owner, name, use);
    }
    case 2:
      return (shard) => shard.removeMailbox(owner, name);
    case 3:
      return (shard) => shard.renameMailbox(owner, name, to);
    default: {
      const subscribed = below(2) === 0;
      return (shard) => shard.subscribe(owner, name, subscribed);
    }
  }
}

function settingStep({ pick, below, some }: Dice): Step {
  const [owner, mailbox] = [pick(ACCOUNTS), pick([0, ...MAILBOXES])];
  const value = () => pick([null, utf8("v"), new Uint8Array(below(5_000)).fill(7)]);
  const entries = some(() => [pick(["/private/comment", "/shared/x", "ä"]), value()] as const, 3);
  if (below(2) === 0) return (shard) => shard.setMetadata(owner, mailbox, entries);
  const keys = some(() => [pick(ACCOUNTS), pick([null, new Uint8Array(32).fill(below(256))])] as const, 3);
  if (below(3) === 0) return (shard) => shard.setAccessKeys(owner, Math.max(1, mailbox), keys);
  const rights = some(() => [pick(["bert", "anyone", "-x"]), pick([null, "lr", "lrswipkxtecda"])] as const, 3);
  return (shard) => shard.setAcl(owner, Math.max(1, mailbox), rights);
}

/** Everything a store shows; epochs counted from the first, since they begin with the clock. */
export function picture(shard: ShardStore, firstEpoch: number): unknown {
  return ACCOUNTS.map((owner) => [
    shard.usage(owner),
    shard.mailboxes(owner),
    NAMES.map((name) => shard.mailboxNamed(owner, name)),
    [0, ...MAILBOXES].map((mailbox) => [
      shard.metadata(owner, mailbox),
      shard.acl(owner, mailbox),
      mailbox === 0 ? [] : shard.accessKeys(owner, mailbox),
    ]),
    MAILBOXES.map((mailbox) => {
      const { rows } = shard.rowsAt(owner, mailbox, 0, { limit: 10_000, index: true });
      const bodies = rows.map(({ uid }) => [...shard.fetch(owner, mailbox, { uid, offset: 0, length: 1e6 }).bytes]);
      const indexes = rows.map(({ uid }) => shard.fetchIndex(owner, mailbox, uid));
      const status = shard.status(owner, mailbox);
      const changes = [1, 5, 20].map((since) => shard.changes(owner, mailbox, since));
      return {
        status: { ...status, uidValidity: status.uidValidity - firstEpoch },
        list: shard.list(owner, mailbox, 0, 10_000),
        keywords: shard.keywords(owner, mailbox),
        blocks: shard.blockCounts(owner, mailbox),
        rows,
        bodies,
        annotations: shard.annotations(owner, mailbox, 1, 0xffff_ffff),
        indexes,
        changes,
      };
    }),
  ]);
}
