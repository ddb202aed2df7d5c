import { assertEquals } from "@std/assert";
import { Failure } from "../../../src/base/mod.ts";
import type { AccountId } from "../../../src/mail/account.ts";
import { ALL_RIGHTS } from "../../../src/mail/rights.ts";
import { dice } from "../../support/dice.ts";
import { ADDRESSES, FRED, johns, named, setAcl } from "./shared_world.ts";
import { inMailbox, MAIL, type MailboxWorld, MARY } from "./support.ts";

const STEPS = 150;
const BOXES = ["INBOX", "Sent", "Drafts"];
const NAMES = [...ADDRESSES.values()].slice(1).concat("anyone");
const IDENTIFIERS = NAMES.flatMap((name) => [name, `-${name}`]);

/** Rights by identifier, as a table of letters. */
type Table = Map<string, Set<string>>;

Deno.test("whatever rights are given and taken, each account may do what a plain table says", async () => {
  for (let seed = 1; seed <= 6; seed++) await inMailbox((world) => runModel(world, seed));
});

async function runModel(world: MailboxWorld, seed: number): Promise<void> {
  const random = dice(seed);
  const tables = new Map<string, Table>(BOXES.map((box) => [box, new Map()]));
  for (let step = 0; step < STEPS; step++) {
    const box = random.pick(BOXES)!;
    const identifier = random.pick(IDENTIFIERS)!;
    const how = random.pick(["add", "remove", "replace"] as const)!;
    const letters = [...ALL_RIGHTS].filter(() => random.below(3) === 0);
    await setAcl(world, identifier, letters.join(""), { name: named(box), how });
    change(tables.get(box)!, identifier, { how, letters });
    const account = random.pick([MARY, FRED])!;
    const looked = random.pick(BOXES)!;
    await compare(world, {
      account,
      box: looked,
      may: rightsOf(tables.get(looked)!, account),
      label: `${seed}/${step}`,
    });
  }
}

function change(
  table: Table,
  identifier: string,
  { how, letters }: { readonly how: "add" | "remove" | "replace"; readonly letters: readonly string[] },
): void {
  const before = table.get(identifier) ?? new Set();
  const after = {
    add: before.union(new Set(letters)),
    remove: before.difference(new Set(letters)),
    replace: new Set(letters),
  };
  table.set(identifier, after[how]);
}

function rightsOf(table: Table, account: AccountId): Set<string> {
  const of = (sign: string) =>
    (table.get(sign + ADDRESSES.get(account)) ?? new Set<string>()).union(
      table.get(`${sign}anyone`) ?? new Set<string>(),
    );
  return of("").difference(of("-"));
}

async function compare(
  { mailbox }: MailboxWorld,
  { account, box, may, label }: {
    readonly account: AccountId;
    readonly box: string;
    readonly may: ReadonlySet<string>;
    readonly label: string;
  },
): Promise<void> {
  const name = johns(box);
  const { entries } = await mailbox.ask("mailbox.tree", { account, status: true });
  const shown = entries.find((entry) => entry.name === name && entry.mailbox > 0);
  assertEquals(shown !== undefined, may.has("l"), `${label}: LIST`);
  if (shown !== undefined) {
    assertEquals(new Set(shown.rights), may, label);
    assertEquals(shown.status !== undefined, may.has("r"), `${label}: STATUS`);
  }
  const answers = {
    i: await outcome(mailbox.ask("mailbox.append", {
      ...{ account, name, opId: `op/${label}`, quotaBytes: 0 },
      messages: [{ parts: [MAIL], index: null, internalDateMs: null, flags: 0, keywords: [] }],
    })),
    a: await outcome(mailbox.ask("mailbox.acl", { account, name })),
  };
  for (const [right, answer] of Object.entries(answers)) {
    const expected = may.has(right) ? "done" : may.has("l") ? "refused" : "missing";
    assertEquals(answer, expected, `${label}: ${right} with ${[...may].join("")}`);
  }
}

async function outcome(work: Promise<{ readonly type: string }>): Promise<string> {
  try {
    return (await work).type === "missing" ? "missing" : "done";
  } catch (error) {
    if (error instanceof Failure) return error.kind;
    throw error;
  }
}
