import type { AccountId } from "../../mail/account.ts";
import { fits, type Quota, type Usage } from "../../mail/quota.ts";
import { rangesOfRising } from "../../mail/ranges.ts";
import {
  type AccountChange,
  type AppendChange,
  type CopyChange,
  EVERY_FLAG,
  foldKeyword,
  type SettingsChange,
  type TreeChange,
} from "./change.ts";
import type { MailboxRef, MessageRef } from "./types.ts";
import type { AnnotateChange } from "./annotation_change.ts";
import { annotated, bytesOfAll, copied, hasAnnotations, readAnnotations } from "./annotations.ts";
import { PURGE_STEP_MESSAGES } from "../change.ts";
import { FIXED_MAILBOXES } from "./fixed_mailboxes.ts";
import { rowsFrom } from "../layout/keys.ts";
import type { GroupDraft, Planned } from "../group_draft.ts";
import { BLOCK_UIDS, readBlocks, type StoredRow } from "../row_block.ts";
import { readSettings, settingsBytes, settingsTotal } from "./settings.ts";
import { planTree } from "./tree_plan.ts";
import { TreeRows } from "./tree_rows.ts";
import type { MailboxView } from "../view.ts";

/** What is to go when another message comes. */
interface Replaced {
  readonly account: AccountId;
  readonly usage: Usage;
  readonly expunge: () => void;
}

type Copying = Pick<CopyChange, "from" | "to" | "move" | "savedMs" | "annotations" | "within">;
type Drain = Extract<AccountChange, { kind: "drain" }>;

/** The part of a plan that goes beyond single deliveries: names, appends, copies, settings. */
export class AccountPlan {
  /** Folded keywords that a mailbox may have after this group. */
  readonly #keywords = new Map<MailboxView, Set<string>>();
  constructor(private readonly draft: GroupDraft) {}

