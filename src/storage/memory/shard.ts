import { concat, Failure } from "../../base/mod.ts";
import type { AccountId } from "../../mail/account.ts";
import type { MailboxName, SpecialUse } from "../../mail/mailbox_name.ts";
import type { AppendOutcome } from "../../mail/mailbox_view.ts";
import type { Pieces } from "../../mail/pieces.ts";
import { fits } from "../../mail/quota.ts";
import type { RowColumns } from "../../mail/row_columns.ts";
import { NO_RANGES, numbersIn, type Ranges, rangesOfRising } from "../../mail/ranges.ts";
import type { ModSeq, Uid, UidValidity } from "../../mail/uid.ts";
import {
  accessKeysChange,
  aclChange,
  type AppendChange,
  appendChange,
  type CopyChange,
  copyChange,
  metadataChange,
  type NewBody,
  Setting,
  type SettingsChange,
  treeChange,
  type TreeWish,
} from "../account/change.ts";
import {
  type DeliverChange,
  deliverChange,
  expungeChange,
  type FlagsChange,
  purgeChange,
  storeFlagsChange,
  storeRangesChange,
  withdrawChange,
} from "../change.ts";
import { type AnnotateChange, annotateChange } from "../account/annotation_change.ts";
import { annotated, bytesOfAll, copied } from "../account/annotations.ts";
import type { StoreLimits } from "../limits.ts";
import { type AccountHome, MemoryAccount } from "./account.ts";
import { MemoryColumns } from "./columns.ts";
import { countRows, type MemoryBody, type MemoryMailbox } from "./mailbox.ts";
import { eachOf } from "../results.ts";
import type * as types from "../types.ts";

export interface MemoryShardOptions {
  readonly limits: StoreLimits;
  readonly defer: (run: () => void) => void;
  /** UIDVALIDITY of the first mailboxes. */
  readonly uidValidity: number;
}

interface OpTarget {
  readonly account: AccountId;
  readonly mailbox: number;
  readonly uid: Uid;
  readonly uidValidity: number;
}

type Answer = readonly OpTarget[] | "withdrawn";

