import * as z from "zod";
import type { AliasRecord } from "../../messages/mod.ts";
import { read, write } from "../method.ts";
import { address, domain, PAGE } from "./fields.ts";
import { changed, listed, said } from "./shows.ts";

export const aliasAdd = write({
  name: "alias.add",
  summary: "Let one address stand for others of this server",
  params: { address, targets: z.array(address).min(1).max(1_000).describe("Where its mail goes") },
  verbs: [{
    usage: "alias add ADDRESS TARGETS...",
    show: (record: AliasRecord) => said(`${record.address} goes to ${record.targets.join(", ")}`),
  }],
  run: ({ address, targets, dryRun }, { directory }) =>
    directory.ask("directory.aliasAdd", changed({ address, targets, dryRun })),
});

export const aliasList = read({
  name: "alias.list",
  summary: "All aliases, by address",
  params: { ...PAGE, domain: domain.optional().describe("Only aliases of this domain") },
  verbs: [{
    usage: "alias list",
    show: listed<AliasRecord>(["ADDRESS", "GOES TO"], (record) => [record.address, record.targets.join(", ")]),
  }],
  run: ({ limit, cursor, domain }, { directory }) =>
    directory.ask("directory.aliasList", { domain: domain ?? null, after: cursor ?? null, limit }),
});

export const aliasRemove = write({
  name: "alias.rm",
  synonyms: ["alias.remove"],
  summary: "Remove an alias",
  params: { address },
  verbs: [{
    usage: "alias rm ADDRESS",
    confirm: ({ removed }: { removed: string }) => `Remove alias ${removed}?`,
    show: ({ removed }: { removed: string }) => said(`alias ${removed} is removed`),
  }],
  run: async ({ address, dryRun }, { directory }) => {
    await directory.ask("directory.aliasRemove", changed({ address, dryRun }));
    return { removed: address };
  },
});
