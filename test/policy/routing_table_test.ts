import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { type DomainName, parseMailbox } from "../../src/mail/mod.ts";
import {
  DEPTH_MAX,
  EXPANSION_MAX,
  type RoutableAccount,
  type RoutableAlias,
  type RoutableDomain,
  type RoutableList,
  type Route,
  RoutingTable,
} from "../../src/policy/mod.ts";

function domain(name: string, more: Partial<RoutableDomain> = {}): RoutableDomain {
  const createdAt = "2026-01-01T00:00:00Z";
  return { name, disabled: false, catchAll: null, aliasOf: null, detailSeparator: "+", createdAt, ...more };
}

function account(address: string, more: Partial<RoutableAccount> = {}): RoutableAccount {
  return { id: `id-${address}`, address, disabled: false, createdAt: "2026-01-02T00:00:00Z", ...more };
}

function alias(address: string, ...targets: string[]): RoutableAlias {
  return { address, targets };
}

const DOMAINS = [
  domain("smith.test"),
  domain("bob.test", { catchAll: "billy@bob.test", createdAt: "2026-01-03T00:00:00Z" }),
  domain("smith.example", { aliasOf: "smith.test", createdAt: "2025-01-01T00:00:00Z" }),
  domain("closed.test", { disabled: true }),
  domain("empty.test", { createdAt: "2026-02-01T00:00:00Z" }),
];
const ACCOUNTS = [
  account("john@smith.test"),
  account("mary@smith.test", { createdAt: "2026-01-01T12:00:00Z" }),
  account("john+boxing@smith.test"),
  account("gone@smith.test", { disabled: true, createdAt: "2025-01-01T00:00:00Z" }),
  account("billy@bob.test"),
  account("shut@closed.test"),
  account('"john smith"@smith.test'),
  account("grün@smith.test"),
];
const ALIASES = [
  alias("all@smith.test", "john@smith.test", "billy@bob.test"),
  alias("team@smith.test", "all@smith.test", "john@smith.test", "mary@smith.test"),
  alias("round@smith.test", "about@smith.test"),
  alias("about@smith.test", "john@smith.test", "round@smith.test"),
  alias("former@smith.test", "gone@smith.test"),
  alias("partly@smith.test", "gone@smith.test", "nobody@smith.test", "john@smith.test", "shut@closed.test"),
  alias("lost@smith.test", "nobody@smith.test"),
  alias("other@smith.test", "john@smith.example"),
  alias("quoted@smith.test", '"john smith"@smith.test'),
];

const LISTS: readonly RoutableList[] = [
  { address: "cats@smith.test", owners: ["mary@smith.test", "me@elsewhere.test"], verp: true },
];

function table(): RoutingTable<RoutableAccount> {
  return new RoutingTable({ version: 7, domains: DOMAINS, accounts: ACCOUNTS, aliases: ALIASES, lists: LISTS });
}

function resolve(address: string, routes = table()): Route<RoutableAccount> {
  const parsed = parseMailbox(address, { utf8: true });
  assert(parsed !== null, `${address} parses`);
  return routes.resolve(parsed);
}

/** The accounts reached, or the refusal. */
function outcome(route: Route<RoutableAccount>): string {
  return route.type === "local" ? route.accounts.map(({ address }) => address).join(" ") : route.type;
}

