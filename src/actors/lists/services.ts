import type { Clock, Log } from "../../base/mod.ts";
import type {
  DirectoryProtocol,
  ListOutcome,
  ListProtocol,
  MailingList,
  PolicyProtocol,
  QueueProtocol,
  SigningDomain,
} from "../../messages/mod.ts";
import type { Message } from "../../policy/header/mod.ts";
import type { ListKeys } from "../../policy/list/mod.ts";
import type { Ref } from "../../runtime/types.ts";
import type { LetterBudget } from "./letter_budget.ts";

/** What the parts of the list actor work with. */
export interface ListServices {
  readonly directory: Ref<DirectoryProtocol>;
  readonly queue: Ref<QueueProtocol>;
  /** Who signs what lists send. */
  readonly policy: Ref<PolicyProtocol>;
  readonly keys: ListKeys;
  /** Letters to whoever writes commands, by address. */
  readonly budget: LetterBudget;
  /** The same, by list. */
  readonly answers: LetterBudget;
  /** Posts held, by list. */
  readonly notices: LetterBudget;
  readonly clock: Clock;
  readonly log: Log;
}

type ProtocolRequest = ListProtocol["list.take"]["request"];

/** A list, and whose keys sign its mail; null when nobody's do. */
export interface SignedList extends MailingList {
  readonly signer: SigningDomain | null;
}

/** One mail to one address of a list, taken apart. */
export interface ListMail extends ProtocolRequest {
  readonly list: SignedList;
  /** Members there are at this moment. */
  readonly members: number;
  readonly message: Message;
  /** Bytes. */
  readonly size: number;
}

/** What follows when nothing needs to. */
export function done(text: string): ListOutcome {
  return { type: "done", text };
}

/** Who asks, as he writes himself, and a way to answer him. */
export interface Asking {
  readonly mail: ListMail;
  /** The author's address, as on the wire. */
  readonly from: string;
  readonly services: ListServices;
  answer(subject: string, lines: readonly string[]): Promise<void>;
}
