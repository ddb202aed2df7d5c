import { assertEquals } from "@std/assert";
import { accountNamed, domainNamed, granteeOf, quotaOf } from "../../../src/actors/listener/domain_accounts.ts";
import type { Address } from "../../../src/mail/address.ts";
import type { AccountId } from "../../../src/mail/account.ts";
import { parseMailboxName } from "../../../src/mail/mailbox_name.ts";
import type { AccountRecord } from "../../../src/messages/mod.ts";
import { RoutingTable } from "../../../src/policy/mod.ts";

function account(address: string, more: Partial<AccountRecord> = {}): AccountRecord {
  const createdAt = "2026-01-01T00:00:00Z";
  return { id: `id-${address}` as AccountId, address, disabled: false, quotaBytes: 0, createdAt, ...more };
}

const ANNA = account("anna@a.test", { quotaBytes: 111 });
const domain = { aliasOf: null, disabled: false, detailSeparator: "+", createdAt: "2026-01-01T00:00:00Z" };
const table = new RoutingTable<AccountRecord>({
  version: 1,
  domains: [{ ...domain, name: "a.test", catchAll: "anna@a.test" }, {
    ...domain,
    name: "b.test",
    catchAll: null,
  }] as never,
  accounts: [
    ANNA,
    account("bert@a.test", { quotaBytes: 222 }),
    account("off@a.test", { disabled: true }),
    account("zoe@b.test"),
  ],
  aliases: [{ address: "team@a.test", targets: ["bert@a.test"], createdAt: "2026-01-01T00:00:00Z" }],
  lists: [],
} as never);
const routes = { resolve: (address: Address) => table.resolve(address), signer: () => null };

Deno.test("an identifier names the account of the same domain that has this address, in any case, also behind a minus", () => {
  const bert = { id: "id-bert@a.test" as AccountId, address: "bert@a.test" };
  for (const identifier of ["bert@a.test", "BERT@A.test", "-bert@a.test"]) {
    assertEquals(granteeOf(identifier, ANNA, routes), bert, identifier);
  }
});

Deno.test("nobody is named by a domain's catch-all, by an alias, with a detail, in another domain, or by no address at all", () => {
  const nobody = [
    "typo@a.test",
    "team@a.test",
    "bert+x@a.test",
    "zoe@b.test",
    "x@c.test",
    "bert",
    "",
    "anyone",
    "--bert@a.test",
  ];
  for (const identifier of [...nobody, "postmaster@a.test", "postmaster", "bert@[127.0.0.1]"]) {
    assertEquals(granteeOf(identifier, ANNA, routes), null, identifier);
  }
});

Deno.test("before the directory has answered nobody is named", () => {
  assertEquals(granteeOf("bert@a.test", ANNA, { ...routes, resolve: () => null }), null);
});

Deno.test("what is put into a shared mailbox counts for its owner; with an owner nobody knows of, nothing fits", () => {
  const quota = (name: string) => quotaOf(parseMailboxName(name)!, ANNA, routes);
  assertEquals(["INBOX", "a/b"].map(quota), [{ quotaBytes: 111 }, { quotaBytes: 111 }]);
  assertEquals(quota("Other Users/bert@a.test/INBOX"), { quotaBytes: 222 });
  const unknown = ["off@a.test", "typo@a.test", "zoe@b.test", "BERT@a.test", "team@a.test"];
  for (const address of unknown) assertEquals(quota(`Other Users/${address}/INBOX`), { quotaBytes: 1 }, address);
  assertEquals(quota("Other Users"), { quotaBytes: 1 });
  const limited = { ...ANNA, quotaMessages: 9 };
  assertEquals(quotaOf(parseMailboxName("a")!, limited, routes), { quotaBytes: 111, quotaMessages: 9 });
});

Deno.test("the owner of a URL is an account of any domain, by its own address; the domain is told of nobody, too", () => {
  const named = (text: string) => [accountNamed(text, routes)?.address ?? null, domainNamed(text, routes)];
  assertEquals(named("zoe@b.test"), ["zoe@b.test", "b.test"]);
  assertEquals(named("BERT@A.test"), ["bert@a.test", "a.test"]);
  for (const text of ["off@a.test", "typo@a.test", "team@a.test", "bert+x@a.test"]) {
    assertEquals(named(text), [null, "a.test"], text);
  }
  for (const text of ["x@c.test", "bert", "", "postmaster@[127.0.0.1]", "x".repeat(8_192)]) {
    assertEquals(named(text), [null, null], text);
  }
  assertEquals(domainNamed("zoe@b.test", { ...routes, resolve: () => null }), null);
});
