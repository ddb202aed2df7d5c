/** What guessing costs, by address and by account, and what remembering it costs us. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { LoginCache } from "../../src/actors/directory/login_cache.ts";
import { LoginGuard, networkOf, remoteKey } from "../../src/actors/directory/login_guard.ts";
import { FakeClock, seededRandom } from "../../src/base/mod.ts";
import type { AccountId } from "../../src/mail/account.ts";

function guard(): LoginGuard {
  return new LoginGuard(new FakeClock());
}

/** Fails so often that the address, or everybody at the account, has to wait. */
function fail(guard: LoginGuard, remote: string, account: string, times = 8): void {
  for (let i = 0; i < times; i++) guard.failed(remote, account);
}

Deno.test("all addresses of a /64 are one guesser, and so is an IPv4 address in either form", () => {
  const alike = [
    ["2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:fffe", "2001:0DB8:0001:0002::"],
    ["192.0.2.7", "::ffff:192.0.2.7", "::FFFF:192.0.2.7"],
  ];
  for (const [first, ...others] of alike) {
    for (const other of others) assertEquals(networkOf(other), networkOf(first!));
  }
  assertEquals(networkOf("2001:db8::9"), "2001:db8:0:0::/64");
  assertEquals(networkOf("::9"), "0:0:0:0::/64");
  assertNotEquals(networkOf("2001:db8:1:2::1"), networkOf("2001:db8:1:3::1"));
  assertNotEquals(networkOf("192.0.2.7"), networkOf("192.0.2.8"));
  const guessed = guard();
  fail(guessed, "2001:db8:1:2::1", "john");
  assert(guessed.waitMs("2001:db8:1:2::ffff", "mary")! > 0, "another address of the same network");
  assertEquals(guessed.waitMs("2001:db8:1:3::1", "mary"), 0);
});

Deno.test("users of this machine are told apart, others' addresses stand for whoever is behind them", () => {
  assertNotEquals(remoteKey("127.0.0.1", "john"), remoteKey("127.0.0.1", "mary"));
  assertNotEquals(remoteKey("::1", "john"), remoteKey("::1", "mary"));
  for (const remote of ["192.0.2.1", "128.0.0.1", "2001:db8::1", "::2"]) {
    assertEquals(remoteKey(remote, "john"), remoteKey(remote, "mary"), remote);
  }
});

Deno.test("who logs in at one account is still a stranger to every other", () => {
  const attacked = guard();
  for (let i = 0; i < 20; i++) attacked.failed(`198.51.100.${i}`, "mary");
  attacked.succeeded("203.0.113.5", "john");
  assert(attacked.waitMs("203.0.113.5", "mary")! > 0);
  attacked.succeeded("203.0.113.5", "mary");
  assertEquals(attacked.waitMs("203.0.113.5", "mary"), 0);
});

Deno.test("ten thousand addresses and accounts that failed are remembered, and the one of longest ago is forgiven", () => {
  const many = guard();
  fail(many, "192.0.2.1", "john");
  for (let i = 1; i < 10_000; i++) many.failed(`10.0.${i >> 8}.${i & 255}`, `u${i}`);
  assert(many.waitMs("192.0.2.1", "nobody")! > 0);
  assert(many.waitMs("203.0.113.1", "john")! > 0);
  many.failed("10.1.0.0", "more");
  assertEquals(many.waitMs("192.0.2.1", "nobody"), 0);
  assertEquals(many.waitMs("203.0.113.1", "john"), 0);
});

Deno.test("fifty thousand who have logged in rightly are known, and the one of longest ago is a stranger again", () => {
  const many = guard();
  fail(many, "198.51.100.1", "john");
  many.succeeded("203.0.113.1", "john");
  for (let i = 1; i < 50_000; i++) many.succeeded("203.0.113.2", `u${i}`);
  assertEquals(many.waitMs("203.0.113.1", "john"), 0);
  many.succeeded("203.0.113.2", "more");
  assert(many.waitMs("203.0.113.1", "john")! > 0);
});

Deno.test("ten thousand passwords that were right are remembered, and of the one of longest ago it is asked again", () => {
  const cache = new LoginCache(new FakeClock(), seededRandom(1));
  const account = (i: number) => `a${i}` as AccountId;
  for (let i = 0; i < 10_000; i++) cache.remember(account(i), "right");
  assert(cache.knows(account(0), "right"));
  assert(!cache.knows(account(0), "wrong"));
  assert(!cache.knows(null, "right"));
  cache.remember(account(10_000), "right");
  assert(!cache.knows(account(0), "right"));
  assert(cache.knows(account(1), "right"));
});
