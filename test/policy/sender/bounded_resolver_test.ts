import { assertEquals, assertRejects } from "@std/assert";
import { type DnsAnswer, Failure, FakeClock, type Resolver } from "../../../src/base/mod.ts";
import { BoundedResolver } from "../../../src/policy/sender/mod.ts";
import { FakeDns } from "../support/fake_dns.ts";

const BOUNDS = { deadlineMs: 1_000, questionsMax: 3 };

Deno.test("a question is asked once, whatever its case", async () => {
  const clock = new FakeClock();
  const dns = new FakeDns({ "a.test": { a: ["192.0.2.1"] } });
  const resolver = new BoundedResolver(dns, { ...BOUNDS, clock });
  assertEquals(await resolver.a("a.test"), await resolver.a("A.TEST"));
  await resolver.aaaa("a.test");
  assertEquals(dns.asked, ["a a.test", "aaaa a.test"]);
  resolver.close();
  assertEquals(clock.nextAt(), null, "no timer is left");
});

Deno.test("three questions are asked, the fourth is a temporary failure", async () => {
  const clock = new FakeClock();
  const dns = new FakeDns({});
  const resolver = new BoundedResolver(dns, { ...BOUNDS, clock });
  for (const name of ["a", "b", "c"]) await resolver.txt(name);
  const failure = await assertRejects(() => resolver.txt("d"), Failure);
  assertEquals([failure.kind, failure.temporary, dns.asked.length], ["dns", true, 3]);
  resolver.close();
});

/** A resolver that never answers. */
class Silent implements Partial<Resolver> {
  txt(): Promise<DnsAnswer<string>> {
    return new Promise(() => {});
  }
}

Deno.test("at the deadline what is open fails, and what is asked later too", async () => {
  const clock = new FakeClock();
  const resolver = new BoundedResolver(new Silent() as unknown as Resolver, { ...BOUNDS, clock });
  const open = resolver.txt("a");
  clock.advance(999);
  assertEquals(await Promise.race([open.catch(() => "failed"), Promise.resolve("open")]), "open");
  clock.advance(1);
  assertEquals((await assertRejects(() => open, Failure)).kind, "dns");
  assertEquals((await assertRejects(() => resolver.txt("b"), Failure)).kind, "dns");
});

Deno.test("a name that cannot exist does not exist; a failure that may pass stays one", async () => {
  const clock = new FakeClock();
  const refusing = (failure: Failure) => ({ a: () => Promise.reject(failure) }) as unknown as Resolver;
  const never = new BoundedResolver(refusing(new Failure("invalid", "no name")), { ...BOUNDS, clock });
  assertEquals((await never.a("x y")).type, "nxdomain");
  const later = new BoundedResolver(refusing(new Failure("dns", "no answer")), { ...BOUNDS, clock });
  await assertRejects(() => later.a("x"), Failure, "no answer");
  never.close();
  later.close();
});
