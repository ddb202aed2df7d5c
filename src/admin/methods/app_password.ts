import * as z from "zod";
import type { AppPasswordRecord } from "../../messages/mod.ts";
import { read, write } from "../method.ts";
import { address } from "./fields.ts";
import { changed, listed, said } from "./shows.ts";

const SCOPES = ["smtp", "pop3", "imap"] as const;

export const appPasswordAdd = write({
  name: "appPassword.add",
  summary: "Make a password for one program of an account; it is shown once",
  params: {
    address,
    label: z.string().min(1).max(100).describe("What its user calls it, such as phone"),
    scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length).default([...SCOPES]).describe(
      "What it may be used for: smtp (submission), pop3, imap; all of them unless given",
    ),
    expiresAt: z.string().max(40).optional().describe("From then on it is refused: 2027-01-31, or RFC 3339"),
  },
  verbs: [{
    usage: "account app-password add ADDRESS LABEL [SCOPES...]",
    show: ({ password }: { password: string }) =>
      said(password === "" ? "the app password can be made" : `${password} (it is not shown again)`),
  }],
  run: ({ address, label, scopes, expiresAt, dryRun }, { directory }) =>
    directory.ask("directory.appPasswordAdd", changed({ address, label, scopes, expiresAt, dryRun })),
});

export const appPasswordList = read({
  name: "appPassword.list",
  summary: "The app passwords of an account, oldest first, without the passwords",
  params: { address },
  verbs: [{
    usage: "account app-password list ADDRESS",
    show: listed<AppPasswordRecord>(["ID", "LABEL", "FOR", "CREATED", "EXPIRES", "LAST USED"], (record) => [
      record.id,
      record.label,
      record.scopes.join(", "),
      record.createdAt.slice(0, 10),
      record.expiresAt?.slice(0, 10) ?? "never",
      record.lastUsedAt?.slice(0, 16) ?? "never",
    ]),
  }],
  run: ({ address }, { directory }) => directory.ask("directory.appPasswordList", { address }),
});

export const appPasswordRemove = write({
  name: "appPassword.rm",
  synonyms: ["appPassword.remove"],
  summary: "Remove an app password: it is refused from then on",
  params: { address, id: z.string().min(1).max(64).describe("As appPassword.list shows it") },
  verbs: [{
    usage: "account app-password rm ADDRESS ID",
    confirm: ({ label }: AppPasswordRecord) => `Remove the app password ${label}?`,
    show: ({ label }: AppPasswordRecord) => said(`the app password ${label} is removed`),
  }],
  run: ({ address, id, dryRun }, { directory }) =>
    directory.ask("directory.appPasswordRemove", changed({ address, id, dryRun })),
});
