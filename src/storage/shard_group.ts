import { Failure } from "../base/mod.ts";
import type { MailboxName } from "../mail/mailbox_name.ts";
import { type Ranges, rangesOfRising } from "../mail/ranges.ts";
import type { AnnotationScope, MessageAnnotationChange } from "../mail/message_annotation.ts";
import { EVERY_FLAG, type KeywordChange, Setting, type SettingEntry } from "./account/change.ts";
import type { AnnotationsCopied, FlagsWithin } from "./account/types.ts";
import type { GroupBody, LogForm, LogGroup } from "./disk/log_tail.ts";
import { checkAccount } from "./layout/keys.ts";
import { RowReader, RowWriter } from "./layout/row_codec.ts";
import {
  type Appending,
  type Delivery,
  RECORD_VERSION,
  type Removal,
  type ShardOp,
  type ShardRecord,
} from "./shard_log.ts";
import type { MailboxEpoch } from "./account/tree_plan.ts";
import { decodeTreeHead, decodeTreeRow, encodeTreeHead, encodeTreeRow } from "./account/tree_rows.ts";

/** Form of the log; a change of it raises SCHEMA_VERSION. */
const GROUP_FORM = 1;
/** The same with a word on what had been flushed; see `ShardHeader.unflushed`. */
const GROUP_FORM_FLUSHED = 2;
const OP = {
  claim: 1,
  deliver: 2,
  withdraw: 3,
  expunge: 4,
  flags: 5,
  append: 6,
  copy: 7,
  tree: 8,
  settings: 9,
  sweep: 10,
  purge: 11,
  annotate: 12,
  /** The same as `flags`, of ranges: of schema 5. The other is read. */
  flagRanges: 13,
  /** The same as `copy`, of ranges and with a word on flags: of schema 5. The other is read. */
  copyRanges: 14,
  /** The same as `expunge`, of ranges: of schema 5. The other is read. */
  expungeRanges: 15,
} as const;
/** As which ops are written. */
const WRITTEN = { ...OP, flags: OP.flagRanges, copy: OP.copyRanges, expunge: OP.expungeRanges };
const SCOPES: readonly AnnotationScope[] = ["priv", "shared"];
const COPIED: readonly AnnotationsCopied[] = ["none", "shared", "all"];
/** Beside the system flags: keywords. */
const WITHIN_KEYWORDS = 32;
const U48_MAX = 2 ** 48 - 1;

/** A record of a shard as its log keeps it: the bytes of bodies lie before it. The stamp is its incarnation. */
export interface ShardGroup extends LogGroup {
  /** Written under an epoch that was over: it only counts. */
  readonly stale: boolean;
  /** Without the bytes of its bodies, and of what is beside them. */
  readonly record: ShardRecord;
  readonly bodies: readonly GroupBody[];
}

/** The log of a shard. */
export const SHARD_LOG: LogForm<ShardGroup> = {
  store: "shard",
  decode: decodeShardGroup,
  bodiesOf: ({ bodies }) => bodies,
};

/** Form u8, stale u8, stamp, seq u48, start u48, in form 2 flushed u48, epoch u48, age u48 (ms), count of ops, ops. */
export function encodeShardGroup(
  { stamp, seq, start, stale, record, flushed }: Omit<ShardGroup, "bodies">,
): Uint8Array {
  const form = flushed === undefined ? GROUP_FORM : GROUP_FORM_FLUSHED;
  const row = new RowWriter().u8(form).u8(Number(stale)).text(stamp).u48(seq).u48(start);
  if (flushed !== undefined) row.u48(flushed);
  const ops = stale ? [] : record.ops;
  row.u48(record.epoch).u48(record.ageMs).count(ops.length);
  for (const op of ops) encodeOp(row.u8(WRITTEN[op.kind]), op);
  return row.bytes();
}

/** Throws Failure when it is not well-formed. */
export function decodeShardGroup(bytes: Uint8Array): ShardGroup {
  const row = new RowReader(bytes, "a group of the log");
  const form = row.u8();
  if (form !== GROUP_FORM && form !== GROUP_FORM_FLUSHED) throw row.damaged();
  const stale = row.u8() !== 0;
  const stamp = row.text();
  const [seq, start] = [row.u48(), row.u48()];
  const flushed = form === GROUP_FORM ? {} : { flushed: row.u48() };
  const [epoch, ageMs] = [row.u48(), row.u48()];
  const bodies: GroupBody[] = [];
  const ops = many(row, () => decodeOp(row, bodies));
  row.end();
  return {
    stamp,
    seq,
    start,
    ...flushed,
    stale,
    bodies,
    record: { version: RECORD_VERSION, epoch, incarnation: stamp, ageMs, ops },
  };
}

