import { Failure } from "../../base/mod.ts";
import type { MailingList, MemberMode } from "../../messages/mod.ts";
import { roleAddress } from "../../policy/list/mod.ts";
import { sendLetter } from "./send_letter.ts";
import type { Asking, ListServices, SignedList } from "./services.ts";

/** A token came back: its address has seen the letter, or an owner has. What it allows is done; done twice, it is the same. */
export async function confirmed({ mail, services, answer }: Asking, token: string): Promise<void> {
  const { list } = mail;
  const read = services.keys.readToken(list.address, token, services.clock.wallMs());
  if (read === null) {
    return await answer("confirm", ["That is not a request of this list, or it is too old: ask again."]);
  }
  const { kind, member } = read;
  switch (kind) {
    case "subscribe":
      if (list.join === "open") return await join(mail.id, member, list, services);
      if (list.join === "confirm") return await askOwners(mail.id, member, list, services);
      return await answer(`${list.address} is closed`, ["Only its owners add members to this list."]);
    case "approve":
      return await join(mail.id, member, list, services);
    case "moderate":
      return await answer("confirm", ["Say what is to become of the post: accept, reject or discard."]);
    case "leave":
    case "unsubscribe":
      await leave(member, list, services);
      return await tell(mail.id, member, list, services, "is no member any more");
    case "pause":
    case "resume":
    case "digest":
    case "nodigest": {
      const [mode, state] = MODES[kind];
      const isMember = await setMode(member, mode, list, services);
      return await tell(mail.id, member, list, services, isMember ? state : "is no member");
    }
  }
}

const MODES = {
  pause: ["none", "gets no more mail"],
  resume: ["each", "gets mail again"],
  digest: ["digest", "gets all posts of a day in one mail"],
  nodigest: ["each", "gets each post by itself"],
} as const satisfies Record<string, readonly [MemberMode, string]>;

async function join(id: string, member: string, list: SignedList, services: ListServices): Promise<void> {
  try {
    await services.directory.ask("directory.memberPut", { list: list.address, address: member, mode: "each" });
  } catch (error) {
    if (!(error instanceof Failure) || (error.kind !== "refused" && error.kind !== "invalid")) throw error;
    return await tell(id, member, list, services, `cannot become a member: ${error.message}`);
  }
  await tell(id, member, list, services, "is a member now");
}

/** Takes a member out; it is well when he is gone already. */
export async function leave(member: string, list: MailingList, { directory }: ListServices): Promise<void> {
  try {
    await directory.ask("directory.memberRemove", { list: list.address, address: member });
  } catch (error) {
    // Gone already: he confirmed twice, or we did and the letter is still to be written.
    if (!(error instanceof Failure) || error.kind !== "not_found") throw error;
  }
}

/** False when he is no member: pausing is not a way to become one. */
async function setMode(
  address: string,
  mode: MemberMode,
  { address: list }: MailingList,
  { directory }: ListServices,
): Promise<boolean> {
  const { member } = await directory.ask("directory.memberGet", { list, address });
  if (member !== null) await directory.ask("directory.memberPut", { list, address, mode });
  return member !== null;
}

/** The address has agreed; where the owners want to be asked, they are. */
async function askOwners(id: string, member: string, list: SignedList, services: ListServices): Promise<void> {
  const token = services.keys.token("approve", { list: list.address, member }, services.clock.wallMs());
  await sendLetter(
    {
      id: `${id}.o`,
      to: roleAddress(list.address, "owner"),
      subject: `confirm ${token}`,
      lines: [
        `${member} wants to become a member of ${list.address}.`,
        "",
        "If you agree, answer this letter: the subject alone counts, so leave it as it is.",
        "If not, do nothing, and nothing will be done.",
      ],
    },
    list,
    services,
  );
  await tell(id, member, list, services, "is a member as soon as an owner agrees");
}

/** Tells the member, whoever sent the token. */
async function tell(
  id: string,
  member: string,
  list: SignedList,
  services: ListServices,
  what: string,
): Promise<void> {
  const lines = [`${member} ${what}.`, "", `Help is at ${roleAddress(list.address, "request")}.`];
  await sendLetter({ id: `${id}.t`, to: member, subject: `${list.address}: you and the list`, lines }, list, services);
}
