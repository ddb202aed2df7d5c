import type { SpecialUse } from "../../src/mail/mailbox_name.ts";
import type { Rights } from "../../src/mail/rights.ts";
import type { FakeMessage } from "./fake_message.ts";
import type { FakeUpdates } from "./fake_updates.ts";

/** A mailbox of the fake. */
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

/** What a session has been told of one. */
export interface FakeView {
  readonly box: FakeBox;
  readonly readOnly: boolean;
  /** What the session counts by. */
  shown: FakeMessage[];
  /** Which state of each message the session knows, by its MODSEQ. */
  readonly known: Map<FakeMessage, number>;
  keywords: string;
  saved: number[];
  gone: boolean;
  rights: Rights;
  /** How the mailbox was when news was asked for last. */
  asked: string;
  readonly updates: FakeUpdates;
}

/** What changes with every change of a mailbox, and of what may be done with it. */
export function stateOf({ box, gone }: FakeView, rights: Rights): string {
  return `${box.modSeq} ${box.messages.length} ${gone} ${rights}`;
}

/** The highest and the lowest UID of each batch, by counting. */
export function batchesOf(
  shown: readonly FakeMessage[],
  { size, first, last }: { readonly size: number; readonly first: number; readonly last: number },
): number[] {
  const uids = shown.map(({ uid }) => uid).reverse();
  const ranges: number[] = [];
  for (let batch = first; batch <= last && (batch - 1) * size < uids.length; batch++) {
    const isLast = batch * size >= uids.length;
    const before = batch === 1 ? uids[0]! : uids[(batch - 1) * size - 1]! - 1;
    ranges.push(before, isLast ? 1 : uids[batch * size - 1]!);
  }
  return ranges;
}