function encodeOp(row: RowWriter, op: ShardOp): void {
  switch (op.kind) {
    case "claim":
      return void row.text(op.node);
    case "deliver":
      row.text(op.opId).u8(op.flags).u48(op.internalDateMs);
      putBody(row, op);
      return putAll(row, op.deliveries, (to) => putDelivery(row, to));
    case "withdraw":
      row.text(op.opId);
      return putAll(row, op.removals, ({ account, mailbox, modSeq, uids }) => {
        putAll(row.text(account).u32(mailbox).u48(modSeq), uids, (uid) => row.u32(uid));
      });
    case "expunge":
      return void row.text(op.account).u32(op.mailbox).u48(op.modSeq).ranges(op.uids);
    case "flags":
      row.text(op.account).u32(op.mailbox).u48(op.modSeq).ranges(op.uids);
      maybe(row.u8(op.add).u8(op.remove), op.unchangedSince, (since) => row.u48(asModSeq(since)));
      return maybe(row, op.keywords, (keywords) => putKeywords(row, keywords));
    case "append":
      putDelivery(row.text(op.opId), op.to);
      return putAll(row.u48(op.savedMs), op.messages, (message) => putMessage(row, message));
    case "copy":
      putDelivery(row.text(op.from.account).u32(op.from.mailbox), op.to);
      row.ranges(op.uids);
      maybe(row, op.removed, (modSeq) => row.u48(modSeq));
      maybe(row, op.savedMs, (ms) => row.u48(ms));
      return void row.u8(COPIED.indexOf(op.annotations)).u8(
        op.within.flags | (op.within.keywords ? WITHIN_KEYWORDS : 0),
      );
    case "annotate":
      putUids(row.text(op.account).u32(op.mailbox).u48(op.modSeq), op.uids);
      maybe(row, op.unchangedSince, (since) => row.u48(asModSeq(since)));
      return putAll(row, op.changes, (change) => putAnnotation(row, change));
    case "tree":
      return putTree(row.text(op.account), op.edit);
    case "settings":
      row.text(op.account).u32(op.mailbox).u8(op.setting).u8(Number(op.grown < 0)).u48(Math.abs(op.grown));
      return putAll(row, op.entries, ([name, value]) => maybe(row.text(name), value, (bytes) => row.block(bytes)));
    case "sweep":
      return void row.text(op.account).u32(op.mailbox).u48(op.limit);
    case "purge":
      return void row.text(op.account).u48(op.limit);
  }
}

