import { type Address, canonicalLocal, formatAddress } from "../../mail/mod.ts";
import type { ListOutcome, MailingList } from "../../messages/mod.ts";
import { authorAddress } from "../../policy/dmarc/mod.ts";
import { distributed, notPosted } from "../../policy/list/mod.ts";
import { digestStep, keepForDigest } from "./digest.ts";
import { heldState, hold } from "./hold.ts";
import { done, type ListMail, type ListServices } from "./services.ts";
import { sendToShares, sharesOf } from "./shares.ts";

/** Distributes a post to the members, or says why not. Asked again, it sends nothing twice. */
export async function distribute(mail: ListMail, services: ListServices): Promise<ListOutcome> {
  const { list, message, envelope, size } = mail;
  const digest = await digestStep(mail, services);
  if (digest !== null) return digest;
  const why = notPosted(message, { sender: envelope.sender, list: list.address });
  if (why !== null) return done(`left alone: ${why}`);
  if (!message.complete) return refused("5.6.0", "its header cannot be read");
  if (list.bytesMax > 0 && size > list.bytesMax) {
    return refused("5.2.3", `${list.address} takes mail of ${list.bytesMax} bytes at most`);
  }
  const held = heldState(mail, services);
  if (held === "late") return refused("5.7.2", `the moderators of ${list.address} did not accept it in time`);
  if (held === null && !await mayPost(list, authorAddress(message), services)) {
    if (list.others === "hold") return await hold(mail, services);
    return refused("5.7.2", `only ${list.post} may post to ${list.address}, and the mail is from one of them alone`);
  }
  const parts = distributed(message, list);
  const shares = await sharesOf(mail, services);
  const members = await sendToShares(shares.each, { id: mail.id, list, parameters: envelope, parts }, services);
  if (shares.digest.length > 0) await keepForDigest({ id: mail.id, list, envelope, parts }, services);
  return done(`sent to ${members} members`);
}

function refused(status: string, text: string): ListOutcome {
  return { type: "refused", status, text };
}

/** By the author whom readers see, and whom DMARC vouches for; the reverse-path may be anything. */
async function mayPost(list: MailingList, author: Address | null, { directory }: ListServices): Promise<boolean> {
  if (list.post === "anybody") return true;
  if (author === null) return false;
  const address = formatAddress({ ...author, local: canonicalLocal(author.local) });
  if (list.owners.includes(address) || list.moderators.includes(address)) return true;
  if (list.post === "moderators") return false;
  return (await directory.ask("directory.memberGet", { list: list.address, address })).member !== null;
}
