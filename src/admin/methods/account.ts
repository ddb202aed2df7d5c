import * as z from "zod";
import type { AccountRecord } from "../../messages/mod.ts";
import type { ControlContext } from "../control_context.ts";
import { read, write, type WriteParams } from "../method.ts";
import { isLimited, type Quota } from "../../mail/mod.ts";
import { address, domain, PAGE, password, quotaBytes, quotaMessages } from "./fields.ts";
import { bytesText, changed, listed, said } from "./shows.ts";

export const accountAdd = write({
  name: "account.add",
  summary: "Add an account; its user name is the full address",
  params: {
    address,
    password,
    quotaBytes: quotaBytes.optional(),
    quotaMessages: quotaMessages.optional(),
  },
  verbs: [{
    usage: "account add ADDRESS",
    show: (record: AccountRecord) => said(`account ${record.address} is there`),
  }],
  run: ({ address, password, quotaBytes, quotaMessages, dryRun }, { directory }) =>
    directory.ask("directory.accountAdd", changed({ address, password, quotaBytes, quotaMessages, dryRun })),
});

export const accountList = read({
  name: "account.list",
  summary: "All accounts, by address",
  params: { ...PAGE, domain: domain.optional().describe("Only accounts of this domain") },
  verbs: [{
    usage: "account list",
    show: listed<AccountRecord>(["ADDRESS", "STATE", "QUOTA", "CREATED"], (record) => [
      record.address,
      record.disabled ? "disabled" : "enabled",
      isLimited(record) ? quotaText(record) : "none",
      record.createdAt.slice(0, 10),
    ]),
  }],
  run: ({ limit, cursor, domain }, { directory }) =>
    directory.ask("directory.accountList", { domain: domain ?? null, after: cursor ?? null, limit }),
});

/** An account with what it uses. */
interface AccountUsage extends AccountRecord {
  readonly usedBytes: number;
  readonly messages: number;
}

export const accountShow = read({
  name: "account.show",
  synonyms: ["account.get"],
  summary: "One account and what it uses",
  params: { address },
  verbs: [{
    usage: "account show ADDRESS",
    show: (account: AccountUsage) => ({
      type: "lines",
      lines: [
        `${account.address} is ${account.disabled ? "disabled" : "enabled"}`,
        `${account.messages} messages, ${bytesText(account.usedBytes)} of ${quotaText(account)}`,
        `id ${account.id}, since ${account.createdAt}`,
      ],
    }),
  }],
  async run({ address }, context): Promise<AccountUsage> {
    const record = await context.directory.ask("directory.accountGet", { address });
    const { bytes, messages } = await context.mailboxOf(record).ask("mailbox.usage", { account: record.id });
    return { ...record, usedBytes: bytes, messages };
  },
});

/** `100 MiB`, `100 MiB and 5000 messages`, `5000 messages`, `unlimited`. */
function quotaText({ quotaBytes, quotaMessages = 0 }: Quota): string {
  const limits: string[] = [];
  if (quotaBytes > 0) limits.push(bytesText(quotaBytes));
  if (quotaMessages > 0) limits.push(`${quotaMessages} messages`);
  return limits.length === 0 ? "unlimited" : limits.join(" and ");
}

type Update = WriteParams & Partial<Quota> & { address: string; password?: string; disabled?: boolean };

function update(request: Update, { directory }: ControlContext): Promise<AccountRecord> {
  const { address, password, quotaBytes, quotaMessages, disabled, dryRun } = request;
  const change = { address, password, quotaBytes, quotaMessages, disabled, dryRun };
  return directory.ask("directory.accountUpdate", changed(change));
}

export const accountUpdate = write({
  name: "account.update",
  summary: "Change an account: password, quota, disabled",
  params: {
    address,
    password: password.optional(),
    quotaBytes: quotaBytes.optional(),
    quotaMessages: quotaMessages.optional(),
    disabled: z.boolean().optional().describe("Refuse its logins, and its mail for the time being (450)"),
  },
  run: (params, context) => update(changed(params), context),
});

export const accountDisable = write({
  name: "account.disable",
  summary: "Refuse an account's logins, and its mail for the time being (450)",
  params: { address },
  verbs: [{
    usage: "account disable ADDRESS",
    show: (record: AccountRecord) => said(`account ${record.address} is disabled`),
  }],
  run: (params, context) => update({ ...params, disabled: true }, context),
});

export const accountEnable = write({
  name: "account.enable",
  summary: "Let an account log in and take mail again",
  params: { address },
  verbs: [{
    usage: "account enable ADDRESS",
    show: (record: AccountRecord) => said(`account ${record.address} is enabled`),
  }],
  run: (params, context) => update({ ...params, disabled: false }, context),
});

export const accountPasswd = write({
  name: "account.passwd",
  summary: "Set an account's password",
  params: { address, password },
  verbs: [{
    usage: "account passwd ADDRESS",
    show: (record: AccountRecord) => said(`the password of ${record.address} is set`),
  }],
  run: (params, context) => update(params, context),
});

export const accountQuota = write({
  name: "account.quota",
  summary: "Set an account's quota",
  params: { address, quotaBytes, quotaMessages: quotaMessages.optional() },
  verbs: [{
    usage: "account quota ADDRESS QUOTA-BYTES",
    summary: "Set an account's quota: bytes, or 500M, 2G; 0 for none",
    show: (record: AccountRecord) => said(`the quota of ${record.address} is ${quotaText(record)}`),
  }],
  run: (params, context) => update(changed(params), context),
});

/** What removing an account took away. */
interface Removed {
  readonly removed: string;
  readonly messages: number;
}

export const accountRemove = write({
  name: "account.rm",
  synonyms: ["account.remove"],
  summary: "Remove an account and all its mail",
  params: { address },
  verbs: [{
    usage: "account rm ADDRESS",
    confirm: ({ removed, messages }: Removed) => `Remove account ${removed} and its ${messages} messages?`,
    show: ({ removed, messages }: Removed) => said(`account ${removed} is removed, and ${messages} messages`),
  }],
  async run({ address, dryRun }, context): Promise<Removed> {
    const { directory } = context;
    if (dryRun === true) {
      const record = await directory.ask("directory.accountRemove", changed({ address, dryRun }));
      const { messages } = await context.mailboxOf(record).ask("mailbox.usage", { account: record.id });
      return { removed: record.address, messages };
    }
    // Nobody may write into it any more; if the mail cannot be removed now, the account is still there to try again.
    const record = await directory.ask("directory.accountUpdate", { address, disabled: true });
    const mailbox = context.mailboxOf(record);
    const { messages } = await mailbox.ask("mailbox.purge", { account: record.id });
    await directory.ask("directory.accountRemove", { address });
    // A mail that was on its way when the account was disabled may have come in since.
    const late = await mailbox.ask("mailbox.purge", { account: record.id });
    return { removed: record.address, messages: messages + late.messages };
  },
});
