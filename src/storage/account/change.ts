import { byteLength, utf8 } from "../../base/mod.ts";
import type { AccountId } from "../../mail/account.ts";
import type { MailboxName, SpecialUse } from "../../mail/mailbox_name.ts";
import type { MessageAnnotation } from "../../mail/message_annotation.ts";
import { limitsOf, type Quota } from "../../mail/quota.ts";
import type {
  AccessKey,
  AclEntry,
  Annotation,
  AnnotationsCopied,
  AppendInput,
  AppendMessage,
  CopyInput,
  FlagStore,
  FlagsWithin,
  MessageRef,
} from "./types.ts";
import { type AnnotateChange, checkAnnotations } from "./annotation_change.ts";
import { checkDateMs, checkFlags, checkQuota, checkUids, invalid } from "../checks.ts";
import { checkAccount, checkMailbox, checkOpId } from "../layout/keys.ts";
import type { StoreLimits } from "../limits.ts";
import { checksum } from "../disk/segments.ts";

/** A content to be stored, with its size and checksum. */
export interface NewBody {
  readonly parts: readonly Uint8Array[];
  readonly index: Uint8Array | null;
  readonly size: number;
  readonly crc: number;
}

/** A message of an append, within all limits. */
export interface NewMessage extends NewBody {
  readonly flags: number;
  readonly keywords: readonly string[];
  readonly internalDateMs: number;
  readonly annotations: readonly MessageAnnotation[];
}

