import * as z from "zod";
import { Failure } from "../../base/mod.ts";
import type { ListMember, ListSettings, MailingList } from "../../messages/mod.ts";
import { read, write } from "../method.ts";
import { address, domain, PAGE } from "./fields.ts";
import { bytesText, changed, listed, said } from "./shows.ts";

/** People named in one call: the directory says how many there may be. */
const people = z.array(address).max(100);

/** What an owner may decide; what is not given stays as it is, or is the default of a new list. */
const SETTINGS = {
  title: z.string().max(200).optional().describe("What people call it"),
  post: z.enum(["anybody", "members", "moderators"]).optional().describe("Who may post"),
  others: z.enum(["refuse", "hold"]).optional().describe("What becomes of mail from others"),
  join: z.enum(["open", "confirm", "closed"]).optional().describe(
    "Who may join: all, all whom an owner agrees to, none",
  ),
  replyTo: z.enum(["author", "list"]).optional().describe("Where answers go"),
  subjectPrefix: z.string().max(200).optional().describe("Stands before every subject; empty: nothing"),
  maxBytes: z.int().min(0).optional().describe("Largest mail; 0 for no limit of its own"),
  verp: z.enum(["on", "off"]).optional().describe("A reverse-path for each member, to know bounces by"),
  unsubscribeUrl: z.string().max(600).optional().describe("Where one click leaves it (https); empty: nowhere"),
  archiveUrl: z.string().max(600).optional().describe("Where the archive is (https); empty: there is none"),
};

type Given = z.output<z.ZodObject<typeof SETTINGS>>;

function settings(
  { title, post, others, join, replyTo, subjectPrefix, maxBytes, verp, unsubscribeUrl, archiveUrl }: Given,
) {
  return {
    title,
    post,
    others,
    join,
    replyTo,
    subjectPrefix,
    bytesMax: maxBytes,
    verp: verp === undefined ? undefined : verp === "on",
    unsubscribeUrl: unsubscribeUrl === "" ? null : unsubscribeUrl,
    archiveUrl: archiveUrl === "" ? null : archiveUrl,
  } satisfies { [K in keyof ListSettings]: ListSettings[K] | undefined };
}

export const listAdd = write({
  name: "list.add",
  summary: "Make an address a list",
  params: { address, owners: people.min(1).describe("Who see to it"), ...SETTINGS },
  verbs: [{
    usage: "list add ADDRESS OWNERS...",
    show: (list: MailingList) => said(`${list.address} is a list of ${list.owners.join(", ")}`),
  }],
  run: ({ address, owners, dryRun, reason: _reason, ...given }, { directory }) =>
    directory.ask("directory.listAdd", changed({ address, owners, ...settings(given), dryRun })),
});

export const listSet = write({
  name: "list.set",
  summary: "Change what a list does",
  params: { address, ...SETTINGS },
  verbs: [{ usage: "list set ADDRESS", show: (list: MailingList) => ({ type: "lines", lines: settingLines(list) }) }],
  run: ({ address, dryRun, reason: _reason, ...given }, { directory }) =>
    directory.ask("directory.listUpdate", changed({ address, ...settings(given), dryRun })),
});

export const listOwners = write({
  name: "list.owners",
  summary: "Say who sees to a list",
  params: { address, owners: people.min(1).describe("All of them") },
  verbs: [{
    usage: "list owners ADDRESS OWNERS...",
    show: (list: MailingList) => said(`${list.address} is a list of ${list.owners.join(", ")}`),
  }],
  run: ({ address, owners, dryRun }, { directory }) =>
    directory.ask("directory.listUpdate", changed({ address, owners, dryRun })),
});

export const listModerators = write({
  name: "list.moderators",
  summary: "Say who may post where only moderators may, besides the owners",
  params: { address, moderators: people.default([]).describe("All of them; none when not given") },
  verbs: [{
    usage: "list moderators ADDRESS [MODERATORS...]",
    show: ({ address, moderators }: MailingList) =>
      said(moderators.length === 0 ? `${address} has no moderators` : `${address}: ${moderators.join(", ")}`),
  }],
  run: ({ address, moderators, dryRun }, { directory }) =>
    directory.ask("directory.listUpdate", changed({ address, moderators, dryRun })),
});

export const listRemove = write({
  name: "list.rm",
  synonyms: ["list.remove"],
  summary: "Remove a list and its members",
  params: { address },
  verbs: [{
    usage: "list rm ADDRESS",
    confirm: ({ removed, members }: { removed: string; members: number }) =>
      `Remove list ${removed} and its ${members} members?`,
    show: ({ removed }: { removed: string }) => said(`list ${removed} is removed`),
  }],
  async run({ address, dryRun }, { directory }) {
    const { members } = await directory.ask("directory.listGet", { address });
    const { address: removed } = await directory.ask("directory.listRemove", changed({ address, dryRun }));
    return { removed, members };
  },
});

