import * as z from "zod";
import type { DomainRecord, ListReply } from "../../messages/mod.ts";
import { read, write } from "../method.ts";
import { address, domain, PAGE } from "./fields.ts";
import { changed, listed, said } from "./shows.ts";

export const domainAdd = write({
  name: "domain.add",
  summary: "Take mail for a domain",
  params: {
    name: domain,
    aliasOf: domain.optional().describe("Make it another name of this domain"),
    catchAll: address.optional().describe("Address that takes mail for unknown users"),
  },
  verbs: [{ usage: "domain add NAME", show: (record: DomainRecord) => said(`domain ${record.name} is there`) }],
  run: ({ name, aliasOf, catchAll, dryRun }, { directory }) =>
    directory.ask("directory.domainAdd", changed({ name, aliasOf, catchAll, dryRun })),
});

export const domainList = read({
  name: "domain.list",
  summary: "All domains, by name",
  params: PAGE,
  verbs: [{
    usage: "domain list",
    show: listed<DomainRecord>(["DOMAIN", "STATE", "CATCH-ALL", "SAME AS"], (record) => [
      record.name,
      record.disabled ? "disabled" : "enabled",
      record.catchAll ?? "-",
      record.aliasOf ?? "-",
    ]),
  }],
  run: async ({ limit, cursor }, { directory }) => {
    const request = { domain: null, after: cursor ?? null, limit };
    const { records, next }: ListReply<DomainRecord> = await directory.ask("directory.domainList", request);
    return { records, next };
  },
});

export const domainUpdate = write({
  name: "domain.update",
  summary: "Disable or enable a domain, or set its catch-all",
  params: {
    name: domain,
    disabled: z.boolean().optional().describe("Refuse its mail for the time being (450) and its logins"),
    catchAll: address.nullable().optional().describe("Address that takes mail for unknown users; null for none"),
  },
  verbs: [
    {
      usage: "domain disable NAME",
      fixed: { disabled: true },
      summary: "Refuse a domain's mail for the time being (450), and its logins",
      show: (record: DomainRecord) => said(`domain ${record.name} is disabled`),
    },
    {
      usage: "domain enable NAME",
      fixed: { disabled: false },
      summary: "Take a domain's mail again",
      show: (record: DomainRecord) => said(`domain ${record.name} is enabled`),
    },
    {
      usage: "domain catch-all NAME [CATCH-ALL]",
      fixed: { catchAll: null },
      summary: "Send mail for unknown users there; without an address: refuse it",
      show: (record: DomainRecord) =>
        said(
          record.catchAll === null
            ? `${record.name} refuses mail for unknown users`
            : `mail for unknown users of ${record.name} goes to ${record.catchAll}`,
        ),
    },
  ],
  run: ({ name, disabled, catchAll, dryRun }, { directory }) =>
    directory.ask("directory.domainUpdate", changed({ name, disabled, catchAll, dryRun })),
});

export const domainRemove = write({
  name: "domain.rm",
  synonyms: ["domain.remove"],
  summary: "Stop taking mail for a domain, and remove its aliases; it must have no accounts",
  params: { name: domain },
  verbs: [{
    usage: "domain rm NAME",
    confirm: ({ removed }: { removed: string }) => `Remove domain ${removed} and its aliases?`,
    show: () => said("the domain is removed"),
  }],
  run: async ({ name, dryRun }, { directory }) => {
    await directory.ask("directory.domainRemove", changed({ name, dryRun }));
    return { removed: name };
  },
});