/** What becomes of the keywords of a message: with `replace` all go, then `remove` go, then `add` come. */
export interface KeywordChange {
  readonly replace: boolean;
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** Small rows beside the messages of a mailbox: by name, values of any bytes, null for one that goes. */
export const Setting = { metadata: 1, acl: 2, accessKeys: 3, annotation: 4 } as const;
export type SettingKind = typeof Setting[keyof typeof Setting];
export type SettingEntry = readonly [name: string, value: Uint8Array | null];

export type TreeChange = { readonly kind: "tree"; readonly account: AccountId } & TreeWish;

/** What is asked of the names of an account. */
export type TreeWish =
  | { readonly wish: "create"; readonly name: MailboxName; readonly specialUse: SpecialUse | null }
  | { readonly wish: "remove"; readonly name: MailboxName }
  | { readonly wish: "rename"; readonly name: MailboxName; readonly to: MailboxName }
  | { readonly wish: "subscribe"; readonly name: MailboxName; readonly subscribed: boolean };

/** Changes that were asked for in a mailbox of an account and have not been numbered yet. */
export type AccountChange =
  | TreeChange
  | AppendChange
  | CopyChange
  | SettingsChange
  | AnnotateChange
  /** Moves the next messages below `before` out of an INBOX that was renamed. */
  | {
    readonly kind: "drain";
    readonly account: AccountId;
    readonly to: number;
    readonly before: number;
    readonly limit: number;
  }
  /** Takes away the next rows of a mailbox that was removed. */
  | { readonly kind: "sweep"; readonly account: AccountId; readonly mailbox: number; readonly limit: number };

export interface AppendChange extends Quota {
  readonly kind: "append";
  /** "": nobody asks twice. */
  readonly opId: string;
  readonly account: AccountId;
  readonly mailbox: number;
  readonly messages: readonly NewMessage[];
  readonly savedMs: number;
  readonly size: number;
  readonly replaces: MessageRef | null;
}

export interface CopyChange extends Omit<CopyInput, "uids" | "annotations" | "within"> {
  readonly kind: "copy";
  readonly annotations: AnnotationsCopied;
  readonly within: FlagsWithin;
  readonly uids: readonly number[];
}

export interface SettingsChange {
  readonly kind: "settings";
  readonly account: AccountId;
  readonly mailbox: number;
  readonly setting: SettingKind;
  readonly entries: readonly SettingEntry[];
}

/** Octets of a keyword. */
const KEYWORD_BYTES_MAX = 100;
/** Octets of a setting's name, and of the rights of one identifier. */
const SETTING_NAME_BYTES_MAX = 255;
const RIGHTS_CHARS_MAX = 128;
/** Bytes of a mailbox access key. */
export const ACCESS_KEY_BYTES = 32;

/** A message of an append within all limits. Throws Failure `invalid`. */
function newMessage(message: AppendMessage, limits: StoreLimits): NewMessage {
  const { parts, flags } = message;
  checkFlags(flags);
  const keywords = checkKeywords(message.keywords);
  const size = byteLength(parts);
  if (size > limits.messageBytesMax) invalid(`a message has at most ${limits.messageBytesMax} bytes`);
  const internalDateMs = checkDateMs(message.internalDateMs);
  return {
    parts,
    index: keptIndex(message.index, limits),
    size,
    crc: checksum(parts),
    flags,
    keywords,
    internalDateMs,
    annotations: checkAnnotations(message.annotations ?? [], limits),
  };
}

/** An index too large to be kept is as good as none: it can be made again from the message. */
export function keptIndex(index: Uint8Array | null | undefined, limits: StoreLimits): Uint8Array | null {
  return index === undefined || index === null || index.length === 0 || index.length > limits.mimeIndexBytesMax
    ? null
    : index;
}

/** An append within all limits. Throws Failure `invalid`. */
export function appendChange(input: AppendInput, limits: StoreLimits): AppendChange {
  const { opId = "", account, mailbox, replaces = null } = input;
  if (input.opId !== undefined) checkOpId(opId);
  for (const at of replaces === null ? [input] : [input, replaces]) {
    checkAccount(at.account);
    checkMailbox(at.mailbox);
  }
  checkQuota(input);
  if (input.messages.length < 1 || input.messages.length > limits.appendMessagesMax) {
    invalid(`an append has 1 to ${limits.appendMessagesMax} messages`);
  }
  const messages = input.messages.map((message) => newMessage(message, limits));
  const size = messages.reduce((sum, message) => sum + message.size, 0);
  const savedMs = checkDateMs(input.savedMs);
  return { kind: "append", opId, account, mailbox, ...limitsOf(input), messages, savedMs, size, replaces };
}

/** A copy within all limits. Throws Failure `invalid`. */
export function copyChange(input: CopyInput, limits: StoreLimits): CopyChange {
  for (const { account, mailbox } of [input.from, input.to]) {
    checkAccount(account);
    checkMailbox(mailbox);
  }
  checkQuota(input);
  const { from, to, move, annotations = "none", within = EVERY_FLAG } = input;
  checkFlags(within.flags);
  return {
    kind: "copy",
    from,
    to,
    ...limitsOf(input),
    move,
    annotations,
    within,
    uids: checkUids(input.uids, limits),
    savedMs: checkDateMs(input.savedMs),
  };
}

/** What a STORE does to system flags and keywords. Throws Failure `invalid`. */
export function flagStoreChange(
  { how, flags: named, keywords, within }: FlagStore,
): { add: number; remove: number; keywords: KeywordChange } {
  checkFlags(named);
  const { flags: free, keywords: keywordsFree } = within ?? EVERY_FLAG;
  const flags = named & free;
  const names = keywordsFree ? checkKeywords(keywords) : [];
  switch (how) {
    case "add":
      return { add: flags, remove: 0, keywords: { replace: false, add: names, remove: [] } };
    case "remove":
      return { add: 0, remove: flags, keywords: { replace: false, add: [], remove: names } };
    case "replace":
      return { add: flags, remove: free & ~flags, keywords: { replace: keywordsFree, add: names, remove: [] } };
  }
}

export const EVERY_FLAG: FlagsWithin = { flags: 31, keywords: true };

export function treeChange(account: AccountId, wish: TreeWish): TreeChange {
  checkAccount(account);
  return { kind: "tree", account, ...wish };
}

/** Annotations within all limits. Throws Failure `invalid`. */
export function metadataChange(
  account: AccountId,
  mailbox: number,
  annotations: readonly Annotation[],
  limits: StoreLimits,
): SettingsChange {
  for (const [, value] of annotations) {
    if (value !== null && value.length > limits.settingBytesMax) {
      invalid(`an annotation has at most ${limits.settingBytesMax} bytes`);
    }
  }
  return settingsChange({ account, mailbox, setting: Setting.metadata }, annotations);
}

/** Rights within all limits. Throws Failure `invalid`. */
export function aclChange(account: AccountId, mailbox: number, acl: readonly AclEntry[]): SettingsChange {
  const entries = acl.map(([identifier, rights]): SettingEntry => {
    if (rights !== null && rights.length > RIGHTS_CHARS_MAX) {
      invalid(`rights are at most ${RIGHTS_CHARS_MAX} characters`);
    }
    return [identifier, rights === null ? null : utf8(rights)];
  });
  checkMailbox(mailbox);
  return settingsChange({ account, mailbox, setting: Setting.acl }, entries);
}

/** Keys of a fixed length. Throws Failure `invalid`. */
export function accessKeysChange(account: AccountId, mailbox: number, keys: readonly AccessKey[]): SettingsChange {
  if (keys.some(([, key]) => key !== null && key.length !== ACCESS_KEY_BYTES)) {
    invalid(`a mailbox access key has ${ACCESS_KEY_BYTES} bytes`);
  }
  checkMailbox(mailbox);
  return settingsChange({ account, mailbox, setting: Setting.accessKeys }, keys);
}

function settingsChange(
  at: Pick<SettingsChange, "account" | "mailbox" | "setting">,
  entries: readonly SettingEntry[],
): SettingsChange {
  checkAccount(at.account);
  if (at.mailbox !== 0) checkMailbox(at.mailbox);
  for (const [name] of entries) {
    const length = utf8(name).length;
    if (length < 1 || length > SETTING_NAME_BYTES_MAX || name.includes("\0")) {
      invalid(`a name has 1 to ${SETTING_NAME_BYTES_MAX} octets, none of them 0`);
    }
  }
  // The last word on a name counts.
  return { kind: "settings", ...at, entries: [...new Map(entries)] };
}

/** Keywords once each, the first spelling of each. Throws Failure `invalid`. */
function checkKeywords(keywords: readonly string[]): string[] {
  const names = new Map<string, string>();
  for (const keyword of keywords) {
    if (!KEYWORD.test(keyword)) invalid(`a keyword is 1 to ${KEYWORD_BYTES_MAX} printable ASCII characters`);
    const folded = foldKeyword(keyword);
    if (!names.has(folded)) names.set(folded, keyword);
  }
  return [...names.values()];
}

const KEYWORD = new RegExp(`^[\\x21-\\x7e]{1,${KEYWORD_BYTES_MAX}}$`);

/** Keywords are compared without case (RFC 9051 §2.3.2). */
export function foldKeyword(keyword: string): string {
  return keyword.toLowerCase();
}

/** Rising by their folded names. */
export function sortKeywords(keywords: string[]): string[] {
  return keywords.sort((a, b) => foldKeyword(a) < foldKeyword(b) ? -1 : 1);
}