const CASES: readonly (readonly [what: string, address: string, outcome: string])[] = [
  ["an account", "john@smith.test", "john@smith.test"],
  ["letters of either case", "JOHN@Smith.TEST", "john@smith.test"],
  ["quotes that need not be", '"john"@smith.test', "john@smith.test"],
  ["quotes that must be", '"John Smith"@smith.test', '"john smith"@smith.test'],
  ["another normal form of the same letters", "gru\u0308n@smith.test", "grün@smith.test"],
  ["a detail", "mary+news@smith.test", "mary@smith.test"],
  ["an address with a detail of its own, before the one without", "john+boxing@smith.test", "john+boxing@smith.test"],
  ["a detail that holds a separator", "john+a+b@smith.test", "john@smith.test"],
  ["a separator at the start, which is no detail", "+x@smith.test", "unknownUser"],
  ["another name of the domain", "john@smith.example", "john@smith.test"],
  ["an alias", "all@smith.test", "john@smith.test billy@bob.test"],
  ["an alias with a detail", "all+x@smith.test", "john@smith.test billy@bob.test"],
  ["an alias of aliases: everybody once", "team@smith.test", "john@smith.test billy@bob.test mary@smith.test"],
  ["an alias over another name of the domain", "other@smith.test", "john@smith.test"],
  ["an alias of a quoted address", "quoted@smith.test", '"john smith"@smith.test'],
  ["a circle of aliases", "round@smith.test", "loop"],
  ["an alias of a disabled account only", "former@smith.test", "disabled"],
  ["an alias of which some are gone: the others get it", "partly@smith.test", "john@smith.test"],
  ["an alias that leads nowhere", "lost@smith.test", "unknownUser"],
  ["an unknown user", "nobody@smith.test", "unknownUser"],
  ["a disabled account", "gone@smith.test", "disabled"],
  ["a disabled domain, known user or not", "who@closed.test", "disabled"],
  ["a catch-all", "whoever@bob.test", "billy@bob.test"],
  ["a catch-all before the oldest account for postmaster", "postmaster@bob.test", "billy@bob.test"],
  ["postmaster of a domain: its oldest enabled account", "Postmaster@smith.test", "mary@smith.test"],
  ["abuse by another name of the domain", "abuse@smith.example", "mary@smith.test"],
  ["postmaster of a domain without accounts: that of the oldest domain", "postmaster@empty.test", "mary@smith.test"],
  ["a stranger's domain", "john@elsewhere.test", "relayDenied"],
  ["a domain below ours", "john@sub.smith.test", "relayDenied"],
  ["a domain above ours", "john@test", "relayDenied"],
  ["an address literal", "john@[127.0.0.1]", "relayDenied"],
  ["postmaster at an address literal", "postmaster@[IPv6:::1]", "relayDenied"],
];
for (const [what, address, expected] of CASES) {
  Deno.test(`routing: ${what}: ${address} goes to ${expected}`, () => {
    const route = resolve(address);
    assertEquals(outcome(route), expected, route.steps.join("; "));
    assert(route.steps.length > 0, "every verdict says how it was found");
  });
}

/** ATTACKS S13. Forms that are no mailbox at all are refused before they come here. */
const RELAY_FORMS = [
  "relay@elsewhere.example",
  "relay%elsewhere.example@[127.0.0.1]",
  "relay%elsewhere.example@smith.test",
  '"relay@elsewhere.example"@[127.0.0.1]',
  '"relay@elsewhere.example"@smith.test',
  '"relay%elsewhere.example"@smith.test',
  "elsewhere.example!relay@[127.0.0.1]",
  "elsewhere.example!relay@smith.test",
  '"elsewhere.example!relay"@smith.test',
  "RELAY@ELSEWHERE.EXAMPLE",
  '"@elsewhere.example:relay"@smith.test',
  '"john@smith.test"@elsewhere.example',
  '"john\\@smith.test"@smith.test',
  "relay@elsewhere.example.",
  "relay@[IPv6:::1]",
  "john@smith.test.elsewhere.example",
];
for (const form of RELAY_FORMS) {
  Deno.test(`no mail is passed on for ${form}`, () => {
    const parsed = parseMailbox(form, { utf8: true });
    if (parsed === null) return;
    const { type } = table().resolve(parsed);
    assert(type === "relayDenied" || type === "unknownUser", type);
  });
}

Deno.test("postmaster without a domain is the oldest domain's", () => {
  const bare = { local: "PostMaster", domain: null, literal: null };
  assertEquals(outcome(table().resolve(bare)), "mary@smith.test");
  assertEquals(outcome(table().resolve({ ...bare, local: "john" })), "relayDenied");
});

Deno.test("postmaster waits while no account exists that could have the mail", () => {
  const routes = new RoutingTable({ version: 0, domains: [domain("new.test")], accounts: [], aliases: [] });
  assertEquals(outcome(resolve("postmaster@new.test", routes)), "disabled");
});

Deno.test("a catch-all that leads to nobody is a loop, not an endless search", () => {
  const domains = [domain("a.test", { catchAll: "x@b.test" }), domain("b.test", { catchAll: "y@a.test" })];
  const routes = new RoutingTable({ version: 0, domains, accounts: [], aliases: [] });
  assertEquals(outcome(resolve("who@a.test", routes)), "loop");
});

Deno.test("domains that are names of each other are nobody's", () => {
  const domains = [domain("a.test", { aliasOf: "b.test" }), domain("b.test", { aliasOf: "a.test" })];
  const routes = new RoutingTable({ version: 0, domains, accounts: [], aliases: [] });
  assertEquals(outcome(resolve("who@a.test", routes)), "relayDenied");
});

