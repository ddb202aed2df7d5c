import { latin1 } from "../../src/base/latin1.ts";
import type { MailboxAsks } from "../../src/mail/mailbox_ask.ts";
import {
  ANNOTATIONS_PER_MESSAGE_MAX,
  entryMatcher,
  type MessageAnnotation,
  type MessageAnnotationChange,
} from "../../src/mail/message_annotation.ts";
import type { ViewRow } from "../../src/mail/mailbox_view.ts";
import type { SearchProgram } from "../../src/mail/search_program.ts";
import type { FakeBox } from "./fake_boxes.ts";
import type { FakeMessage } from "./fake_message.ts";

type Reply = MailboxAsks["mailbox.annotate"]["reply"];

/** STORE of annotations; answers what kind of answer that has. */
export function annotateMessages(
  box: FakeBox,
  messages: readonly FakeMessage[],
  changes: readonly MessageAnnotationChange[],
): Reply["type"] {
  const next = messages.map(({ annotations }) => changed(annotations, changes));
  if (next.some(({ length }) => length > ANNOTATIONS_PER_MESSAGE_MAX)) return "limit";
  messages.forEach((message, at) => {
    message.annotations = next[at]!;
    message.modSeq = ++box.modSeq;
    message.annotated = { modSeq: message.modSeq, entries: changes.map(({ entry }) => entry) };
  });
  return "stored";
}

function changed(
  held: readonly MessageAnnotation[],
  changes: readonly MessageAnnotationChange[],
): readonly MessageAnnotation[] {
  const others = held.filter((each) =>
    !changes.some(({ entry, scope }) => entry === each.entry && scope === each.scope)
  );
  const set = changes.flatMap(({ entry, scope, value }) => value === null ? [] : [{ entry, scope, value }]);
  return [...others, ...set].sort((a, b) => `${a.scope}${a.entry}` < `${b.scope}${b.entry}` ? -1 : 1);
}

/** SEARCH ANNOTATION. */
export function findsAnnotation(
  { annotations }: FakeMessage,
  { entry, scopes, text }: Extract<SearchProgram, { readonly type: "annotation" }>,
): boolean {
  const matches = entryMatcher(entry);
  const values = annotations.filter((each) => scopes.includes(each.scope) && matches(each.entry));
  return text === null
    ? values.length === 0
    : values.some(({ value }) => latin1(value).toLowerCase().includes(text.toLowerCase()));
}

/** The row of a message that changed after that MODSEQ, with the entries that did. */
export function withAnnotated(row: ViewRow, { annotated }: FakeMessage, since: number): ViewRow {
  return annotated === undefined || annotated.modSeq <= since ? row : { ...row, annotated: annotated.entries };
}
