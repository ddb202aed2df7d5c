import { canonicalLocal, formatAddress } from "../../mail/mod.ts";
import type { ListOutcome } from "../../messages/mod.ts";
import { authorAddress } from "../../policy/dmarc/mod.ts";
import { fieldsNamed, valueOf } from "../../policy/header/mod.ts";
import {
  commandOf,
  isAutomatic,
  isBulk,
  type ListCommand,
  roleAddress,
  type TokenKind,
} from "../../policy/list/mod.ts";
import { confirmed } from "./confirm.ts";
import { decide } from "./hold.ts";
import { sendLetter } from "./send_letter.ts";
import { type Asking, done, type ListMail, type ListServices } from "./services.ts";

/** Members named in one letter. */
const NAMED_MAX = 5_000;

/**
 * Does what a mail to `-request` asks for. Whoever wrote it may have used another's name, so nothing is done but to write to that
 * address; what changes a membership is done when the token in that letter comes back. Programs and lists get no answer
 * (RFC 3834 §2).
 */
export async function obey(mail: ListMail, services: ListServices): Promise<ListOutcome> {
  const { message, envelope, list } = mail;
  if (envelope.sender === "" || isAutomatic(message) || isBulk(message)) return done("left alone: no person wrote it");
  const author = authorAddress(message);
  if (author === null) return done("left alone: it has no one author");
  const from = formatAddress(author);
  const command = commandOf(message) ?? { type: "help" } as const;
  if (!isConfirmed(command, mail, services) && !mayAnswer(from, list.address, services)) {
    return done("left alone: too many letters already");
  }
  const answer = (subject: string, lines: readonly string[]) => {
    const inReplyTo = messageIdOf(mail);
    return sendLetter({ id: `${mail.id}.a`, to: from, subject, lines, inReplyTo }, list, services);
  };
  await VERBS[command.type]({ mail, from, services, answer }, command as never);
  return done(`${command.type} of ${from}`);
}

/** Whether one more letter may go there, and leave this list; counts it. */
function mayAnswer(from: string, list: string, { budget, answers, clock }: ListServices): boolean {
  const nowMs = clock.monotonicMs();
  return budget.spend(from, nowMs) && answers.spend(list, nowMs);
}

/** Whether it shows that one of our letters was read: that is no flood. */
function isConfirmed(command: ListCommand, { list }: ListMail, { keys, clock }: ListServices): boolean {
  return "token" in command && keys.readToken(list.address, command.token, clock.wallMs()) !== null;
}

type Verb = (asking: Asking, command: Extract<ListCommand, { token: string }>) => Promise<void>;

const VERBS: Readonly<Record<ListCommand["type"], Verb>> = {
  help,
  who,
  confirm: (asking, { token }) => confirmed(asking, token),
  accept: moderated,
  reject: moderated,
  discard: moderated,
  subscribe: (asking) =>
    asking.mail.list.join === "closed"
      ? asking.answer(`${asking.mail.list.address} is closed`, ["Only its owners add members to this list."])
      : ask(asking, "subscribe"),
  unsubscribe: (asking) => ask(asking, "unsubscribe"),
  pause: (asking) => ask(asking, "pause"),
  resume: (asking) => ask(asking, "resume"),
  digest: (asking) => ask(asking, "digest"),
  nodigest: (asking) => ask(asking, "nodigest"),
};

const PURPOSES: Readonly<Record<Exclude<TokenKind, "approve" | "moderate" | "leave">, string>> = {
  subscribe: "become a member of",
  unsubscribe: "leave",
  pause: "stay a member, but get no more mail, of",
  resume: "get mail again of",
  digest: "get all posts of a day in one mail of",
  nodigest: "get each post by itself of",
};

/** The token alone counts: only moderators were sent it. */
async function moderated(asking: Asking, { type, token }: Extract<ListCommand, { token: string }>): Promise<void> {
  const { mail: { list }, services, answer } = asking;
  const read = services.keys.readToken(list.address, token, services.clock.wallMs());
  if (read?.kind !== "moderate" || type === "confirm") {
    return await answer(type, ["No post of this list waits under that name, or it is too old."]);
  }
  const id = read.member.slice(0, read.member.lastIndexOf("@"));
  const isThere = await decide({ list: list.address, id, verb: type }, services);
  const done = { accept: "accepted", reject: "sent back", discard: "dropped" }[type];
  await answer(type, [isThere ? `The post is ${done}.` : "Somebody has decided on that post already."]);
}

/** Writes to the address what confirms the request, whether it is a member or not: who asks for another must not learn that. */
async function ask({ mail: { list }, from, services, answer }: Asking, kind: keyof typeof PURPOSES): Promise<void> {
  const token = services.keys.token(kind, { list: list.address, member: from }, services.clock.wallMs());
  await answer(`confirm ${token}`, [
    `Somebody, most likely you, asked that ${from}`,
    `should ${PURPOSES[kind]} the list ${list.address}.`,
    "",
    "If that is what you want, answer this letter: the subject alone counts, so leave it as it is.",
    "If not, do nothing, and nothing will be done.",
  ]);
}

async function help({ mail: { list }, answer }: Asking): Promise<void> {
  const request = roleAddress(list.address, "request");
  await answer(`Help for ${list.address}`, [
    `${list.address}${list.title === "" ? "" : ` (${list.title})`} is a mailing list.`,
    "",
    `Write to ${request} with one of these as the subject:`,
    "",
    "  subscribe     to become a member",
    "  unsubscribe   to leave",
    "  pause         to stay a member and get no mail",
    "  resume        to get mail again",
    "  digest        to get all posts of a day in one mail",
    "  nodigest      to get each post by itself",
    "  who           to see the members (owners only)",
    "  help          to get this letter",
    "",
    `A person is at ${roleAddress(list.address, "owner")}.`,
  ]);
}

/** The answer goes to the owner's own address, so that using his name does not help. */
async function who({ mail: { list, members }, from, services, answer }: Asking): Promise<void> {
  const at = from.lastIndexOf("@");
  if (!list.owners.includes(canonicalLocal(from.slice(0, at)) + from.slice(at))) {
    return await answer(`Members of ${list.address}`, ["Only its owners may see who the members of this list are."]);
  }
  const request = { list: list.address, after: null, limit: NAMED_MAX };
  const { records, next } = await services.directory.ask("directory.memberPage", request);
  const names = records.map(({ address, mode, suspendedAt }) =>
    `  ${address}${
      suspendedAt !== null ? " (suspended)" : mode === "none" ? " (no mail)" : mode === "digest" ? " (digest)" : ""
    }`
  );
  const more = next === null ? [] : ["", `and ${members - records.length} more.`];
  await answer(`Members of ${list.address}`, [`${members} members:`, "", ...names, ...more]);
}

function messageIdOf({ message }: ListMail): string | null {
  const [field] = fieldsNamed(message, "message-id");
  return field === undefined ? null : valueOf(field).trim();
}
