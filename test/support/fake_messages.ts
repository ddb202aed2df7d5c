import { Flag } from "../../src/mail/flag.ts";
import type { MailboxAsks } from "../../src/mail/mailbox_ask.ts";
import type { SpecialUse } from "../../src/mail/mailbox_name.ts";
import type { MessageAnnotation } from "../../src/mail/message_annotation.ts";
import type { MailboxStatus } from "../../src/mail/mailbox_state.ts";
import type { Rights } from "../../src/mail/rights.ts";
import type { ModSeq, Uid, UidValidity } from "../../src/mail/uid.ts";

/** A message as the fake keeps it. */
export interface FakeMessage {
  readonly uid: number;
  readonly bytes: Uint8Array;
  flags: number;
  keywords: string[];
  modSeq: number;
  recent: boolean;
  readonly internalDateMs: number;
  annotations: readonly MessageAnnotation[];
}

/** A mailbox as the fake keeps it. */
export interface FakeBox {
  readonly id: number;
  name: string;
  readonly objectId: string;
  readonly uidValidity: number;
  readonly specialUse: SpecialUse | null;
  readonly acl: Map<string, Rights>;
  readonly annotations: Map<string, Uint8Array>;
  uidNext: number;
  modSeq: number;
  messages: FakeMessage[];
  readonly expunged: { readonly uid: number; readonly modSeq: number }[];
}

/** What is counted of a mailbox. */
interface FakeCounts {
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly modSeq: number;
  readonly messages: readonly FakeMessage[];
}

/** STORE. */
export function change(
  message: FakeMessage,
  { flags, keywords, how }: Pick<MailboxAsks["mailbox.store"]["request"], "flags" | "keywords" | "how">,
): void {
  const others = message.keywords.filter((each) => !keywords.includes(each));
  if (how === "replace") [message.flags, message.keywords] = [flags, [...keywords]];
  else if (how === "add") [message.flags, message.keywords] = [message.flags | flags, [...others, ...keywords]];
  else [message.flags, message.keywords] = [message.flags & ~flags, others];
}

/** Whether pairs of first and last hold a number; 0 is `last`. */
export function holds(pairs: readonly number[], number: number, last: number): boolean {
  for (let at = 0; at < pairs.length; at += 2) {
    const [one, other] = [pairs[at]! || last, pairs[at + 1]! || last];
    if (number >= Math.min(one, other) && number <= Math.max(one, other)) return true;
  }
  return false;
}

/** Keywords in use. */
export function keywordsOf(box: Pick<FakeCounts, "messages">): string[] {
  return [...new Set(box.messages.flatMap(({ keywords }) => keywords))];
}

/** STATUS. */
export function statusOf(box: FakeCounts): MailboxStatus {
  const count = (bit: number) => box.messages.filter(({ flags }) => (flags & bit) !== 0).length;
  return {
    uidValidity: box.uidValidity as UidValidity,
    uidNext: box.uidNext as Uid,
    highestModSeq: box.modSeq as ModSeq,
    messages: box.messages.length,
    unseen: box.messages.length - count(Flag.seen),
    deleted: count(Flag.deleted),
    size: box.messages.reduce((sum, { bytes }) => sum + bytes.length, 0),
  };
}
