import type { SpecialUse } from "../../src/mail/mailbox_name.ts";
import type { Rights } from "../../src/mail/rights.ts";
import type { FakeMessage } from "./fake_messages.ts";
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