function decodeOp(row: RowReader, bodies: GroupBody[]): ShardOp {
  const kind = row.u8();
  switch (kind) {
    case OP.claim:
      return { kind: "claim", node: row.text() };
    case OP.deliver: {
      const [opId, flags, internalDateMs] = [row.text(), row.u8(), row.u48()];
      const body = takeBody(row, bodies);
      return { kind: "deliver", opId, flags, internalDateMs, ...body, deliveries: many(row, () => takeDelivery(row)) };
    }
    case OP.withdraw:
      return { kind: "withdraw", opId: row.text(), removals: many(row, () => takeRemoval(row)) };
    case OP.expunge:
    case OP.expungeRanges: {
      const [at, modSeq] = [{ account: takeAccount(row), mailbox: row.u32() }, row.u48()];
      const uids = kind === OP.expunge ? rangesOfRising(takeUids(row)) : takeRanges(row);
      return { kind: "expunge", ...at, modSeq, uids };
    }
    case OP.flags:
    case OP.flagRanges: {
      const [at, modSeq] = [{ account: takeAccount(row), mailbox: row.u32() }, row.u48()];
      const uids = kind === OP.flags ? rangesOfRising(takeUids(row)) : takeRanges(row);
      const [add, remove] = [row.u8(), row.u8()];
      const unchangedSince = takeMaybe(row, () => row.u48());
      const keywords = takeMaybe(row, (): KeywordChange => takeKeywords(row));
      return { kind: "flags", ...at, modSeq, uids, add, remove, unchangedSince, keywords };
    }
    case OP.append: {
      const [opId, to, savedMs] = [row.text(), takeDelivery(row), row.u48()];
      return { kind: "append", opId, to, savedMs, messages: many(row, () => takeMessage(row, bodies)) };
    }
    case OP.copy:
    case OP.copyRanges: {
      const from = { account: takeAccount(row), mailbox: row.u32() };
      const [to, uids] = [takeDelivery(row), kind === OP.copy ? rangesOfRising(takeUids(row)) : takeRanges(row)];
      const [removed, savedMs] = [takeMaybe(row, () => row.u48()), takeMaybe(row, () => row.u48())];
      const annotations = oneOf(COPIED, row);
      const within = kind === OP.copy ? EVERY_FLAG : takeWithin(row);
      const source = from as Extract<ShardOp, { kind: "copy" }>["from"];
      return { kind: "copy", from: source, to, uids, removed, savedMs, annotations, within };
    }
    case OP.annotate: {
      const [marked, unchangedSince] = [takeMarked(row), takeMaybe(row, () => row.u48())];
      return { kind: "annotate", ...marked, unchangedSince, changes: many(row, () => takeAnnotation(row)) };
    }
    case OP.tree:
      return takeTree(row);
    case OP.settings:
      return takeSettings(row);
    case OP.sweep:
      return { kind: "sweep", account: takeAccount(row), mailbox: row.u32(), limit: row.u48() };
    case OP.purge:
      return { kind: "purge", account: takeAccount(row), limit: row.u48() };
    default:
      throw new Failure("corrupt", `the log of the shard has a change of an unknown kind, ${kind}`);
  }
}

function putBody(row: RowWriter, op: Pick<Appending, "body" | "size" | "crc" | "index">): void {
  row.u48(op.body).u48(op.size).u32(op.crc).u32(op.index?.length ?? 0);
}

function takeBody(row: RowReader, bodies: GroupBody[]) {
  const [body, size, crc, indexBytes] = [row.u48(), row.u48(), row.u32(), row.u32()];
  bodies.push({ body, size, crc, indexBytes });
  return { body, size, crc, parts: [], index: null };
}

function putMessage(row: RowWriter, message: Appending): void {
  putBody(row, message);
  row.u8(message.flags).u48(message.internalDateMs);
  putAll(row, message.keywords, (name) => row.text(name));
  putAll(row, message.annotations, (annotation) => putAnnotation(row, annotation));
}

function takeMessage(row: RowReader, bodies: GroupBody[]): Appending {
  const body = takeBody(row, bodies);
  const [flags, internalDateMs, keywords] = [row.u8(), row.u48(), many(row, () => row.text())];
  const annotations = many(row, () => {
    const { value, ...named } = takeAnnotation(row);
    if (value === null) throw row.damaged();
    return { ...named, value };
  });
  return { ...body, flags, internalDateMs, keywords, annotations };
}

function putAnnotation(row: RowWriter, { entry, scope, value }: MessageAnnotationChange): void {
  maybe(row.text(entry).u8(SCOPES.indexOf(scope)), value, (bytes) => row.block(bytes));
}

function takeAnnotation(row: RowReader): MessageAnnotationChange {
  const [entry, scope] = [row.text(), oneOf(SCOPES, row)];
  return { entry, scope, value: takeMaybe(row, () => row.block().slice()) };
}

function putDelivery(row: RowWriter, { account, mailbox, uid, modSeq, uidValidity }: Delivery): void {
  row.text(account).u32(mailbox).u32(uid).u48(modSeq).u32(uidValidity);
}

function takeDelivery(row: RowReader): Delivery {
  const account = takeAccount(row);
  return { account, mailbox: row.u32(), uid: row.u32(), modSeq: row.u48(), uidValidity: row.u32() };
}

/** Messages of a mailbox that change under one MODSEQ. */
function takeMarked(row: RowReader) {
  const account = takeAccount(row);
  return { account, mailbox: row.u32(), modSeq: row.u48(), uids: takeUids(row) };
}

function takeRemoval(row: RowReader): Removal {
  const account = takeAccount(row);
  return { account, mailbox: row.u32(), modSeq: row.u48(), uids: many(row, () => row.u32()) };
}

