import * as z from "zod";
import { Failure } from "../../base/mod.ts";
import type { DkimKeyRecord } from "../../messages/mod.ts";
import type { ControlContext } from "../control_context.ts";
import { read, type Shown, write } from "../method.ts";
import { domain, PAGE } from "./fields.ts";
import { changed, listed, said } from "./shows.ts";
import { zoneLine } from "./zone_line.ts";

/** A key, and its TXT record as a line of a zone file. */
interface PublishedKey extends DkimKeyRecord {
  readonly zone: string;
}

/** A key, and what is wrong with its record as the DNS has it now. */
interface CheckedKey extends DkimKeyRecord {
  /** Null when there is nothing wrong. */
  readonly problem: string | null;
}

/** Keys that one domain may have: all of them are one page. */
const KEYS_MAX = 1_000;

export const dkimRotate = write({
  name: "dkim.rotate",
  summary: "Make the keys that are to sign a domain's mail next, and say what to publish",
  params: { domain },
  verbs: [{
    usage: "dkim rotate DOMAIN",
    show: ({ records }: { records: readonly PublishedKey[] }): Shown => {
      const [first] = records;
      if (first === undefined) return said("two keys would be made");
      return {
        type: "lines",
        lines: [
          "publish these records:",
          ...records.map(({ zone }) => zone),
          `then look whether everybody sees them:  dkim check ${first.domain}`,
          `and let the new keys sign:              dkim activate ${first.domain}`,
        ],
      };
    },
  }],
  run: async ({ domain, dryRun }, { directory }) => {
    const { records } = await directory.ask("directory.dkimRotate", changed({ domain, dryRun }));
    return { records: records.map(published), next: null };
  },
});

export const dkimActivate = write({
  name: "dkim.activate",
  summary: "Let the next keys sign a domain's mail; those that signed stay published for mail on its way",
  params: {
    domain,
    unchecked: z.boolean().default(false).describe("Do not ask the DNS first whether they are published"),
  },
  verbs: [{
    usage: "dkim activate DOMAIN",
    show: ({ records }: { records: readonly DkimKeyRecord[] }): Shown => ({
      type: "lines",
      lines: records.map(({ selector, state }) => `${selector} is ${state}`),
    }),
  }],
  async run({ domain, unchecked, dryRun }, context) {
    if (!unchecked) await refuseUnpublished(domain, context);
    return context.directory.ask("directory.dkimActivate", changed({ domain, dryRun }));
  },
});

export const dkimTxt = read({
  name: "dkim.txt",
  summary: "The TXT records of a domain's keys, as lines of a zone file",
  params: { domain },
  verbs: [{
    usage: "dkim txt DOMAIN",
    show: ({ records }: { records: readonly PublishedKey[] }): Shown => ({
      type: "lines",
      lines: records.map(({ zone }) => zone),
    }),
  }],
  run: async ({ domain }, context) => ({ records: (await keysOf(domain, context)).map(published), next: null }),
});

export const dkimCheck = read({
  name: "dkim.check",
  summary: "Ask the DNS whether a domain's keys are published as they must be",
  params: { domain },
  verbs: [{
    usage: "dkim check DOMAIN",
    show: ({ keys }: { keys: readonly CheckedKey[] }): Shown => ({
      type: "table",
      columns: ["RECORD", "STATE", "IN THE DNS"],
      rows: keys.map(({ record, state, problem }) => [record.name, state, problem ?? "as it must be"]),
    }),
  }],
  async run({ domain }, context) {
    const keys = await Promise.all((await keysOf(domain, context)).map((key) => checked(key, context)));
    // A retired key may go from the DNS when the last mail that it signed has arrived.
    return { keys, problemCount: keys.filter(({ state, problem }) => state !== "retired" && problem !== null).length };
  },
});

export const dkimList = read({
  name: "dkim.list",
  summary: "Keys that sign mail, of all domains or one",
  params: { domain: domain.optional(), ...PAGE },
  verbs: [{
    usage: "dkim list [DOMAIN]",
    show: listed<DkimKeyRecord>(["DOMAIN", "SELECTOR", "ALGORITHM", "STATE", "SINCE"], (record) => [
      record.domain,
      record.selector,
      record.algorithm,
      record.state,
      record.since.slice(0, 16),
    ]),
  }],
  run: ({ domain = null, limit, cursor = null }, { directory }) =>
    directory.ask("directory.dkimList", { domain, after: cursor, limit }),
});

export const dkimRemove = write({
  name: "dkim.rm",
  synonyms: ["dkim.remove"],
  summary: "Remove a key: it signs no more, and its record may be taken out of the DNS",
  params: { domain, selector: z.string().min(1).max(200).describe("As dkim.list shows it") },
  verbs: [{
    usage: "dkim rm DOMAIN SELECTOR",
    confirm: ({ domain, selector, state }: DkimKeyRecord) =>
      state === "active"
        ? `Remove key ${selector}, which signs the mail of ${domain} now?`
        : `Remove the ${state} key ${selector} of ${domain}?`,
    show: ({ selector }: DkimKeyRecord) => said(`key ${selector} is removed`),
  }],
  run: ({ domain, selector, dryRun }, { directory }) =>
    directory.ask("directory.dkimRemove", changed({ domain, selector, dryRun })),
});

async function keysOf(domain: string, { directory }: ControlContext): Promise<readonly DkimKeyRecord[]> {
  const { records } = await directory.ask("directory.dkimList", { domain, after: null, limit: KEYS_MAX });
  if (records.length === 0) throw new Failure("not_found", `${domain} has no keys: make some by dkim.rotate`);
  return records;
}

function published(key: DkimKeyRecord): PublishedKey {
  return { ...key, zone: zoneLine(key.record.name, key.record.text) };
}

async function checked(key: DkimKeyRecord, { policy }: ControlContext): Promise<CheckedKey> {
  const { domain, selector, algorithm, publicKey } = key;
  return { ...key, ...await policy.ask("policy.checkKey", { domain, selector, algorithm, publicKey }) };
}

/** What is signed by a key that nobody can find counts as forged in many places. */
async function refuseUnpublished(domain: string, context: ControlContext): Promise<void> {
  const next = (await keysOf(domain, context)).filter(({ state }) => state === "next");
  const problems = (await Promise.all(next.map((key) => checked(key, context)))).filter(({ problem }) =>
    problem !== null
  );
  if (problems.length === 0) return;
  const found = problems.map(({ record, problem }) => `${record.name}: ${problem}`).join("; ");
  throw new Failure("refused", `${found}. Publish what dkim.txt prints and try again, or say unchecked`);
}