Deno.test(`${EXPANSION_MAX} targets are delivered to, one more is a loop`, () => {
  for (const [count, expected] of [[EXPANSION_MAX, "local"], [EXPANSION_MAX + 1, "loop"]] as const) {
    const accounts = Array.from({ length: count }, (_, i) => account(`u${i}@a.test`));
    const aliases = [alias("all@a.test", ...accounts.map(({ address }) => address))];
    const routes = new RoutingTable({ version: 0, domains: [domain("a.test")], accounts, aliases });
    const route = resolve("all@a.test", routes);
    assertEquals(route.type, expected);
    if (route.type === "local") assertEquals(route.accounts.length, count);
    assertLess(route.steps.length, 60, "the steps are bounded too");
  }
});

Deno.test(`${DEPTH_MAX} aliases in a row are followed, one more is a loop`, () => {
  for (const [count, expected] of [[DEPTH_MAX, "local"], [DEPTH_MAX + 1, "loop"]] as const) {
    const aliases = Array.from({ length: count }, (_, i) => alias(`a${i}@a.test`, `a${i + 1}@a.test`));
    const accounts = [account(`a${count}@a.test`)];
    const routes = new RoutingTable({ version: 0, domains: [domain("a.test")], accounts, aliases });
    assertEquals(resolve("a0@a.test", routes).type, expected);
  }
});

Deno.test("aliases that fan out again and again end at the limit, soon", () => {
  const names = Array.from({ length: 19 }, (_, i) => i);
  const aliases = names.map((i) =>
    alias(`f${i}@a.test`, ...names.map((j) => `f${i + 1}@a.test`.replace("f19", `g${j}`)))
  );
  const routes = new RoutingTable({ version: 0, domains: [domain("a.test")], accounts: [], aliases });
  const { type } = resolve("f0@a.test", routes);
  assert(type === "unknownUser" || type === "loop");
});

Deno.test("changes are applied in order of version; a gap is told, a repetition is passed over", () => {
  const routes = table();
  const added = account("new@smith.test");
  assert(routes.applyChanges(8, [{ kind: "account", key: added.address, record: added }]));
  assertEquals(outcome(resolve("new@smith.test", routes)), "new@smith.test");
  assert(routes.applyChanges(8, [{ kind: "account", key: added.address, record: null }]), "told twice");
  assertEquals(outcome(resolve("new@smith.test", routes)), "new@smith.test");
  assertEquals(routes.applyChanges(10, []), false);
  assertEquals(routes.version, 8);
  assert(routes.applyChanges(9, [
    { kind: "account", key: added.address, record: null },
    { kind: "alias", key: "all@smith.test", record: null },
    { kind: "domain", key: "bob.test", record: null },
  ]));
  assertEquals(outcome(resolve("new@smith.test", routes)), "unknownUser");
  assertEquals(outcome(resolve("all@smith.test", routes)), "unknownUser");
  assertEquals(outcome(resolve("billy@bob.test", routes)), "relayDenied");
});

Deno.test("the oldest account is found anew when it is disabled, enabled or removed", () => {
  const routes = table();
  const mary = ACCOUNTS[1]!;
  const next = '"john smith"@smith.test'; // Of the same age as the others, but first by name.
  const change = (version: number, key: string, record: RoutableAccount | null) =>
    assert(routes.applyChanges(version, [{ kind: "account", key, record }]));
  change(8, mary.address, { ...mary, disabled: true });
  assertEquals(
    outcome(resolve("postmaster@smith.test", routes)),
    next,
  );
  change(9, mary.address, mary);
  assertEquals(outcome(resolve("postmaster@smith.test", routes)), "mary@smith.test");
  change(10, mary.address, null);
  assertEquals(outcome(resolve("postmaster@smith.test", routes)), next);
});

Deno.test("the steps tell an operator why", () => {
  const { steps } = resolve("team+x@smith.example");
  assertEquals(steps.slice(0, 3), [
    "smith.example is another name of smith.test",
    "without its detail, team+x@smith.test is team@smith.test",
    "team@smith.test is an alias of all@smith.test, john@smith.test, mary@smith.test",
  ]);
  assertStringIncludes(resolve("postmaster@smith.test").steps.join(), "RFC 5321 §4.5.1");
});

Deno.test("a hundred thousand accounts are looked up in microseconds", () => {
  const accounts = Array.from({ length: 100_000 }, (_, i) => account(`u${i}@a.test`));
  const routes = new RoutingTable({ version: 0, domains: [domain("a.test")], accounts, aliases: [] });
  const address = { local: "u77777", domain: "a.test" as DomainName, literal: null };
  const rounds = 20_000;
  const startMs = performance.now();
  for (let i = 0; i < rounds; i++) routes.resolve(address);
  const microseconds = (performance.now() - startMs) * 1_000 / rounds;
  assertLess(microseconds, 100, `${microseconds.toFixed(1)} µs a look-up`);
});

