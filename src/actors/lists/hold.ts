import { concat, latin1 } from "../../base/mod.ts";
import { NO_PARAMETERS } from "../../mail/mod.ts";
import type { ListOutcome } from "../../messages/mod.ts";
import { fieldsNamed, valueOf } from "../../policy/header/mod.ts";
import { detailed, listName, roleAddress, TOKEN_HOURS_VALID } from "../../policy/list/mod.ts";
import { sendLetter } from "./send_letter.ts";
import { done, type ListMail, type ListServices } from "./services.ts";

/** How long a post waits for its moderators, in ms: as long as their token is good. Then its sender is told. */
export const MODERATION_MS = TOKEN_HOURS_VALID * 3_600_000;

/** Clocks of the wall and of the queue may have drifted apart by this, in ms. */
const DRIFT_MS = 60_000;

/** Of a post its moderators are shown so much; the rest they may take on trust, or see in the archive of their own mailbox. */
const SHOWN_LINES = 60;
const SHOWN_BYTES = 8_192;
const SHOWN_CHARS = 200;

/**
 * Keeps a post until a moderator decides: it stays in the queue under an address that stands for it alone, to be tried when its time
 * is over. Tried before, it was accepted; there is no third way to that address.
 */
export async function hold(mail: ListMail, services: ListServices): Promise<ListOutcome> {
  const { list, envelope, parts } = mail;
  const id = `${mail.id}.h`;
  const moderators = list.moderators.length > 0 ? list.moderators : list.owners;
  if (!services.notices.spend(list.address, services.clock.monotonicMs())) {
    return { type: "refused", status: "4.7.0", text: `too many posts wait for the moderators of ${list.address}` };
  }
  const nowMs = services.clock.wallMs();
  const address = detailed(list.address, services.keys.heldDetail(list.address, id));
  const { body, smtpUtf8, requireTls, sender } = envelope;
  await services.queue.ask("queue.enqueue", {
    opId: id,
    envelope: {
      ...NO_PARAMETERS,
      ret: "headers",
      body,
      smtpUtf8,
      requireTls,
      id,
      sender,
      account: null,
      releaseAtMs: nowMs + MODERATION_MS,
    },
    recipients: [{ address, notify: null, orcpt: null }],
    parts,
  });
  const token = services.keys.token("moderate", { list: list.address, member: `${id}@held` }, nowMs);
  const lines = notice(mail, token);
  for (const [i, to] of moderators.entries()) {
    await sendLetter({ id: `${mail.id}.m${i}`, to, subject: `accept ${token}`, lines }, list, services);
  }
  return done(`held for ${moderators.length} moderators`);
}

/** What the address of a post says: it was held and is accepted now, or its time is over; or nothing, as it was never held. */
export function heldState(
  { list, target, envelope }: ListMail,
  { keys, clock }: ListServices,
): "accepted" | "late" | null {
  const { detail } = listName(target.address.slice(0, target.address.lastIndexOf("@")));
  if (!keys.isHeld(list.address, envelope.id, detail)) return null;
  return clock.wallMs() >= (envelope.releaseAtMs ?? 0) - DRIFT_MS ? "late" : "accepted";
}

/** Does what a moderator decided; false when the post is gone. */
export async function decide(
  { list, id, verb }: { readonly list: string; readonly id: string; readonly verb: "accept" | "reject" | "discard" },
  { queue, keys }: ListServices,
): Promise<boolean> {
  const address = detailed(list, keys.heldDetail(list, id));
  const verbs = { accept: "retry", reject: "bounce", discard: "delete" } as const;
  return (await queue.ask("queue.listDecide", { id, address, verb: verbs[verb] })).done;
}

function notice({ list, message, parts, size, envelope }: ListMail, token: string): string[] {
  const request = roleAddress(list.address, "request");
  const field = (name: string) => {
    const [found] = fieldsNamed(message, name);
    return found === undefined ? "-" : shown(valueOf(found).replace(/\r\n/g, "").trim());
  };
  const beginning = latin1(concat(parts.slice(0, 16)).subarray(0, SHOWN_BYTES)).split(/\r?\n/, SHOWN_LINES);
  return [
    `A post to ${list.address} waits for you or another moderator:`,
    "",
    `  From:    ${field("from")}`,
    `  Subject: ${field("subject")}`,
    `  Sender:  ${shown(envelope.sender)}`,
    `  Size:    ${size} bytes`,
    "",
    "To accept it, answer this letter: the subject alone counts, so leave it as it is.",
    `To send it back, or to drop it without a word, write to ${request} with one of these as the subject:`,
    "",
    `  reject ${token}`,
    `  discard ${token}`,
    "",
    "If nobody decides, its sender is told in three days. This is how it begins:",
    "",
    ...beginning.map((line) => `| ${shown(line)}`),
  ];
}

/** One line of what a stranger wrote. */
function shown(text: string): string {
  return text.slice(0, SHOWN_CHARS).replace(/[^ -~]/g, "?");
}
