import { concat, latin1 } from "../../src/base/mod.ts";
import type { ShardStore } from "../../src/storage/types.ts";

/** How a mail ended as its client saw it. */
export type MailOutcome =
  | "unknown" // No answer came: it may be there or not.
  | "accepted" // 250
  | "refused"; // 4xx or 5xx to the data.

/** One mail that a client sent. */
export interface SentMail {
  readonly id: string;
  readonly content: Uint8Array;
  /** The accounts that its accepted recipients lead to, each once. */
  accounts: ReadonlySet<string>;
  /** What the data was answered; null while no answer has come. */
  code: number | null;
  /** The listener that answered was lost: nobody may be left to take back what was refused. */
  readonly listenerLost: () => boolean;
}

function outcomeOf({ code }: SentMail): MailOutcome {
  return code === null ? "unknown" : code === 250 ? "accepted" : "refused";
}

interface Copy {
  readonly account: string;
  readonly uid: number;
  readonly mail: SentMail;
  readonly bytes: Uint8Array;
  gone: boolean;
}

const TRACE_FIELDS = /^Return-Path: <[^<>\r\n]*>\r\nReceived: [^\r\n]+\r\n(?:[ \t][^\r\n]+\r\n)*$/;

/** All that was sent, stored and removed; holds each event against the promises. */
export class Ledger {
  readonly #mails = new Map<string, SentMail>();
  readonly #copies: Copy[] = [];
  readonly #lastUid = new Map<string, number>();
  /** "account/uid" that a reader asked to remove. */
  readonly #wanted = new Set<string>();
  readonly #open = new Map<string, string>();
  readonly violations: string[] = [];
  /** Told of what is no mail that was sent; answers whether it is in order all the same. */
  other: (account: string, text: string) => boolean = () => false;

  /** Watches what becomes durable in a shard. */
  watch(shard: ShardStore): void {
    shard.onChange((account, mailbox, change) => {
      if (change.kind === "delivered") {
        const { bytes } = shard.fetch(account, mailbox, { uid: change.uid, offset: 0, length: 10_000_000 });
        this.#stored(account, change.uid, bytes);
      } else if (change.kind === "expunged") {
        for (const uid of change.uids) this.#expunged(account, uid);
      }
    });
  }

  sent(mail: SentMail): void {
    this.#mails.set(mail.id, mail);
  }

  #stored(account: string, uid: number, bytes: Uint8Array): void {
    const last = this.#lastUid.get(account) ?? 0;
    if (uid <= last) this.violations.push(`${account}: UID ${uid} after ${last}`);
    this.#lastUid.set(account, uid);
    const mail = this.#mailIn(bytes);
    if (mail === null && this.other(account, latin1(bytes))) return;
    if (mail === null) return void this.violations.push(`${account}: UID ${uid} is no mail that was sent`);
    if (!mail.accounts.has(account)) this.violations.push(`${account} got ${mail.id}, which was not for it`);
    if (this.#copies.some((copy) => copy.mail === mail && copy.account === account)) {
      this.violations.push(`${account} got ${mail.id} twice`);
    }
    this.#copies.push({ account, uid, mail, bytes, gone: false });
  }

  /** The mail that these bytes are, whole and unchanged under their trace fields; null when they are none. */
  #mailIn(bytes: Uint8Array): SentMail | null {
    const text = latin1(bytes);
    const id = /\r\nSubject: (\S+)\r\n/.exec(text)?.[1];
    const mail = id === undefined ? undefined : this.#mails.get(id);
    if (mail === undefined) return null;
    const head = text.slice(0, Math.max(0, text.length - mail.content.length));
    return TRACE_FIELDS.test(head) && text.endsWith(latin1(mail.content)) ? mail : null;
  }

  #expunged(account: string, uid: number): void {
    for (const copy of this.#copies) if (copy.account === account && copy.uid === uid) copy.gone = true;
  }

  /** A reader has opened a maildrop; answers what it says when it lets go. */
  opened(account: string, session: string): () => void {
    const other = this.#open.get(account);
    if (other !== undefined) this.violations.push(`${account} is open in ${other} and ${session}`);
    this.#open.set(account, session);
    return () => {
      if (this.#open.get(account) === session) this.#open.delete(account);
    };
  }

  /** Locks do not outlive the worker that keeps them. */
  locksLost(): void {
    this.#open.clear();
  }

  /** What a reader was shown as one whole message. */
  read(account: string, uid: number, parts: readonly Uint8Array[]): void {
    const copy = this.#copies.find((copy) => copy.account === account && copy.uid === uid);
    if (copy === undefined) return void this.violations.push(`${account}: UID ${uid} was read and never stored`);
    if (latin1(concat(parts)) !== latin1(copy.bytes)) {
      this.violations.push(`${account}: UID ${uid} was not read as it was stored`);
    }
  }

  /** A reader is about to have these removed. */
  removing(account: string, uids: readonly number[]): void {
    for (const uid of uids) this.#wanted.add(`${account}/${uid}`);
  }

  /** A reader was told that they are removed. */
  removed(account: string, uids: readonly number[]): void {
    for (const copy of this.#copies) {
      if (copy.account === account && uids.includes(copy.uid) && !copy.gone) {
        this.violations.push(`${account}: UID ${copy.uid} is there after it was removed`);
      }
    }
  }

  /** What must hold when everything has come to rest. */
  settle(): void {
    for (const mail of this.#mails.values()) {
      for (const account of mail.accounts) {
        const copy = this.#copies.find((copy) => copy.mail === mail && copy.account === account);
        if (outcomeOf(mail) === "accepted" && copy === undefined) {
          this.violations.push(`${mail.id} was answered 250 and never reached ${account}`);
        }
        if (outcomeOf(mail) === "accepted" && copy?.gone && !this.#wanted.has(`${account}/${copy.uid}`)) {
          this.violations.push(`${mail.id} was answered 250 and taken from ${account}`);
        }
        const taken = copy === undefined || copy.gone;
        if (outcomeOf(mail) === "refused" && !taken && !mail.listenerLost()) {
          this.violations.push(`${mail.id} was refused and is in ${account}`);
        }
      }
    }
  }

  /** Mails whose data was answered with this code. */
  answered(code: number): number {
    return [...this.#mails.values()].filter((mail) => mail.code === code).length;
  }

  counts(): Readonly<Record<MailOutcome | "copies" | "removed", number>> {
    const counts = { unknown: 0, accepted: 0, refused: 0, copies: this.#copies.length, removed: this.#wanted.size };
    for (const mail of this.#mails.values()) counts[outcomeOf(mail)]++;
    return counts;
  }
}