Deno.test("an alias may lead to other servers, alone or besides accounts here; each address once", () => {
  const routes = new RoutingTable({
    version: 1,
    domains: [domain("a.test")],
    accounts: [account("john@a.test")],
    aliases: [
      alias("away@a.test", "John@elsewhere.test"),
      alias("both@a.test", "john@a.test", "away@a.test", "John@elsewhere.test", "ann@other.test"),
    ],
  });
  const found = (address: string) => {
    const route = routes.resolve(parseMailbox(address, { utf8: false })!);
    return route.type === "local" ? [route.accounts.map((each) => each.address), route.forwards] : route.type;
  };
  assertEquals(found("away@a.test"), [[], ["John@elsewhere.test"]]);
  assertEquals(found("both@a.test"), [["john@a.test"], ["John@elsewhere.test", "ann@other.test"]]);
  assertEquals(found("john@elsewhere.test"), "relayDenied");
});

Deno.test("a domain's mail is signed by its own keys, those of a domain above it, or of the one it is another name of", () => {
  const routes = new RoutingTable({
    version: 1,
    domains: [
      domain("smith.test", { dkim: ["r", "e"] }),
      domain("bob.smith.test", { dkim: ["b"] }),
      domain("ann.smith.test"),
      domain("smith.example", { aliasOf: "smith.test" }),
      domain("bob.example", { aliasOf: "bob.smith.test", dkim: ["own"] }),
      domain("closed.test", { dkim: ["c"], disabled: true }),
      domain("shut.example", { aliasOf: "closed.test" }),
      domain("plain.test"),
    ],
    accounts: [],
    aliases: [],
  });
  const signers = ["smith.test", "bob.smith.test", "ann.smith.test", "mail.smith.test", "smith.example", "bob.example"]
    .map((name) => `${routes.signer(name)?.domain} ${routes.signer(name)?.selectors}`);
  assertEquals(signers, [
    "smith.test r,e",
    "bob.smith.test b",
    "smith.test r,e",
    "smith.test r,e",
    "smith.test r,e",
    "bob.example own",
  ]);
  for (const name of ["plain.test", "closed.test", "shut.example", "test", "", "elsewhere.test", "a.plain.test"]) {
    assertEquals(routes.signer(name), null, name);
  }
  routes.applyChanges(2, [{ kind: "domain", key: "plain.test", record: domain("plain.test", { dkim: ["p"] }) }]);
  assertEquals(routes.signer("plain.test"), { domain: "plain.test", selectors: ["p"] });
});

Deno.test("a list is reached by its own name and by those of its roles, with a detail or without", () => {
  const cases = [
    ["Cats@smith.test", "post", "cats@smith.test"],
    ["cats+news@smith.test", "post", "cats+news@smith.test"],
    ["cats@smith.example", "post", "cats@smith.test"],
    ["cats-request@smith.test", "request", "cats-request@smith.test"],
    ["cats-request+x@smith.test", "request", "cats-request+x@smith.test"],
    ["cats-bounces@smith.test", "bounces", "cats-bounces@smith.test"],
    ["cats-Bounces+ab=bea=other.test@smith.test", "bounces", "cats-bounces+ab=bea=other.test@smith.test"],
  ] as const;
  for (const [address, role, target] of cases) {
    const route = resolve(address);
    assert(route.type === "local", address);
    assertEquals(route.lists, [{ list: "cats@smith.test", role, address: target, verp: true }], address);
    assertEquals([route.accounts, route.forwards], [[], []]);
  }
  for (const address of ["dogs-request@smith.test", "cats-requests@smith.test", "-request@smith.test"]) {
    assertEquals(resolve(address).type, "unknownUser", address);
  }
});

Deno.test("mail to the owners of a list goes to them, here and elsewhere; an alias may name a list", () => {
  const owners = resolve("cats-owner@smith.test");
  assert(owners.type === "local");
  assertEquals([outcome(owners), owners.forwards, owners.lists], ["mary@smith.test", ["me@elsewhere.test"], []]);
  const routes = table();
  routes.applyChanges(8, [{
    kind: "alias",
    key: "pets@smith.test",
    record: alias("pets@smith.test", "cats@smith.test"),
  }]);
  const pets = resolve("pets@smith.test", routes);
  assert(pets.type === "local");
  assertEquals(pets.lists.map(({ list, role }) => [list, role]), [["cats@smith.test", "post"]]);
  routes.applyChanges(9, [{ kind: "list", key: "cats@smith.test", record: null }]);
  assertEquals(resolve("cats@smith.test", routes).type, "unknownUser");
});
