import type { OutgoingRecipient } from "../../mail/envelope.ts";
import type { DeliveryReport } from "../../messages/mod.ts";
import type { StoredItem, StoredMessage } from "../../storage/mod.ts";

/** One item, its mail and the mail's bytes. */
export interface Attempt {
  readonly item: StoredItem;
  readonly message: StoredMessage;
  readonly parts: readonly Uint8Array[];
}

/** How an attempt ended; `later`: none was made, as a worker is away or busy. */
export type AttemptResult =
  | { readonly type: "report"; readonly report: DeliveryReport; readonly forwards: readonly Forward[] }
  | { readonly type: "later" };

/** Recipients elsewhere that an alias here led to; what the sender asked for goes on with them (RFC 3461 §5.2.7.3). */
export interface Forward {
  readonly opId: string;
  /** The reverse-path under which mail goes there. */
  readonly sender: string;
  readonly recipients: readonly OutgoingRecipient[];
}
