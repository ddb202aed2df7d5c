import type { Clock, Log } from "../../base/mod.ts";
import type { DirectoryProtocol, ListOutcome, ListProtocol, MailingList, QueueProtocol } from "../../messages/mod.ts";
import type { Message } from "../../policy/header/mod.ts";
import type { ListKeys } from "../../policy/list/mod.ts";
import type { Ref } from "../../runtime/types.ts";
import type { LetterBudget } from "./letter_budget.ts";

/** What the parts of the list actor work with. */
export interface ListServices {
  readonly directory: Ref<DirectoryProtocol>;
  readonly queue: Ref<QueueProtocol>;
  readonly keys: ListKeys;
  readonly budget: LetterBudget;
  readonly clock: Clock;
  readonly log: Log;
}

/** One mail to one address of a list, taken apart. */
export interface ListMail extends Omit<ListProtocol["list.take"]["request"], "parts"> {
  readonly list: MailingList;
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
