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
export function sortMessages(messages: readonly OrderedMessage[], reverse: readonly boolean[]): OrderedMessage[] {
  const signs = reverse.map((down) => down ? -1 : 1);
  return messages.toSorted((one, other) => {
    for (let at = 0; at < signs.length; at++) {
      const [a, b] = [one.values[at]!, other.values[at]!];
      if (a !== b) return a < b ? -signs[at]! : signs[at]!;
    }
    return 0;
  });
}
