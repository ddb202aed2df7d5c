import { utf8 } from "../../base/mod.ts";
import type { AnnotationScope, MessageAnnotation, MessageAnnotationChange } from "../../mail/message_annotation.ts";
import { Setting, type SettingEntry } from "./change.ts";
import type { AnnotationsCopied, AnnotationsOf } from "./types.ts";
import type { IndexEnv } from "../disk/index_env.ts";
import { annotationsBetween, readAnnotationUid, readSettingName } from "../layout/keys.ts";
import { putSetting, readPieces } from "./settings.ts";

/*
 * Annotations of messages (RFC 5257) lie among the settings of their mailbox, under the UID, the scope and the entry.
 */

/** Hexadecimal digits of a UID at the beginning of a name. */
const UID_CHARS = 8;
const SCOPES: Readonly<Record<AnnotationScope, string>> = { priv: "p", shared: "s" };

interface At {
  readonly account: string;
  readonly mailbox: number;
}

/** Scope and entry as one text. */
export function annotationName({ entry, scope }: Pick<MessageAnnotationChange, "entry" | "scope">): string {
  return SCOPES[scope] + entry;
}

/** The bytes that an annotation counts for. */
export function annotationBytes(name: string, value: Uint8Array): number {
  return UID_CHARS + utf8(name).length + value.length;
}

/** Annotations of the messages between two UIDs, those among them, by rising UID and name. */
export function readAnnotations(
  index: IndexEnv,
  { account, mailbox }: At,
  first: number,
  last: number,
): AnnotationsOf[] {
  const found = new Map<number, MessageAnnotation[]>();
  const rows = index.range({ ...annotationsBetween(account, mailbox, first, last), limit: Infinity });
  for (const [key, value] of readPieces(rows)) {
    const uid = readAnnotationUid(key);
    const name = readSettingName(key).slice(UID_CHARS);
    const annotation = { entry: name.slice(1), scope: name[0] === SCOPES.priv ? "priv" : "shared", value } as const;
    const held = found.get(uid);
    if (held === undefined) found.set(uid, [annotation]);
    else held.push(annotation);
  }
  return [...found].map(([uid, annotations]) => ({ uid, annotations }));
}

/** Those of one message. */
export function annotationsAt(index: IndexEnv, at: At, uid: number): readonly MessageAnnotation[] {
  return readAnnotations(index, at, uid, uid)[0]?.annotations ?? [];
}

/** Whether any message of a mailbox has annotations. */
export function hasAnnotations(index: IndexEnv, { account, mailbox }: At): boolean {
  return index.range({ ...annotationsBetween(account, mailbox, 0, 0xffff_ffff), limit: 1 }).length > 0;
}

/** Writes annotations of a message; answers by how many bytes they are more, or null when nothing was changed. */
export function putAnnotations(
  index: IndexEnv,
  at: At & { readonly uid: number },
  changes: readonly MessageAnnotationChange[],
): number | null {
  const held = new Map(annotationsAt(index, at, at.uid).map((each) => [annotationName(each), each.value]));
  let grown: number | null = null;
  for (const change of changes) {
    const name = annotationName(change);
    const before = held.get(name);
    if (isSame(before ?? null, change.value)) continue;
    putSetting(index, { ...at, setting: Setting.annotation }, settingOf(at.uid, name, change.value));
    grown = (grown ?? 0) + (change.value === null ? 0 : annotationBytes(name, change.value)) -
      (before === undefined ? 0 : annotationBytes(name, before));
    if (change.value === null) held.delete(name);
    else held.set(name, change.value);
  }
  return grown;
}

/** Takes away what a message has; answers how many bytes less that is. */
export function dropAnnotations(index: IndexEnv, at: At & { readonly uid: number }): number {
  let bytes = 0;
  for (const annotation of annotationsAt(index, at, at.uid)) {
    const name = annotationName(annotation);
    bytes += annotationBytes(name, annotation.value);
    putSetting(index, { ...at, setting: Setting.annotation }, settingOf(at.uid, name, null));
  }
  return bytes;
}

function settingOf(uid: number, name: string, value: Uint8Array | null): SettingEntry {
  return [uid.toString(16).padStart(UID_CHARS, "0") + name, value];
}

/** Whether a value stays as it is. */
export function isSame(one: Uint8Array | null, other: Uint8Array | null): boolean {
  if (one === null || other === null) return one === other;
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** What a message has after changes. */
export function annotated(
  held: readonly MessageAnnotation[],
  changes: readonly MessageAnnotationChange[],
): MessageAnnotation[] {
  const next = new Map(held.map((each) => [annotationName(each), each]));
  for (const { entry, scope, value } of changes) {
    const name = annotationName({ entry, scope });
    if (value === null) next.delete(name);
    else next.set(name, { entry, scope, value });
  }
  return [...next.values()];
}

/** What of a message's annotations a copy of it has. */
export function copied(
  annotations: readonly MessageAnnotation[],
  how: AnnotationsCopied,
): readonly MessageAnnotation[] {
  return annotations.filter(({ scope }) => how === "all" || (how === "shared" && scope === "shared"));
}

/** The bytes that annotations count for. */
export function bytesOfAll(annotations: readonly MessageAnnotation[]): number {
  return annotations.reduce((sum, each) => sum + annotationBytes(annotationName(each), each.value), 0);
}
