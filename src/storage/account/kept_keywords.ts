import type { IndexEnv } from "../disk/index_env.ts";
import { KeywordTable } from "./keyword_table.ts";

/** Mailboxes whose keywords are kept at a time: a name has no more than some dozen octets, and a mailbox 255 of them. */
const MAILBOXES_MAX = 256;

/** Keywords in use, as they were read last: all are read again when some keyword of the shard has changed. */
export class KeptKeywords {
  readonly #names = new Map<string, readonly string[]>();
  #changes = -1;
  constructor(private readonly index: IndexEnv) {}

  /** `changes` rises with every change of a keyword of any mailbox. */
  of(account: string, mailbox: number, changes: number): readonly string[] {
    if (changes !== this.#changes || this.#names.size >= MAILBOXES_MAX) this.#names.clear();
    this.#changes = changes;
    const place = `${mailbox}/${account}`;
    const known = this.#names.get(place);
    if (known !== undefined) return known;
    const names = new KeywordTable(this.index, account, mailbox).inUse();
    this.#names.set(place, names);
    return names;
  }
}
