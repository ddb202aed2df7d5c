import { assert, Bug } from "../../base/assert.ts";
import type { MailboxEntry } from "../../mail/mailbox_ask.ts";
import type { MailboxStatus } from "../../mail/mailbox_state.ts";
import type { StatusItem } from "./ast.ts";
import type { Scene } from "./state.ts";
import { mailboxText } from "./texts.ts";

/** The STATUS response (RFC 9051 §7.3.4) of a mailbox that exists. */
export function statusLine(entry: MailboxEntry, items: readonly StatusItem[], scene: Scene): string {
  const { name, status } = entry;
  assert(status !== undefined, "a mailbox that exists has a status");
  const pairs = items.map((item) =>
    `${item} ${item === "RECENT" ? entry.recent ?? 0 : valueOf(item, status, entry.objectId, scene)}`
  );
  return `* STATUS ${mailboxText(name, scene)} (${pairs.join(" ")})\r\n`;
}

function valueOf(
  item: Exclude<StatusItem, "RECENT">,
  status: MailboxStatus,
  objectId: string,
  scene: Scene,
): string | number {
  switch (item) {
    case "MESSAGES":
      return status.messages;
    case "UIDNEXT":
      return status.uidNext;
    case "UIDVALIDITY":
      return status.uidValidity;
    case "UNSEEN":
      return status.unseen;
    case "DELETED":
      return status.deleted;
    case "SIZE":
      return status.size;
    case "HIGHESTMODSEQ":
      return status.highestModSeq;
    case "MAILBOXID":
      return `(${objectId})`;
    case "APPENDLIMIT":
      return scene.limits.appendBytesMax;
    case "DELETED-STORAGE":
      throw new Bug("DELETED-STORAGE is refused before");
  }
}
