import { assert } from "../../../base/assert.ts";
import type { MailboxEntry } from "../../../mail/mailbox_entry.ts";
import type { MailboxStatus } from "../../../mail/mailbox_state.ts";
import type { StatusItem } from "../grammar/ast.ts";
import { ask, type Program } from "../effects.ts";
import type { Scene } from "../state.ts";
import { mailboxText } from "./texts.ts";

/** What a STATUS response tells of. */
type Told = Pick<MailboxEntry, "objectId"> & {
  readonly status: MailboxStatus;
  readonly deletedBytes: number;
  readonly recent: number;
};

/** The STATUS response (RFC 9051 §7.3.4) of a mailbox that exists, with what has to be counted for it. */
export function* statusLine(entry: MailboxEntry, items: readonly StatusItem[], scene: Scene): Program<string> {
  const { name, objectId, status } = entry;
  assert(status !== undefined, "a mailbox that exists has a status");
  const counts = items.includes("DELETED-STORAGE") && status.deleted > 0;
  const deletedBytes = counts ? (yield* ask("mailbox.deletedBytes", { name })).bytes : 0;
  const told = { objectId, status, deletedBytes, recent: entry.recent ?? 0 };
  const pairs = items.map((item) => `${item} ${valueOf(item, told, scene)}`);
  return `* STATUS ${mailboxText(name, scene)} (${pairs.join(" ")})\r\n`;
}

function valueOf(item: StatusItem, { objectId, status, deletedBytes, recent }: Told, scene: Scene): string | number {
  switch (item) {
    case "MESSAGES":
      return status.messages;
    case "RECENT":
      return recent;
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
      return deletedBytes;
  }
}
