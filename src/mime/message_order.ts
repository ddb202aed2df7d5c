import type { OrderKey } from "../mail/mailbox_ask.ts";
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
 * each criterion whether it goes down. Texts are compared as they are, the empty one first.
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
      return facts?.baseSubject ?? "";
    case "displayFrom":
      return facts?.from.display ?? "";
    case "displayTo":
      return facts?.to.display ?? "";
    default:
      return facts?.[key].mailbox ?? "";
  }
}