  add(change: AccountChange): Planned {
    switch (change.kind) {
      case "append":
        return this.#append(change);
      case "copy":
        return this.#copy(change);
      case "tree":
        return this.#tree(change);
      case "settings":
        return this.#settings(change);
      case "annotate":
        return this.#annotate(change);
      case "drain":
        return this.#drain(change);
      case "sweep":
        return this.draft.view.removed(change.account, change.mailbox) === null
          ? { type: "nothing" }
          : this.draft.op(change);
    }
  }
  /**
   * Counts keywords that come into a mailbox. Null when they fit; "later" when it is not known before this group is applied,
   * since some may go.
   */
  takeKeywords(mailbox: MailboxView, names: readonly string[]): Planned | null {
    const { view, context, ops } = this.draft;
    const held = this.#keywords.get(mailbox) ?? new Set(view.keywords(mailbox).inUse().map(foldKeyword));
    const next = new Set([...held, ...names.map(foldKeyword)]);
    if (next.size > context.limits.keywordsMax) return { type: ops.length > 0 ? "later" : "limit" };
    this.#keywords.set(mailbox, next);
    return null;
  }
  /** Whether something can be kept in or beside a mailbox: it has counters, or every account has it. */
  #has({ account, mailbox }: MailboxRef): boolean {
    const { view } = this.draft;
    return view.mailbox(account, mailbox) !== null || (mailbox <= FIXED_MAILBOXES.length && !view.hasTree(account));
  }
  #append(change: AppendChange): Planned {
    const { draft } = this;
    const { opId, account, mailbox, messages, size } = change;
    const known = opId === "" ? null : draft.known(opId);
    if (known !== null) return { type: "known", answer: known };
    if (draft.context.noSpace !== null) return { type: "refused", failure: draft.context.noSpace };
    if (!this.#has(change)) return { type: "missing" };
    const old = change.replaces === null ? null : this.#replaced(change.replaces);
    if (old !== null && "type" in old) return old;
    const grown = { bytes: size, messages: messages.length };
    const full = this.#full(account, change, less(grown, old?.account === account ? old.usage : null));
    if (full !== null) return full;
    const more = this.#roomFor({ account, mailbox }, messages.length, messages.flatMap(({ keywords }) => keywords));
    if (more !== null) return more;
    const annotations = messages.reduce((sum, { annotations }) => sum + bytesOfAll(annotations), 0);
    if (annotations > 0 && !this.#takesSettings(account, annotations)) return { type: "limit" };
    const to = draft.number(draft.mailbox(account, mailbox), messages.length);
    grow(draft.view.usage(account), grown);
    const answer = { targets: messages.map((_, i) => ({ ...to, uid: to.uid + i })) };
    if (opId !== "") draft.remember(opId, answer);
    const appending = messages.map((message) => ({ ...message, body: draft.nextBody() }));
    const planned = draft.op({ kind: "append", opId, to, savedMs: change.savedMs, messages: appending }, answer);
    old?.expunge();
    return planned;
  }
  /** The message that an append replaces: it goes in the same record. */
  #replaced({ account, mailbox, uid }: MessageRef): Planned | Replaced {
    const { draft } = this;
    const view = draft.view.mailbox(account, mailbox);
    // Whether it is there shows only when the group is applied.
    if (view?.touched === true) return { type: "later" };
    const row = view === null ? undefined : this.#rowsOf(view, [uid])[0];
    if (view === null || row === undefined) return { type: "gone" };
    return {
      account,
      usage: { bytes: row.size, messages: 1 },
      expunge() {
        draft.freed.add(account);
        view.touched = true;
        draft.op({
          kind: "expunge",
          account,
          mailbox,
          uids: rangesOfRising([uid]),
          modSeq: ++view.counters.highestModSeq,
        });
      },
    };
  }
  #copy(change: CopyChange): Planned {
    const { draft } = this;
    const { from, to, move } = change;
    if (draft.context.noSpace !== null && !move) return { type: "refused", failure: draft.context.noSpace };
    if (!this.#has(from) || !this.#has(to)) return { type: "missing" };
    const source = draft.view.mailbox(from.account, from.mailbox);
    // Which rows there will be shows only when the group is applied.
    if (source?.touched === true) return { type: "later" };
    const rows = source === null ? [] : this.#rowsOf(source, change.uids);
    const grown = move && from.account === to.account ? NOTHING : usageOf(rows);
    const full = this.#full(to.account, change, grown);
    if (rows.length > 0 && full !== null) return full;
    return this.#copyRows(change, source, rows);
  }
  /** The op that copies rows into a mailbox that has room for them. */
  #copyRows(
    { from, to, move, savedMs, annotations, within }: Omit<Copying, "savedMs"> & { readonly savedMs: number | null },
    source: MailboxView | null,
    rows: readonly StoredRow[],
  ): Planned {
    const { draft } = this;
    const uids = rows.map(({ uid }) => uid);
    if (source === null || rows.length === 0) {
      const uidValidity = draft.view.mailbox(to.account, to.mailbox)?.counters.uidValidity ??
        draft.context.header.uidValidity;
      return { type: "copied", uids: [], to: 0, uidValidity };
    }
    const more = this.#roomFor(to, rows.length, within.keywords ? this.#keywordsOf(source, rows) : []);
    if (more !== null) return more;
    const how = this.#annotationsOf(from, uids) ? annotations : "none";
    if (how !== "none" && !this.#copiesAnnotations({ from, to, move, uids, how })) return { type: "limit" };
    const target = draft.number(draft.mailbox(to.account, to.mailbox), rows.length);
    if (move) source.touched = true;
    const removed = move ? ++source.counters.highestModSeq : null;
    if (move && from.account !== to.account) draft.freed.add(from.account);
    if (!move || from.account !== to.account) grow(draft.view.usage(to.account), usageOf(rows));
    draft.op({
      kind: "copy",
      ...{ from, to: target, uids: rangesOfRising(uids), removed, savedMs, annotations: how, within },
    });
    return { type: "copied", uids, to: target.uid, uidValidity: target.uidValidity };
  }
  #annotationsOf(from: MailboxRef, uids: readonly number[]): boolean {
    return uids.length > 0 && hasAnnotations(this.draft.context.index, from);
  }
  /** Whether annotations fit where they are copied to. */
  #copiesAnnotations(
    { from, to, move, uids, how }: Pick<CopyChange, "from" | "to" | "move" | "uids"> & {
      readonly how: CopyChange["annotations"];
    },
  ): boolean {
    const { draft } = this;
    const wanted = new Set(uids);
    let bytes = 0;
    for (const { uid, annotations } of readAnnotations(draft.context.index, from, uids[0]!, uids.at(-1)!)) {
      if (wanted.has(uid)) bytes += bytesOfAll(copied(annotations, how));
    }
    draft.closed.add(from.account);
    return this.#takesSettings(to.account, move && from.account === to.account ? 0 : bytes);
  }
  /** Whether the settings of an account may be so many bytes more; what else is planned for it waits for the next group. */
  #takesSettings(account: AccountId, bytes: number): boolean {
    const { draft } = this;
    const { index, limits } = draft.context;
    if (bytes > 0 && settingsTotal(index, account) + bytes > limits.accountSettingsBytesMax) return false;
    draft.closed.add(account);
    return true;
  }
  #annotate(change: AnnotateChange): Planned {
    const { draft } = this;
    const { account, mailbox, uids, changes, unchangedSince } = change;
    const { index, limits, noSpace } = draft.context;
    if (noSpace !== null && changes.some(({ value }) => value !== null)) return { type: "refused", failure: noSpace };
    const view = draft.view.mailbox(account, mailbox);
    if (view === null) return { type: "nothing" };
    // Which rows there will be shows only when the group is applied.
    if (view.touched) return { type: "later" };
    const held = new Map(
      readAnnotations(index, change, uids[0] ?? 1, uids.at(-1) ?? 0).map(({ uid, annotations }) => [uid, annotations]),
    );
    let grown = 0;
    for (const { uid, modSeq } of this.#rowsOf(view, uids)) {
      if (unchangedSince !== null && modSeq > unchangedSince) continue;
      const before = held.get(uid) ?? [];
      const next = annotated(before, changes);
      if (next.length > limits.annotationsMax) return { type: "limit" };
      grown += bytesOfAll(next) - bytesOfAll(before);
    }
    if (!this.#takesSettings(account, grown)) return { type: "limit" };
    view.touched = true;
    return draft.op({ ...change, modSeq: ++view.counters.highestModSeq });
  }
  #rowsOf(source: MailboxView, uids: readonly number[]): StoredRow[] {
    const rows: StoredRow[] = [];
    for (const uid of uids) {
      const block = this.draft.view.block(source, uid);
      const index = block.find(uid);
      if (index >= 0) rows.push(block.row(index));
    }
    return rows;
  }
  #keywordsOf(source: MailboxView, rows: readonly StoredRow[]): string[] {
    const sets = new Set(rows.map(({ keywords }) => keywords));
    return [...sets].flatMap((set) => this.draft.view.keywords(source).names(set));
  }
  #full(account: AccountId, quota: Quota, grown: Usage): Planned | null {
    const { view, freed } = this.draft;
    if (fits(quota, view.usage(account), grown)) return null;
    return freed.has(account) ? { type: "later" } : { type: "full", accounts: [account] };
  }
  /** Null when a mailbox has UIDs and keywords left for so many messages. */
  #roomFor({ account, mailbox }: MailboxRef, count: number, keywords: readonly string[]): Planned | null {
    const { draft } = this;
    const target = draft.view.mailbox(account, mailbox);
    if (draft.uidsLeft(target) < count) return { type: "limit" };
    return keywords.length === 0 ? null : this.takeKeywords(draft.mailbox(account, mailbox), keywords);
  }
  #tree(change: TreeChange): Planned {
    const { draft } = this;
    const { account } = change;
    const { header, index, limits } = draft.context;
    const epochOf = (mailbox: number) =>
      draft.view.mailbox(account, mailbox)?.counters.uidValidity ?? header.uidValidity;
    const rows = new TreeRows(index, account);
    // The first number that nobody uses shows only when those mailboxes are in the index.
    if (!rows.written && draft.made.has(account)) return { type: "later" };
    const { outcome, edit } = planTree(rows, change, { account, epoch: header.uidValidity, limits, epochOf });
    if (edit === null || outcome.type !== "done") return { type: "tree", outcome, drain: null };
    const inbox = draft.view.mailbox(account, 1);
    const moves = change.wish === "rename" && change.name === "INBOX" && inbox !== null;
    if (moves && inbox.touched) return { type: "later" };
    draft.op({ kind: "tree", account, edit });
    // What of the usage falls, and what the tree is, shows only when this is applied.
    draft.closed.add(account);
    if (!moves || inbox.counters.messages === 0) return { type: "tree", outcome, drain: null };
    for (const { mailbox, uidValidity } of edit.made) {
      if (draft.view.mailbox(account, mailbox) === null) draft.view.makeMailbox(account, mailbox, uidValidity);
    }
    const before = inbox.counters.uidNext;
    this.#drain({ kind: "drain", account, to: outcome.mailbox, before, limit: PURGE_STEP_MESSAGES });
    return { type: "tree", outcome, drain: inbox.counters.messages > PURGE_STEP_MESSAGES ? { before } : null };
  }
  #drain({ account, to: number, before, limit }: Drain): Planned {
    const { draft } = this;
    const source = draft.view.mailbox(account, 1);
    if (source === null || draft.view.mailbox(account, number) === null) return { type: "nothing" };
    if (source.touched) return { type: "later" };
    const blocks = { ...rowsFrom(account, 1, 0), limit: Math.ceil(limit / BLOCK_UIDS) + 1 };
    const rows = readBlocks(draft.context.index.range(blocks)).filter(({ uid }) => uid < before).slice(0, limit);
    const [from, to] = [{ account, mailbox: 1 }, { account, mailbox: number }];
    const all = { annotations: "all", within: EVERY_FLAG } as const;
    return this.#copyRows({ from, to, move: true, savedMs: null, ...all }, source, rows);
  }
  #settings(change: SettingsChange): Planned {
    const { account, mailbox, setting, entries } = change;
    if (mailbox !== 0 && !this.#has(change)) return { type: "missing" };
    const { index, limits, noSpace } = this.draft.context;
    if (noSpace !== null && entries.some(([, value]) => value !== null)) return { type: "refused", failure: noSpace };
    const held = readSettings(index, account, mailbox, setting);
    const next = new Map(held);
    for (const [name, value] of entries) {
      if (value === null) next.delete(name);
      else next.set(name, value);
    }
    const bytes = settingsBytes(next);
    const grown = bytes - settingsBytes(held);
    if (next.size > limits.settingsMax || bytes > limits.settingsBytesMax) return { type: "limit" };
    if (grown > 0 && settingsTotal(index, account) + grown > limits.accountSettingsBytesMax) return { type: "limit" };
    this.draft.closed.add(account);
    return this.draft.op({ kind: "settings", account, mailbox, setting, entries, grown });
  }
}

const NOTHING: Usage = { bytes: 0, messages: 0 };

function usageOf(rows: readonly StoredRow[]): Usage {
  return { bytes: rows.reduce((sum, { size }) => sum + size, 0), messages: rows.length };
}

function grow(usage: { bytes: number; messages: number }, more: Usage): void {
  usage.bytes += more.bytes;
  usage.messages += more.messages;
}

/** By how much an account grows when something of it goes; never by less than nothing. */
function less(grown: Usage, gone: Usage | null): Usage {
  if (gone === null) return grown;
  return { bytes: Math.max(0, grown.bytes - gone.bytes), messages: Math.max(0, grown.messages - gone.messages) };
}