/** The plainest store that keeps the contract: one change at a time, everything in maps. */
export class MemoryShard implements types.ShardStore {
  readonly #accounts = new Map<AccountId, MemoryAccount>();
  readonly #answers = new Map<string, Answer>();
  readonly #listeners = new Set<types.ChangeListener>();
  readonly #limits: StoreLimits;
  readonly #home: AccountHome;
  #uidValidity: number;
  readonly #columns = new MemoryColumns();
  #contents = 0;
  #waiting: (() => void)[] = [];
  #closed = false;
  constructor(readonly number: number, private readonly options: MemoryShardOptions) {
    this.#limits = options.limits;
    this.#uidValidity = options.uidValidity;
    this.#home = {
      limits: options.limits,
      epoch: () => this.#uidValidity,
      tell: (account, mailbox, change) => {
        for (const listener of this.#listeners) listener(account, mailbox, change);
      },
    };
  }
  async deliver(input: types.DeliverInput): Promise<types.DeliverResult> {
    const change = deliverChange(input, this.#limits);
    return await this.#later(() => this.#deliver(change));
  }
  async withdraw(opId: string): Promise<void> {
    withdrawChange(opId);
    await this.#later(() => this.#withdraw(opId));
  }
  async expunge(account: AccountId, mailbox: number, uids: readonly number[]): ReturnType<types.ShardStore["expunge"]> {
    const change = expungeChange(account, mailbox, uids, this.#limits);
    return await this.#later(() =>
      this.#find(account, mailbox)?.expunge(numbersIn(change.uids)) ?? { expunged: [], modSeq: 1 as ModSeq }
    );
  }
  async storeFlags(
    account: AccountId,
    mailbox: number,
    uids: readonly number[],
    store: types.FlagStore,
  ): Promise<types.FlagStoreResult> {
    return eachOf(await this.#store(storeFlagsChange({ account, mailbox, uids }, store, this.#limits)));
  }
  async storeRanges(
    account: AccountId,
    mailbox: number,
    uids: Ranges,
    store: types.FlagStore,
  ): Promise<types.RangesStoreResult> {
    return await this.#store(storeRangesChange({ account, mailbox, uids }, store));
  }
  async storeRangesEach(
    account: AccountId,
    mailbox: number,
    stores: readonly types.FlagStoreOf[],
  ): Promise<(types.RangesStoreResult | Failure)[]> {
    const begun = stores.map(({ uids, ...store }) => this.storeRanges(account, mailbox, uids, store));
    return (await Promise.allSettled(begun)).map((each) => {
      if (each.status === "fulfilled") return each.value;
      if (each.reason instanceof Failure) return each.reason;
      throw each.reason;
    });
  }
  async append(input: types.AppendInput): Promise<AppendOutcome> {
    const change = appendChange(input, this.#limits);
    return await this.#later(() => this.#append(change));
  }
  async copy(input: types.CopyInput): Promise<types.CopyResult> {
    const change = copyChange(input, this.#limits);
    return await this.#later(() => this.#copy(change));
  }
  async purge(account: AccountId): Promise<{ messages: number }> {
    purgeChange(account);
    return await this.#later(() => {
      const held = this.#accounts.get(account);
      let messages = 0;
      for (const mailbox of held?.inOrder() ?? []) {
        messages += mailbox.expunge([...mailbox.messages.keys()]).expunged.length;
        this.#uidValidity++;
      }
      this.#uidValidity = Math.max(this.#uidValidity, held?.epochNext ?? 0);
      this.#accounts.delete(account);
      return { messages };
    });
  }
  createMailbox(account: AccountId, name: MailboxName, specialUse: SpecialUse | null): Promise<types.TreeOutcome> {
    return this.#wish(account, { wish: "create", name, specialUse });
  }
  removeMailbox(account: AccountId, name: MailboxName): Promise<types.TreeOutcome> {
    return this.#wish(account, { wish: "remove", name });
  }
  renameMailbox(account: AccountId, name: MailboxName, to: MailboxName): Promise<types.TreeOutcome> {
    return this.#wish(account, { wish: "rename", name, to });
  }
  subscribe(account: AccountId, name: MailboxName, subscribed: boolean): Promise<types.TreeOutcome> {
    return this.#wish(account, { wish: "subscribe", name, subscribed });
  }
  async annotate(
    account: AccountId,
    mailbox: number,
    uids: readonly number[],
    store: types.AnnotationStore,
  ): Promise<types.FlagStoreResult> {
    const change = annotateChange({ account, mailbox, uids }, store, this.#limits);
    return await this.#later(() => this.#annotate(change));
  }
  async setMetadata(account: AccountId, mailbox: number, entries: readonly types.Annotation[]) {
    return await this.#set(metadataChange(account, mailbox, entries, this.#limits));
  }
  async setAcl(account: AccountId, mailbox: number, entries: readonly types.AclEntry[]) {
    return await this.#set(aclChange(account, mailbox, entries));
  }
  async setAccessKeys(account: AccountId, mailbox: number, keys: readonly types.AccessKey[]) {
    return await this.#set(accessKeysChange(account, mailbox, keys));
  }
  mailboxes(account: AccountId): types.MailboxNode[] {
    return this.#account(account).nodes();
  }
  mailboxNamed(account: AccountId, name: MailboxName): types.MailboxNode | null {
    return this.mailboxes(account).find((node) => node.name === name) ?? null;
  }
  annotations(account: AccountId, number: number, first: number, last: number): types.AnnotationsOf[] {
    const found: types.AnnotationsOf[] = [];
    for (const [uid, { annotations }] of this.#find(account, number)?.messages ?? []) {
      if (uid >= first && uid <= last && annotations.length > 0) found.push({ uid, annotations });
    }
    return found;
  }
  metadata(account: AccountId, mailbox: number): [string, Uint8Array][] {
    return this.#account(account).settings(Setting.metadata, mailbox);
  }
  accessKeys(account: AccountId, mailbox: number): [AccountId, Uint8Array][] {
    return this.#account(account).settings(Setting.accessKeys, mailbox) as [AccountId, Uint8Array][];
  }
  acl(account: AccountId, mailbox: number): [string, string][] {
    const entries = this.#account(account).settings(Setting.acl, mailbox);
    return entries.map(([name, rights]) => [name, new TextDecoder().decode(rights)]);
  }
  shared(): types.MailboxRef[] {
    return [...this.#accounts].flatMap(([account, held]) =>
      held.withSettings(Setting.acl).map((mailbox) => ({ account, mailbox }))
    );
  }
  status(account: AccountId, number: number): types.MailboxStatus {
    const mailbox = this.#find(account, number);
    return {
      uidValidity: (mailbox?.uidValidity ?? this.#uidValidity) as UidValidity,
      uidNext: (mailbox?.uidNext ?? 1) as Uid,
      highestModSeq: (mailbox?.modSeq ?? 1) as ModSeq,
      ...countRows(mailbox?.rows() ?? []),
    };
  }
  list(account: AccountId, number: number, after: number, limit: number): ReturnType<types.ShardStore["list"]> {
    const { rows, more } = this.rowsAt(account, number, after, { limit, index: false });
    return { rows: rows.map(({ savedMs: _saved, content: _content, ...row }) => row), more };
  }
  rowsAt(account: AccountId, number: number, after: number, wanted: types.RowsWanted) {
    const mailbox = this.#find(account, number);
    const all = (mailbox?.rows() ?? []).filter(({ uid }) => uid > after);
    const rows: types.FullRow[] = [];
    let bytes = 0;
    for (const row of all.slice(0, Math.max(0, Math.min(wanted.limit, this.#limits.listRowsMax)))) {
      if (bytes > this.#limits.rowsIndexBytesMax) break;
      const index = wanted.index ? { index: mailbox!.messages.get(row.uid)!.body.index } : {};
      bytes += index.index?.length ?? 0;
      rows.push({ ...row, ...index });
    }
    return { rows, more: rows.length < all.length };
  }
  fillRows(account: AccountId, number: number, wanted: types.RowRanges, into: RowColumns): number | null {
    return this.#columns.fill(this.#find(account, number), wanted, into);
  }
  contents(wanted: types.ContentsWanted): Pieces {
    this.#assertOpen();
    return this.#columns.contents(wanted);
  }
  columnBytes(): number {
    return 0;
  }
  keywordSet(_account: AccountId, _number: number, set: number): readonly string[] {
    return this.#columns.keywords(set);
  }
  blockCounts(account: AccountId, number: number): types.BlockCounts {
    const counts = new Map<number, number>();
    for (const { uid } of this.#find(account, number)?.rows() ?? []) {
      counts.set(Math.floor(uid / 64), (counts.get(Math.floor(uid / 64)) ?? 0) + 1);
    }
    return { blocks: Uint32Array.from(counts.keys()), rows: Uint8Array.from(counts.values()) };
  }
  keywords(account: AccountId, number: number): readonly string[] {
    return this.#find(account, number)?.keywords ?? [];
  }
  fetch(account: AccountId, number: number, range: types.FetchRange): { bytes: Uint8Array; size: number } {
    const { bytes } = this.#body(account, number, range.uid);
    const size = bytes.length;
    const offset = Math.min(size, Math.max(0, Math.floor(range.offset) || 0));
    const length = Math.min(size - offset, Math.max(0, Math.floor(range.length) || 0));
    return { bytes: bytes.slice(offset, offset + length), size };
  }
  fetchIndex(account: AccountId, number: number, uid: number): Uint8Array | null {
    return this.#body(account, number, uid).index?.slice() ?? null;
  }
  usage(account: AccountId): { bytes: number; messages: number } {
    const usage = { bytes: 0, messages: 0 };
    for (const mailbox of this.#account(account).mailboxes.values()) {
      usage.messages += mailbox.messages.size;
      usage.bytes += mailbox.bytes;
    }
    return usage;
  }
  changes(account: AccountId, number: number, since: number): types.ChangesSince | null {
    const mailbox = this.#find(account, number);
    if (mailbox === null) return { changed: [], expunged: [], highestModSeq: 1 as ModSeq };
    if (since < 1) return null;
    const expunged = mailbox.expunged.filter(({ modSeq }) => modSeq > since).map(({ uid }) => uid as Uid);
    const changed = mailbox.rows().filter(({ modSeq }) => modSeq > since).map(({ uid }) => uid);
    if (changed.length + expunged.length > this.options.limits.changedUidsMax) return null;
    return {
      changed,
      expunged: expunged.sort((a, b) => a - b),
      highestModSeq: mailbox.modSeq as ModSeq,
    };
  }
  onChange(listener: types.ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
  health(): "ok" {
    return "ok";
  }
  async close(): Promise<void> {
    if (!this.#closed) await this.#later(() => {});
    this.#closed = true;
  }
  /** Messages in all mailboxes. */
  messages(): number {
    let count = 0;
    for (const account of this.#accounts.keys()) count += this.usage(account).messages;
    return count;
  }
  /** Runs a change after the present turn, in order, as a store with a disk would. */
  #later<T>(change: () => T): Promise<T> {
    this.#assertOpen();
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          resolve(change());
        } catch (error) {
          reject(error);
        }
      });
      if (this.#waiting.length === 1) this.options.defer(() => this.#waiting.splice(0).forEach((run) => run()));
    });
  }
  #deliver(change: DeliverChange): types.DeliverResult {
    const known = this.#known(change.opId);
    if (known !== null) return { type: "delivered", uids: known.map(({ uid }) => uid) };
    const copies = new Map<AccountId, number>();
    const full = new Set<AccountId>();
    for (const target of change.targets) {
      const { account } = target;
      const messages = (copies.get(account) ?? 0) + 1;
      copies.set(account, messages);
      if (!fits(target, this.usage(account), { bytes: messages * change.size, messages })) full.add(account);
    }
    if (full.size > 0) return { type: "full", accounts: [...full] };
    const body = this.#newBody(change);
    const targets = change.targets.map(({ account }) => {
      const mailbox = this.#keep(account).forDelivery(change.mailbox);
      const { internalDateMs, flags } = change;
      return targetsOf(
        mailbox,
        mailbox.add([{ flags, keywords: [], internalDateMs, savedMs: internalDateMs, body }]),
      )[0]!;
    });
    this.#answers.set(change.opId, targets);
    return { type: "delivered", uids: targets.map(({ uid }) => uid) };
  }
  #append(change: AppendChange): AppendOutcome {
    const { account, messages } = change;
    const known = change.opId === "" ? null : this.#known(change.opId);
    if (known !== null) return appended(known);
    if (!this.#account(account).has(change.mailbox)) return { type: "missing" };
    const { replaces } = change;
    const source = replaces === null ? null : this.#find(replaces.account, replaces.mailbox);
    const old = replaces === null ? null : source?.messages.get(replaces.uid);
    if (old === undefined) return { type: "gone" };
    const stays = old === null || replaces?.account !== account;
    const grown = {
      bytes: Math.max(0, change.size - (stays ? 0 : old.row.size)),
      messages: messages.length - (stays ? 0 : 1),
    };
    if (!fits(change, this.usage(account), grown)) return { type: "full" };
    const keywords = messages.flatMap((message) => message.keywords);
    if (this.#tooManyKeywords(account, change.mailbox, keywords)) return { type: "limit" };
    const annotations = messages.reduce((sum, { annotations }) => sum + bytesOfAll(annotations), 0);
    if (this.#tooManySettings(account, annotations)) return { type: "limit" };
    const mailbox = this.#keep(account).forDelivery(change.mailbox);
    const arrivals = messages.map((message) => ({ ...message, savedMs: change.savedMs, body: this.#newBody(message) }));
    const targets = targetsOf(mailbox, mailbox.add(arrivals));
    if (replaces !== null) source?.expunge([replaces.uid]);
    if (change.opId !== "") this.#answers.set(change.opId, targets);
    return appended(targets);
  }
  #copy({ from, to, uids, move, savedMs, annotations: how, within, ...quota }: CopyChange): types.CopyResult {
    if (!this.#account(from.account).has(from.mailbox) || !this.#account(to.account).has(to.mailbox)) {
      return { type: "missing" };
    }
    const source = this.#find(from.account, from.mailbox);
    const found = uids.filter((uid) => source?.messages.has(uid)) as Uid[];
    const messages = found.map((uid) => source!.messages.get(uid)!);
    const { uidValidity } = this.status(to.account, to.mailbox);
    if (found.length === 0) return { type: "copied", uidValidity, from: NO_RANGES, to: NO_RANGES };
    const grown = { bytes: messages.reduce((sum, { row }) => sum + row.size, 0), messages: messages.length };
    const stays = move && from.account === to.account;
    if (!stays && !fits(quota, this.usage(to.account), grown)) return { type: "full" };
    const keywords = within.keywords ? messages.flatMap(({ row }) => row.keywords) : [];
    if (this.#tooManyKeywords(to.account, to.mailbox, keywords)) return { type: "limit" };
    const arrivals = messages.map(({ row, body, annotations }) => {
      const kept = { flags: row.flags & within.flags, keywords: within.keywords ? row.keywords : [] };
      return { ...row, ...kept, savedMs, body, annotations: copied(annotations, how) };
    });
    const annotations = arrivals.reduce((sum, { annotations }) => sum + bytesOfAll(annotations), 0);
    if (!(move && from.account === to.account) && this.#tooManySettings(to.account, annotations)) {
      return { type: "limit" };
    }
    const target = this.#keep(to.account).forDelivery(to.mailbox);
    const made = target.add(arrivals);
    if (move) source!.expunge(found);
    const named = { from: rangesOfRising(found), to: rangesOfRising(made) };
    return { type: "copied", uidValidity: target.uidValidity as UidValidity, ...named };
  }
  #withdraw(opId: string): void {
    const answer = this.#answers.get(opId);
    this.#answers.set(opId, "withdrawn");
    if (answer === undefined || answer === "withdrawn") return;
    const uidsOf = new Map<MemoryMailbox, Uid[]>();
    for (const { account, mailbox, uid, uidValidity } of answer) {
      const held = this.#find(account, mailbox);
      if (held?.uidValidity === uidValidity) uidsOf.set(held, [...uidsOf.get(held) ?? [], uid]);
    }
    for (const [mailbox, uids] of uidsOf) mailbox.expunge(uids);
  }
  async #store({ account, mailbox, uids, ...change }: FlagsChange): Promise<types.RangesStoreResult> {
    return await this.#later(() => {
      const held = this.#find(account, mailbox);
      const keywords = held?.keywordsWith(change.keywords.add) ?? 0;
      if (keywords > this.#limits.keywordsMax) return { type: "limit" };
      const stored = held?.store(uids, change) ?? { changed: NO_RANGES, modified: [], missing: uids };
      return { type: "stored", ...stored, modSeq: this.status(account, mailbox).highestModSeq };
    });
  }
  async #wish(account: AccountId, wish: TreeWish): Promise<types.TreeOutcome> {
    treeChange(account, wish);
    return await this.#later(() => this.#keep(account).wish(wish));
  }
  async #set({ account, setting, mailbox, entries }: SettingsChange): Promise<types.SettingOutcome> {
    return await this.#later(() => this.#keep(account).set(setting, mailbox, entries));
  }
  #known(opId: string): readonly OpTarget[] | null {
    const known = this.#answers.get(opId);
    if (known === "withdrawn") throw new Failure("refused", "the delivery was taken back");
    return known ?? null;
  }
  #newBody({ parts, index }: NewBody): MemoryBody {
    return { content: ++this.#contents, bytes: concat(parts), index: index?.slice() ?? null };
  }
  #annotate(change: AnnotateChange): types.FlagStoreResult {
    const { account, mailbox, uids, changes, unchangedSince } = change;
    const held = this.#find(account, mailbox);
    let grown = 0;
    for (const { annotations } of held?.annotatable(uids, unchangedSince) ?? []) {
      const next = annotated(annotations, changes);
      if (next.length > this.#limits.annotationsMax) return { type: "limit" };
      grown += bytesOfAll(next) - bytesOfAll(annotations);
    }
    if (this.#tooManySettings(account, grown)) return { type: "limit" };
    const stored = held?.annotate(change) ?? { changed: NO_RANGES, modified: [], missing: rangesOfRising(uids) };
    return eachOf({ type: "stored", ...stored, modSeq: this.status(account, mailbox).highestModSeq });
  }
  #tooManySettings(account: AccountId, grown: number): boolean {
    return grown > 0 && this.#account(account).settingsTotal + grown > this.#limits.accountSettingsBytesMax;
  }
  #tooManyKeywords(account: AccountId, mailbox: number, keywords: readonly string[]): boolean {
    const held = this.#find(account, mailbox);
    const count = held?.keywordsWith(keywords) ?? new Set(keywords.map((name) => name.toLowerCase())).size;
    return count > this.#limits.keywordsMax;
  }
  #body(account: AccountId, number: number, uid: number): MemoryBody {
    const message = this.#find(account, number)?.messages.get(uid);
    if (message === undefined) throw new Failure("not_found", "the message is gone");
    return message.body;
  }
  #find(account: AccountId, number: number): MemoryMailbox | null {
    this.#assertOpen();
    return this.#accounts.get(account)?.find(number) ?? null;
  }
  /** The account, to look at. */
  #account(account: AccountId): MemoryAccount {
    this.#assertOpen();
    return this.#accounts.get(account) ?? new MemoryAccount(account, this.#home);
  }
  /** The account, to change. */
  #keep(account: AccountId): MemoryAccount {
    const held = this.#account(account);
    this.#accounts.set(account, held);
    return held;
  }
  #assertOpen(): void {
    if (this.#closed) throw new Failure("closed", "the store is closed");
  }
}

function targetsOf({ account, number, uidValidity }: MemoryMailbox, uids: readonly Uid[]): OpTarget[] {
  return uids.map((uid) => ({ account, mailbox: number, uid, uidValidity }));
}

function appended(targets: readonly OpTarget[]): AppendOutcome {
  return {
    type: "appended",
    uidValidity: targets[0]!.uidValidity as UidValidity,
    uids: targets.map(({ uid }) => uid),
  };
}
