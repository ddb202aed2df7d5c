import type { OrderKey } from "../mail/mailbox_view.ts";
import type { MessageFacts } from "./facts.ts";

/** What a message is sorted by, for one criterion: a number, or a text in the form in which it is compared. */
export type OrderValue = number | string;

/** A message with its values, one for each criterion. */
export interface OrderedMessage {
  readonly number: number;
  readonly values: readonly OrderValue[];
}

/**
 * Puts messages in order (RFC 5256 §3, SORT): by the first criterion, among equals by the next, at last as they came. `reverse` tells of
 * each criterion whether it goes down. Texts are compared by their code units, the empty one first.
 */
export function sortMessages<M extends OrderedMessage>(messages: readonly M[], reverse: readonly boolean[]): M[] {
  return messages.toSorted((one, other) => compareValues(one.values, other.values, reverse));
}

/** Below 0 when the message with the first values stands before the one with the others, 0 when they do not tell. */
export function compareValues(
  one: readonly OrderValue[],
  other: readonly OrderValue[],
  reverse: readonly boolean[],
): number {
  for (let at = 0; at < reverse.length; at++) {
    const [a, b] = [one[at]!, other[at]!];
    if (a !== b) return (a < b) === reverse[at] ? 1 : -1;
  }
  return 0;
}

/** What a message is sorted by; without facts it is as one without a header. Times are ms since 1970 UTC, sizes bytes. */
export function orderValue(
  key: OrderKey["key"],
  { internalDateMs, size }: { readonly internalDateMs: number; readonly size: number },
  facts: MessageFacts | null,
): OrderValue {
  switch (key) {
    case "arrival":
      return internalDateMs;
    case "size":
      return size;
    case "date":
      return facts?.sentMs ?? internalDateMs; // RFC 5256 §2.2.
    case "subject":
      return orderText(facts?.baseSubject ?? "");
    case "displayFrom":
      return orderText(facts?.from.display ?? "");
    case "displayTo":
      return orderText(facts?.to.display ?? "");
    default:
      return orderText(facts?.[key].mailbox ?? "");
  }
}

/** What stands for a character of which nobody knows how it was encoded. */
const UNKNOWN = "\ufffd";
/** Above every other character. */
const LAST = "\uffff";

/**
 * A text in whose place another stands that is in order by its code units: texts are in order by their characters (RFC 5051 §2 has
 * it by octets of UTF-8, which is the same), and those that could not be decoded come last (RFC 5255 §4.6).
 */
function orderText(text: string): string {
  if (!/[\ud800-\uffff]/.test(text)) return text;
  // Characters beyond U+FFFF are written by units that lie below some that stand for lower characters.
  const ordered = text.replace(/[\ud800-\uffff]/g, (unit) => {
    const code = unit.charCodeAt(0);
    return String.fromCharCode(code < 0xe000 ? code + 0x2000 : code - 0x0800);
  });
  return text.includes(UNKNOWN) ? LAST + ordered : ordered;
}
