import type { MailboxAsks } from "../../src/mail/mailbox_ask.ts";
import type { Excerpt, ExcerptWanted } from "../../src/mail/mailbox_view.ts";
import type { UidValidity } from "../../src/mail/uid.ts";
import { indexMessage } from "../../src/protocol/imap/mod.ts";
import type { FakeMessage } from "./fake_message.ts";
import { deletedBytes } from "./fake_messages.ts";

interface Box {
  readonly id: number;
  readonly uidValidity: number;
  readonly messages: readonly FakeMessage[];
}

type Name =
  | "mailbox.deletedBytes"
  | "mailbox.readNamed"
  | "mailbox.readAuthorized"
  | "mailbox.urlToken"
  | "mailbox.resetKey";
type Unopened = {
  readonly [N in Name]: (request: Omit<MailboxAsks[N]["request"], "account" | "owner">) => MailboxAsks[N]["reply"];
};

/** Whose mailboxes a fake has, for URLs; and what time it is there. */
export const FAKE_OWNER = "anna@a.example";
export const FAKE_NOW_MS = Date.UTC(2026, 1, 1);

/** Answers about mailboxes that need not be open. `allowed`: the mailbox for whoever has such rights. */
export function unopened(
  allowed: (name: string, wanted: string) => Box | undefined,
  keepsIndex: () => boolean,
): Unopened {
  const keys = new Map<number, number>();
  let made = 0;
  const read = ({ name, uidValidity, uid, offset, length, index }: ExcerptWanted): Excerpt => {
    const box = allowed(name, "r");
    const message = box?.messages.find((each) => each.uid === uid);
    if (box === undefined || message === undefined) return { type: "missing" };
    if (uidValidity !== null && uidValidity !== box.uidValidity) return { type: "missing" };
    const { bytes } = message;
    return {
      ...{ type: "read", uidValidity: box.uidValidity as UidValidity, size: bytes.length },
      index: index && keepsIndex() ? indexMessage(bytes) : null,
      bytes: bytes.slice(offset, offset + length),
    };
  };
  return {
    "mailbox.deletedBytes": ({ name }) => ({ bytes: deletedBytes(allowed(name, "r")?.messages ?? []) }),
    "mailbox.readNamed": read,
    "mailbox.readAuthorized": (request) => {
      const key = keys.get(allowed(request.name, "r")?.id ?? 0);
      const right = request.user === FAKE_OWNER && key !== undefined && tokenOf(key, request.rump) === request.token;
      return right && (request.expiresMs ?? FAKE_NOW_MS) >= FAKE_NOW_MS ? read(request) : { type: "missing" };
    },
    "mailbox.urlToken": ({ name, uidValidity, rump }) => {
      const box = allowed(name, "r");
      if (box === undefined || (uidValidity ?? box.uidValidity) !== box.uidValidity) return { type: "missing" };
      if (!keys.has(box.id)) keys.set(box.id, ++made);
      return { type: "made", token: tokenOf(keys.get(box.id)!, rump) };
    },
    "mailbox.resetKey": ({ name }) => {
      if (name === null) return keys.clear(), { type: "done" };
      const box = allowed(name, "r");
      if (box === undefined) return { type: "missing" };
      keys.set(box.id, ++made);
      return { type: "done" };
    },
  };
}

/** No secret: nobody guesses in these tests. */
function tokenOf(key: number, rump: string): string {
  let sum = key;
  for (const character of rump) sum = (sum * 31 + character.codePointAt(0)!) % 0xffff_ffff;
  return sum.toString(16).padStart(32, "0");
}
