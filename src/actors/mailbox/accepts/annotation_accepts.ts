import {
  ANNOTATION_ENTRY_CHARS_MAX,
  ANNOTATION_VALUE_BYTES_MAX,
  ANNOTATIONS_PER_MESSAGE_MAX,
} from "../../../mail/message_annotation.ts";
import { fieldsOf, isListOf, isName } from "../../shape.ts";

/** Values that one request may set or take away. */
const CHANGES_MAX = 1_000;

/** Annotations of a message (RFC 5257); with `removals` some may go. */
export function areAnnotations(value: unknown, removals: boolean): boolean {
  return isListOf(value, removals ? CHANGES_MAX : ANNOTATIONS_PER_MESSAGE_MAX, (each) => {
    const annotation = fieldsOf(each);
    return annotation !== null && isName(annotation["entry"], ANNOTATION_ENTRY_CHARS_MAX) &&
      isScope(annotation["scope"]) && (isValue(annotation["value"]) || (removals && annotation["value"] === null));
  });
}

export function isScope(value: unknown): boolean {
  return value === "priv" || value === "shared";
}

function isValue(value: unknown): boolean {
  return value instanceof Uint8Array && value.length <= ANNOTATION_VALUE_BYTES_MAX;
}
