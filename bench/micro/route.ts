import { type Address, parseMailbox } from "../../src/mail/mod.ts";
import { type RoutableAccount, RoutingTable } from "../../src/policy/mod.ts";
import { type BenchContext, figure, type Findings, noFindings } from "../figures.ts";
import { compare, effort } from "./compare.ts";

/** Look-ups in one measured call: one alone is below the clock's resolution. */
const BATCH = 1_000;
const CREATED = "2026-01-01T00:00:00.000Z";
const REFERENCE = "Map.get";

/** Where a recipient goes, with few and with many accounts, beside a plain map of the same addresses. */
export async function benchRoute(context: BenchContext): Promise<Findings> {
  const findings = noFindings();
  for (const count of [100, 100_000]) {
    context.note(`route: ${count} accounts`);
    const accounts = Array.from({ length: count }, (_, i): RoutableAccount => {
      return { id: `account-${i}`, address: `u${i}@bench.test`, disabled: false, createdAt: CREATED };
    });
    const map = new Map(accounts.map((account) => [account.address, account]));
    const table = new RoutingTable({ version: 1, domains: [DOMAIN], accounts, aliases: [] });
    // A stride that is no divisor visits the accounts in an order no cache foresees.
    const asked = Array.from({ length: BATCH }, (_, i) => (i * 7_919) % count);
    const addresses = asked.map((i): Address => parseMailbox(`u${i}@bench.test`, { utf8: false })!);
    const keys = asked.map((i) => `u${i}@bench.test`);
    const local = () => addresses.filter((address) => table.resolve(address).type === "local").length;
    const times = await compare([
      { name: "table", operations: BATCH, run: () => void local() },
      { name: REFERENCE, operations: BATCH, run: () => void keys.filter((key) => map.get(key) !== undefined).length },
    ], effort(context.quick));
    findings.figures.push(
      figure(`route/${count} accounts`, { unit: "µs", better: "lower", rounds: times.get("table")! }, {
        name: REFERENCE,
        rounds: times.get(REFERENCE)!,
      }),
    );
    if (local() !== BATCH) findings.errors.push(`route: ${local()} of ${BATCH} accounts were found`);
  }
  return findings;
}

const DOMAIN = {
  name: "bench.test",
  disabled: false,
  catchAll: null,
  aliasOf: null,
  detailSeparator: "+",
  createdAt: CREATED,
};
