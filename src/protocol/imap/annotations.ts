import {
  ANNOTATION_VALUE_BYTES_MAX,
  ANNOTATIONS_PER_MESSAGE_MAX,
  entryMatcher,
  isEntryPattern,
  type MessageAnnotation,
  type MessageAnnotationChange,
} from "../../mail/message_annotation.ts";
import type { MessageSet, RowPage } from "../../mail/mailbox_view.ts";
import { isOthers } from "../../mail/other_users.ts";
import { findPart, type IndexedPart } from "../../mime/mod.ts";
import type { AnnotationAttribute, FetchItem } from "./grammar/ast_fetch.ts";
import { bad, type Completion, no } from "./completion.ts";
import { ask, type Program } from "./effects.ts";
import { MessageReader } from "./fetch/message_reader.ts";
import { annotationsCode } from "./write/response_code.ts";
import { RowReader } from "./fetch/row_reader.ts";
import type { Scene, Selected } from "./state.ts";
import { writeAstring, writeBytes } from "./write/write.ts";

type AnnotationItem = Extract<FetchItem, { readonly item: "ANNOTATION" }>;

/** ANNOTATION of FETCH (RFC 5257 §4.4); null when nothing of what was asked for is there, and nothing was asked for by its name. */
export function annotationText(annotations: readonly MessageAnnotation[], item: AnnotationItem): string | null {
  const told = new Map<string, string>();
  for (const pattern of item.entries) {
    const matches = entryMatcher(pattern);
    const names = isEntryPattern(pattern)
      ? annotations.filter((each) => isAsked(each, item) && matches(each.entry)).map(({ entry }) => entry)
      : [pattern];
    for (const name of names) told.set(name, attributesText(annotations, name, item.attributes));
  }
  if (told.size === 0) return null;
  return `ANNOTATION (${[...told].map(([name, text]) => `${writeAstring(name, false)} (${text})`).join(" ")})`;
}

function isAsked({ scope }: MessageAnnotation, { attributes }: AnnotationItem): boolean {
  return attributes.some((attribute) => attribute.endsWith(`.${scope}`));
}

/** RFC 5257 §3.2.2: what is not there is NIL, and has the size 0. */
function attributesText(
  annotations: readonly MessageAnnotation[],
  name: string,
  attributes: readonly AnnotationAttribute[],
): string {
  return attributes.map((attribute) => {
    const value = annotations.find(({ entry, scope }) => entry === name && attribute.endsWith(`.${scope}`))?.value;
    return attribute.startsWith("size")
      ? `${attribute} "${value?.length ?? 0}"`
      : `${attribute} ${writeBytes(value ?? null)}`;
  }).join(" ");
}

/** ANNOTATIONS of SELECT (RFC 5257 §4.1): private annotations are kept where the mailbox is the account's own. */
export function annotationsLevel({ name, readOnly, rights }: Selected): string {
  const own = !isOthers(name);
  return annotationsCode(readOnly || !rights.includes("n") ? null : ANNOTATION_VALUE_BYTES_MAX, own);
}

/** Why values cannot be stored, whatever the messages are (RFC 5257 §4.5). */
export function refusedValues(changes: readonly MessageAnnotationChange[]): Completion | null {
  if (changes.some(({ value }) => (value?.length ?? 0) > ANNOTATION_VALUE_BYTES_MAX)) return TOO_BIG;
  const set = new Set(changes.filter(({ value }) => value !== null).map(({ entry, scope }) => `${scope} ${entry}`));
  return set.size > ANNOTATIONS_PER_MESSAGE_MAX ? TOO_MANY : null;
}

const TOO_BIG = no("A value is too long", "ANNOTATE TOOBIG");
export const TOO_MANY = no("Too many annotations", "ANNOTATE TOOMANY");
export const NO_PRIVATE = no("Private annotations of mailboxes of others are not kept", "NOPERM");

/** The parts that entries are of. */
export function partsNamed(changes: readonly MessageAnnotationChange[]): number[][] {
  const names = changes.map(({ entry }) => /^\/([0-9.]+)\//.exec(entry)?.[1]);
  return [...new Set(names)].flatMap((name) => name === undefined ? [] : [name.split(".").map(Number)]);
}

/** Whether a message has all parts that were named. */
export function hasParts(root: IndexedPart | null, named: readonly (readonly number[])[]): boolean {
  return named.length === 0 || (root !== null && named.every((numbers) => findPart(root, numbers) !== null));
}

const NO_PART = bad("No such part");

/** RFC 5257 §3.2.1: a part that one of the messages has not is refused. */
export function* refusedParts(
  set: MessageSet,
  changes: readonly MessageAnnotationChange[],
  { scene, view }: { readonly scene: Scene; readonly view: number },
): Program<Completion | null> {
  const named = partsNamed(changes);
  if (named.length === 0) return null;
  const all = { view, set, changedSince: null, vanished: false, index: "all", headBytes: 0 } as const;
  for (let after: number | null = 0; after !== null;) {
    const page: RowPage = yield* ask("mailbox.page", { ...all, after });
    const rows = new RowReader(page);
    for (let i = 0; i < rows.count; i++) {
      const reader = new MessageReader(rows.row(i), scene, false);
      const root = yield* reader.parts();
      if (reader.trouble === "gone") continue;
      if (reader.trouble !== null) return no("Some messages cannot be read now, try again later", "UNAVAILABLE");
      if (!hasParts(root, named)) return NO_PART;
    }
    after = page.next;
  }
  return null;
}

/** The same of a message that comes. */
export function lacksParts(root: IndexedPart | null, changes: readonly MessageAnnotationChange[]): Completion | null {
  return hasParts(root, partsNamed(changes)) ? null : NO_PART;
}
