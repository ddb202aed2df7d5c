/** ATTACKS M8: accounts, aliases and domains may have names that every JavaScript object inherits. */
import { assert, assertEquals } from "@std/assert";
import { parseMailbox } from "../../src/mail/mod.ts";
import { RoutingTable } from "../../src/policy/mod.ts";
import type { RoutableAccount, RoutableDomain } from "../../src/policy/mod.ts";

/** What every object has without having been given it, as addresses spell it. */
const INHERITED = [...new Set(Object.getOwnPropertyNames(Object.prototype).map((name) => name.toLowerCase()))];
const CREATED = "2026-01-01T00:00:00Z";

function domain(name: string): RoutableDomain {
  return { name, disabled: false, catchAll: null, aliasOf: null, detailSeparator: "+", createdAt: CREATED };
}

function account(address: string): RoutableAccount {
  return { id: address, address, disabled: false, createdAt: CREATED };
}

function resolve(table: RoutingTable<RoutableAccount>, address: string): string {
  const parsed = parseMailbox(address, { utf8: false });
  assert(parsed !== null, address);
  const route = table.resolve(parsed);
  return route.type === "local" ? route.accounts.map(({ id }) => id).join(" ") : route.type;
}

Deno.test("inherited names are nobody's until somebody has them: no user, no domain, no alias", () => {
  const before = Reflect.ownKeys(Object.prototype);
  const empty = new RoutingTable<RoutableAccount>({
    version: 1,
    domains: [domain("smith.test")],
    accounts: [],
    aliases: [],
  });
  for (const name of INHERITED) {
    assertEquals(resolve(empty, `${name}@smith.test`), "unknownUser");
    if (/^[a-z]+$/.test(name)) assertEquals(resolve(empty, `x@${name}`), "relayDenied");
  }
  assertEquals(Reflect.ownKeys(Object.prototype), before);
});

Deno.test("accounts, aliases and domains of inherited names are found, changed and removed like all others", () => {
  const before = Reflect.ownKeys(Object.prototype);
  const accounts = INHERITED.map((name) => account(`${name}@smith.test`));
  const aliases = INHERITED.map((name) => ({ address: `${name}@constructor.test`, targets: [`${name}@smith.test`] }));
  const domains = [domain("smith.test"), domain("constructor.test"), domain("valueof")];
  const table = new RoutingTable<RoutableAccount>({ version: 1, domains, accounts, aliases });
  for (const name of INHERITED) {
    assertEquals(resolve(table, `${name}@smith.test`), `${name}@smith.test`);
    assertEquals(resolve(table, `${name}+detail@smith.test`), `${name}@smith.test`);
    assertEquals(resolve(table, `${name}@constructor.test`), `${name}@smith.test`);
    assertEquals(resolve(table, `${name}@valueof`), "unknownUser");
  }
  const key = "__proto__@smith.test";
  assert(table.applyChanges(2, [{ kind: "account", key, record: null }]));
  assertEquals([resolve(table, key), resolve(table, "__proto__@constructor.test")], ["unknownUser", "unknownUser"]);
  assertEquals(Reflect.ownKeys(Object.prototype), before);
});
