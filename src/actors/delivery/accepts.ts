import type { DeliveryProtocol } from "../../messages/mod.ts";
import { areParts, isOutgoingEnvelope, isOutgoingRecipient } from "../mail_shape.ts";
import { type Accepts, fields, isListOf, isName, isOptional } from "../shape.ts";

/** Longest domain, or literal with its brackets (RFC 5321 §4.5.3.1.2). */
const DESTINATION_CHARS_MAX = 255;
const RECIPIENTS_MAX = 100_000;
/** The largest message that the store keeps. */
const CONTENT = { partsMax: 100_000, bytesMax: 268_435_456 };

/** Whether requests of other workers have the form their types promise, and can neither add nor end a command. */
export const deliveryAccepts: Accepts<DeliveryProtocol> = {
  "delivery.attempt": fields(({ destination, envelope, recipients, parts, doubtfulAddress }) =>
    isName(destination, DESTINATION_CHARS_MAX) && isOptional(doubtfulAddress, isAddressText) &&
    isOutgoingEnvelope(envelope) && areParts(parts, CONTENT) &&
    isListOf(recipients, RECIPIENTS_MAX, isOutgoingRecipient) && (recipients as unknown[]).length > 0
  ),
  "delivery.status": (request) => request === null,
};

function isAddressText(value: unknown): value is string {
  return isName(value, DESTINATION_CHARS_MAX);
}
