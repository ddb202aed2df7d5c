import { Flag } from "../../src/mail/flag.ts";
import { decodeUtf8 } from "../../src/base/bytes.ts";
import { latin1 } from "../../src/base/latin1.ts";
import type { MailboxAsks } from "../../src/mail/mailbox_ask.ts";
import type { MessageSet } from "../../src/mail/mailbox_view.ts";
import type { SearchProgram } from "../../src/mail/search_program.ts";
import type { MailboxStatus } from "../../src/mail/mailbox_state.ts";
import type { ModSeq, Uid, UidValidity } from "../../src/mail/uid.ts";
import { findsAnnotation } from "./fake_annotations.ts";
import type { FakeMessage } from "./fake_message.ts";

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

/** Bytes of the messages with \Deleted. */
export function deletedBytes(messages: readonly FakeMessage[]): number {
  return messages.reduce((sum, { bytes, flags }) => sum + ((flags & Flag.deleted) === 0 ? 0 : bytes.length), 0);
}

/** Whether a message is found; `isNamed` tells whether a set names it. */
export function fitsProgram(
  message: FakeMessage,
  program: SearchProgram,
  isNamed: (set: MessageSet) => boolean,
): boolean {
  const all = (of: SearchProgram) => fitsProgram(message, of, isNamed);
  const text = latin1(message.bytes).toLowerCase();
  switch (program.type) {
    case "and":
      return program.of.every(all);
    case "or":
      return program.of.some(all);
    case "not":
      return !all(program.of);
    case "fuzzy":
      return all(program.of);
    case "all":
      return true;
    case "set":
      return isNamed(program.set);
    case "flags":
      return (message.flags & program.flags) === program.flags;
    case "keyword":
      return message.keywords.some((each) => each.toLowerCase() === program.keyword.toLowerCase());
    case "recent":
      return message.recent;
    case "size":
      return program.than === "larger" ? message.bytes.length > program.bytes : message.bytes.length < program.bytes;
    case "modSeq":
      return message.modSeq >= program.atLeast;
    case "header":
      return text.includes(`${program.field.toLowerCase()}: ${program.text.toLowerCase()}`);
    case "annotation":
      return findsAnnotation(message, program);
    case "body":
    case "text":
      return (decodeUtf8(message.bytes) ?? text).toLowerCase().includes(program.text.toLowerCase());
    default:
      throw new Error(`the fake cannot search by ${program.type}`);
  }
}
