import type { Delivery } from "../../../src/actors/listener/delivery.ts";
import { INBOX_ID } from "../../../src/mail/account.ts";
import { NO_PARAMETERS } from "../../../src/mail/envelope.ts";
import type { ReceivedMail } from "../../../src/protocol/smtp/mod.ts";

/** A mail as the front gives it on. */
export function aDelivery(id: string, mail: ReceivedMail): Delivery {
  const parts = [new Uint8Array(5)];
  const envelope = { ...NO_PARAMETERS, id, sender: "", account: null };
  return {
    id,
    mail,
    mayRelay: false,
    mailbox: INBOX_ID,
    kept: parts,
    index: () => null,
    outgoing: { envelope, parts },
  };
}
