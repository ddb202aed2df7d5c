import type { ListMember, ListOutcome } from "../../messages/mod.ts";
import { failuresIn, isAutomatic, listName, type ReportedFailure, roleAddress } from "../../policy/list/mod.ts";
import { done, type ListMail, type ListServices, type SignedList } from "./services.ts";
import { sendLetter } from "./send_letter.ts";

/** How long after a suspension a bounce may still be the one that led to it, in ms. */
const NOTICE_MS = 86_400_000;

/** Counts a bounce against the members whose mail it was; one that we did not ask for counts for nothing. */
export async function countBounces(mail: ListMail, services: ListServices): Promise<ListOutcome> {
  const { list, target, message, envelope } = mail;
  const { detail } = listName(target.address.slice(0, target.address.lastIndexOf("@")));
  const path = services.keys.readBounce(list.address, detail, services.clock.wallMs());
  if (path === null) return done("left alone: the reverse-path is not ours");
  // Reports come from nobody (RFC 3464 §2); what has a sender is an answer of a person, or of a program on his behalf.
  if (envelope.sender !== "") return done("left alone: no report");
  const failures = failuresIn(message);
  if (path.type === "member") {
    // Who it is follows from the path, so that any form of words will do; but programs on leave use the path, too.
    const hasFailed = failures === null ? !isAutomatic(message) : failures.some(isAboutMember);
    if (!hasFailed) return done("left alone: nothing failed for good");
    await count(path.address, list, services);
    return done(`counted for ${path.address}`);
  }
  let counted = 0;
  for (const failure of failures ?? []) if (await countFirst(failure, list, services)) counted++;
  return done(failures === null ? "left alone: no report" : `counted for ${counted} members`);
}

/** Whether it speaks of the mailbox: that a mail was too large, malformed or against a rule is not its reader's fault (RFC 3463). */
function isAboutMember({ status }: ReportedFailure): boolean {
  return !/^5\.(2\.3|3\.4|6\.\d{1,3}|7\.\d{1,3})$/.test(status);
}

/** The first of the addresses that is a member's. */
async function countFirst(failure: ReportedFailure, list: SignedList, services: ListServices): Promise<boolean> {
  if (!isAboutMember(failure)) return false;
  for (const address of failure.addresses) if (await count(address, list, services)) return true;
  return false;
}

async function count(address: string, list: SignedList, services: ListServices): Promise<boolean> {
  const { member } = await services.directory.ask("directory.memberBounced", { list: list.address, address });
  if (member?.suspendedAt !== null && member?.suspendedAt !== undefined) await tellOwners(member, list, services);
  return member !== null;
}

/** Once for each suspension, however often it is asked for. */
async function tellOwners(member: ListMember, list: SignedList, services: ListServices): Promise<void> {
  const suspendedMs = Date.parse(member.suspendedAt ?? "");
  if (!(services.clock.wallMs() - suspendedMs < NOTICE_MS)) return;
  await sendLetter(
    {
      id: `${suspendedMs.toString(36)}.${keyOf(`${list.address} ${member.address}`)}.s`,
      to: roleAddress(list.address, "owner"),
      subject: `${list.address}: a member is suspended`,
      lines: [
        `Mail of the list ${list.address} to its member`,
        "",
        `  ${member.address}`,
        "",
        `came back on ${member.bounceDays} days, so it is sent there no more. When the fault is mended, this ends it:`,
        "",
        `  stagepost list member add ${list.address} ${member.address}`,
      ],
    },
    list,
    services,
  );
}

/** A text as a word of ASCII. */
function keyOf(text: string): string {
  return encodeURIComponent(text).slice(-150);
}