function putKeywords(row: RowWriter, { replace, add, remove }: KeywordChange): void {
  row.u8(Number(replace));
  for (const names of [add, remove]) putAll(row, names, (name) => row.text(name));
}

function takeKeywords(row: RowReader): KeywordChange {
  return { replace: row.u8() !== 0, add: many(row, () => row.text()), remove: many(row, () => row.text()) };
}

type TreeOp = Extract<ShardOp, { kind: "tree" }>;

function putTree(row: RowWriter, { head, rows, made, renewed, removed }: TreeOp["edit"]): void {
  row.block(encodeTreeHead(head));
  putAll(row, rows, ({ name, row: held }) => maybe(row.text(name), held, (some) => row.block(encodeTreeRow(some))));
  for (const epochs of [made, renewed]) {
    putAll(row, epochs, ({ mailbox, uidValidity }) => row.u32(mailbox).u32(uidValidity));
  }
  putAll(row, removed, (mailbox) => row.u32(mailbox));
}

function takeTree(row: RowReader): TreeOp {
  const account = takeAccount(row);
  const head = decodeTreeHead(row.block());
  const rows = many(row, () => {
    const name = row.text() as MailboxName;
    return { name, row: takeMaybe(row, () => decodeTreeRow(row.block())) };
  });
  const epochs = () => many(row, (): MailboxEpoch => ({ mailbox: row.u32(), uidValidity: row.u32() }));
  const [made, renewed] = [epochs(), epochs()];
  return { kind: "tree", account, edit: { head, rows, made, renewed, removed: many(row, () => row.u32()) } };
}

function takeSettings(row: RowReader): ShardOp {
  const [account, mailbox, kind, negative, grown] = [takeAccount(row), row.u32(), row.u8(), row.u8(), row.u48()];
  const setting = Object.values(Setting).find((value) => value === kind);
  if (setting === undefined) throw row.damaged();
  const entries = many(row, (): SettingEntry => [row.text(), takeMaybe(row, () => row.block().slice())]);
  return { kind: "settings", account, mailbox, setting, entries, grown: negative === 0 ? grown : -grown };
}

/** An account id is part of keys. */
function takeAccount(row: RowReader): string {
  const account = row.text();
  checkAccount(account);
  return account;
}

function putUids(row: RowWriter, uids: readonly number[]): void {
  row.rising(uids);
}

/** What `RowWriter.rising` wrote. */
function takeUids(row: RowReader): number[] {
  let last = 0;
  return many(row, () => last += row.count());
}

/** What `RowWriter.ranges` wrote. */
function takeRanges(row: RowReader): Ranges {
  let last = 0;
  const pairs = many(row, () => {
    const first = last + row.count();
    last = first + row.count();
    return [first, last];
  });
  return pairs.flat() as readonly number[] as Ranges;
}

function takeWithin(row: RowReader): FlagsWithin {
  const bits = row.u8();
  if (bits >= 2 * WITHIN_KEYWORDS) throw row.damaged();
  return { flags: bits & (WITHIN_KEYWORDS - 1), keywords: bits >= WITHIN_KEYWORDS };
}

/** MODSEQs have 48 bits: a higher bound holds nobody back, nor does none at all. */
function asModSeq(bound: number): number {
  return Number.isNaN(bound) ? U48_MAX : Math.min(U48_MAX, Math.max(0, Math.floor(bound)));
}

function putAll<T>(row: RowWriter, all: readonly T[], put: (one: T) => void): void {
  row.count(all.length);
  for (const one of all) put(one);
}

/** One of some words, by its place. */
function oneOf<T extends string>(words: readonly T[], row: RowReader): T {
  const word = words[row.u8()];
  if (word === undefined) throw row.damaged();
  return word;
}

/** Each one has an octet at least, so that a wrong count ends at the end of the row. */
function many<T>(row: RowReader, take: () => T): T[] {
  const all: T[] = [];
  for (let left = row.count(); left > 0; left--) all.push(take());
  return all;
}

function maybe<T>(row: RowWriter, value: T | null, put: (value: T) => unknown): void {
  row.u8(Number(value !== null));
  if (value !== null) put(value);
}

function takeMaybe<T>(row: RowReader, take: () => T): T | null {
  return row.u8() === 0 ? null : take();
}