export const listList = read({
  name: "list.list",
  summary: "All lists, by address",
  params: { ...PAGE, domain: domain.optional().describe("Only lists of this domain") },
  verbs: [{
    usage: "list list",
    show: listed<MailingList>(["LIST", "POST", "JOIN", "OWNERS"], (list) => [
      list.address,
      list.post,
      list.join,
      list.owners.join(", "),
    ]),
  }],
  run: ({ limit, cursor, domain }, { directory }) =>
    directory.ask("directory.listList", { domain: domain ?? null, after: cursor ?? null, limit }),
});

export const listShow = read({
  name: "list.get",
  synonyms: ["list.show"],
  summary: "What a list does, and how many members it has",
  params: { address },
  verbs: [{
    usage: "list show ADDRESS",
    show: ({ members, ...list }: MailingList & { members: number }) => ({
      type: "lines",
      lines: [...settingLines(list), `members: ${members}`],
    }),
  }],
  async run({ address }, { directory }) {
    const { list, members } = await directory.ask("directory.listGet", { address });
    return { ...list, members };
  },
});

function settingLines(list: MailingList): string[] {
  const none = (text: string | null) => text === null || text === "" ? "-" : text;
  return [
    `list: ${list.address}`,
    `title: ${none(list.title)}`,
    `owners: ${list.owners.join(", ")}`,
    `moderators: ${none(list.moderators.join(", "))}`,
    `post: ${list.post}`,
    `mail from others: ${list.others === "hold" ? "waits for a moderator" : "comes back"}`,
    `join: ${list.join}`,
    `answers go to: ${list.replyTo}`,
    `subject prefix: ${none(list.subjectPrefix)}`,
    `largest mail: ${list.bytesMax === 0 ? "unlimited" : bytesText(list.bytesMax)}`,
    `reverse-path for each member: ${list.verp ? "on" : "off"}`,
    `one click leaves it at: ${none(list.unsubscribeUrl)}`,
    `archive: ${none(list.archiveUrl)}`,
  ];
}

const member = address.describe("The member's address");

export const memberAdd = write({
  name: "list.member.add",
  summary: "Add a member to a list, or set how he gets its mail",
  params: {
    address,
    member,
    mode: z.enum(["each", "digest", "none"]).default("each").describe(
      "Every mail as it comes, all of a day in one, or none",
    ),
  },
  verbs: [{
    usage: "list member add ADDRESS MEMBER",
    show: ({ address, mode }: ListMember) =>
      said(`${address} is a member${mode === "none" ? " and gets no mail" : ""}`),
  }],
  run: ({ address: list, member: address, mode, dryRun }, { directory }) =>
    directory.ask("directory.memberPut", changed({ list, address, mode, dryRun })),
});

export const memberRemove = write({
  name: "list.member.rm",
  synonyms: ["list.member.remove"],
  summary: "Remove a member from a list",
  params: { address, member },
  verbs: [{
    usage: "list member rm ADDRESS MEMBER",
    show: ({ removed }: { removed: string }) => said(`${removed} is no member any more`),
  }],
  async run({ address: list, member: address, dryRun }, { directory }) {
    const { address: removed } = await directory.ask("directory.memberRemove", changed({ list, address, dryRun }));
    return { removed };
  },
});

export const listUnsubscribe = write({
  name: "list.unsubscribe",
  summary:
    "Take out the member whom the end of his unsubscribe address names (RFC 8058): for whoever serves that address",
  params: { token: z.string().min(1).max(2_000).describe("What stands behind the list's own part of the address") },
  verbs: [{
    usage: "list unsubscribe TOKEN",
    show: ({ member, list }: { member: string; list: string }) => said(`${member} is no member of ${list} any more`),
  }],
  run({ token, dryRun }, { lists }) {
    if (dryRun === true) throw new Failure("invalid", "whether a token is good is seen when it is used");
    return lists.ask("list.leave", { token });
  },
});

export const memberList = read({
  name: "list.member.list",
  summary: "The members of a list, by address",
  params: { address, ...PAGE },
  verbs: [{
    usage: "list member list ADDRESS",
    show: listed<ListMember>(["MEMBER", "MODE", "JOINED", "BOUNCES", "SUSPENDED"], (record) => [
      record.address,
      record.mode,
      record.joinedAt.slice(0, 10),
      String(record.bounceDays),
      record.suspendedAt?.slice(0, 10) ?? "-",
    ]),
  }],
  run: ({ address: list, limit, cursor }, { directory }) =>
    directory.ask("directory.memberPage", { list, after: cursor ?? null, limit }),
});
