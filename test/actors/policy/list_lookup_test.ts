import { assert, assertEquals, assertRejects } from "@std/assert";
import { newPolicyCounters, POLICY_DEFAULTS, policyActor } from "../../../src/actors/policy/mod.ts";
import { type DnsAnswer, Failure, type FakeClock } from "../../../src/base/mod.ts";
import type { DirectoryProtocol, PolicyProtocol } from "../../../src/messages/mod.ts";
import type { DnsList } from "../../../src/policy/mod.ts";
import type { Ref } from "../../../src/runtime/mod.ts";
import { FakeDns, type FakeName } from "../../policy/support/fake_dns.ts";
import { recordingLog, settle, testSystem } from "../../runtime/support/system.ts";

const BLOCK: DnsList = { zone: "bad.test", kind: "block", codes: [], name: "bad.test" };
const KEYED: DnsList = { zone: "secret.worse.test", kind: "block", codes: ["127.0.0.3"], name: "worse.test" };
const ALLOW: DnsList = { zone: "good.test", kind: "allow", codes: [], name: "good.test" };
const LISTS = [BLOCK, KEYED, ALLOW];

const NAMED: FakeName = { a: ["127.0.0.2"] };
const BROKEN: FakeName = { broken: true };

interface World {
  listed(ip: string): ReturnType<Ref<PolicyProtocol>["ask"]>;
  readonly clock: FakeClock;
  readonly counters: ReturnType<typeof newPolicyCounters>;
  readonly lines: ReturnType<typeof recordingLog>["lines"];
}

async function inWorld(dns: FakeDns, run: (world: World) => Promise<void>, lists: readonly DnsList[] = LISTS) {
  const { log, lines } = recordingLog();
  const { system, clock } = testSystem({ log });
  const counters = newPolicyCounters();
  const policy = await system.spawn(policyActor, {
    name: "policy",
    args: {
      resolver: dns,
      freshResolver: dns,
      directory: {} as unknown as Ref<DirectoryProtocol>,
      settings: { ...POLICY_DEFAULTS, authservId: "mx.here.test", lists },
      counters,
    },
  });
  try {
    await run({ listed: (ip) => policy.ask("policy.listed", { ip }), clock, counters, lines });
  } finally {
    await system.shutdown();
  }
}

/** Never answers about these names. */
class SilentDns extends FakeDns {
  silent: RegExp = /./;
  override a(name: string): Promise<DnsAnswer<string>> {
    return this.silent.test(name) ? new Promise(() => {}) : super.a(name);
  }
  override txt(name: string): Promise<DnsAnswer<string>> {
    return this.silent.test(`txt ${name}`) ? new Promise(() => {}) : super.txt(name);
  }
}

Deno.test("the first block list that names a client is told with its words, which are asked for only then", async () => {
  const dns = new FakeDns({
    "1.2.0.192.bad.test": { a: ["127.0.0.2"], txt: ["see\r\nhttps://bad.test/"] },
    "1.2.0.192.secret.worse.test": { a: ["127.0.0.3"], txt: ["worse"] },
    "2.2.0.192.secret.worse.test": { a: ["127.0.0.3"] },
    "3.2.0.192.secret.worse.test": { a: ["127.0.0.2"] },
  });
  await inWorld(dns, async ({ listed, counters }) => {
    assertEquals(await listed("192.0.2.1"), { listedBy: "bad.test", text: "see??https://bad.test/" });
    assertEquals(await listed("::ffff:192.0.2.2"), { listedBy: "worse.test", text: null });
    assertEquals(await listed("192.0.2.3"), null, "another code than those that count");
    assertEquals([counters.listed, counters.listFailures], [2, 0]);
    dns.asked.splice(0);
    assertEquals(await listed("192.0.2.4"), null);
    assertEquals(dns.asked, LISTS.map(({ zone }) => `a 4.2.0.192.${zone}`));
    dns.asked.splice(0);
    assertEquals(await listed("2001:db8::1"), null);
    assertEquals(dns.asked[0], `a 1.${"0.".repeat(23)}8.b.d.0.1.0.0.2.bad.test`);
    assertEquals(await listed("no address"), null);
    assertEquals(dns.asked.length, 3);
  });
});

Deno.test("whom an allow list names, or might name, is not listed", async () => {
  const dns = new FakeDns({
    "1.2.0.192.bad.test": NAMED,
    "1.2.0.192.good.test": NAMED,
    "2.2.0.192.bad.test": NAMED,
    "2.2.0.192.good.test": BROKEN,
    "3.2.0.192.bad.test": NAMED,
  });
  await inWorld(dns, async ({ listed, counters }) => {
    assertEquals([await listed("192.0.2.1"), await listed("192.0.2.2")], [null, null]);
    assertEquals(await listed("192.0.2.3"), { listedBy: "bad.test", text: null });
    assertEquals([counters.listed, counters.listFailures], [1, 1]);
  });
});

Deno.test("a list that fails or answers with an error lists nobody, and the log tells of it once in ten minutes", async () => {
  const dns = new FakeDns({
    "1.2.0.192.bad.test": BROKEN,
    "2.2.0.192.bad.test": { a: ["127.255.255.254"] },
    "3.2.0.192.bad.test": { a: ["198.51.100.1"] },
    "4.2.0.192.bad.test": BROKEN,
    "4.2.0.192.secret.worse.test": { a: ["127.255.255.252", "127.0.0.3"], txt: ["worse"] },
  });
  await inWorld(dns, async ({ listed, counters, clock, lines }) => {
    const warnings = () => lines.filter(({ level }) => level === "warn").map(({ fields }) => fields);
    for (const last of [1, 2, 3]) assertEquals(await listed(`192.0.2.${last}`), null);
    assertEquals(counters.listFailures, 3);
    assertEquals(warnings().map((fields) => [fields?.["list"], fields?.["failures"]]), [["bad.test", 1]]);
    clock.advance(600_000);
    assertEquals(await listed("192.0.2.4"), { listedBy: "worse.test", text: "worse" }, "another list is heard");
    assertEquals(warnings().map((fields) => fields?.["failures"]), [1, 3]);
    assert(!JSON.stringify(lines).includes("secret"), "a zone may hold a key");
  });
});

Deno.test("all lists together have five seconds, and what was heard until then counts", async () => {
  const dns = new SilentDns({ "1.2.0.192.secret.worse.test": { a: ["127.0.0.3"] } });
  await inWorld(dns, async ({ listed, clock, counters }) => {
    const after5s = async () => {
      let answer: unknown = "none yet";
      void listed("192.0.2.1").then((given) => answer = given);
      await settle();
      clock.advance(4_999);
      await settle();
      assertEquals(answer, "none yet");
      clock.advance(1);
      await settle();
      return answer;
    };
    assertEquals(await after5s(), null);
    assertEquals(counters.listFailures, 3);
    dns.silent = /\.bad\.test$/;
    assertEquals(await after5s(), { listedBy: "worse.test", text: null });
    dns.silent = /\.good\.test$/;
    assertEquals(await after5s(), null, "the allow list might have named it");
    dns.silent = /^txt /;
    assertEquals(await after5s(), { listedBy: "worse.test", text: null }, "a list's words are not waited for longer");
  });
});

Deno.test("a thousand clients are asked about at a time, one more is told busy, and those after them are asked about again", async () => {
  const dns = new SilentDns({});
  await inWorld(dns, async ({ listed, clock }) => {
    const asked = Array.from({ length: 1_000 }, (_, i) => listed(`10.0.${i >> 8}.${i & 255}`));
    await settle();
    assertEquals((await assertRejects(() => listed("192.0.2.1"), Failure)).kind, "busy");
    clock.advance(5_000);
    assert((await Promise.all(asked)).every((answer) => answer === null));
    dns.silent = /^$/;
    assertEquals(await listed("192.0.2.1"), null);
  });
});

Deno.test("a resolver with a defect is told as down and logged, and the actor lives on", async () => {
  class Defect extends FakeDns {
    override a(name: string): Promise<DnsAnswer<string>> {
      return name.startsWith("1.") ? Promise.reject(new TypeError("a defect")) : super.a(name);
    }
  }
  await inWorld(new Defect({}), async ({ listed, lines }) => {
    assertEquals((await assertRejects(() => listed("192.0.2.1"), Failure)).kind, "down");
    assertEquals(lines.filter(({ level }) => level === "error").length, 1);
    assertEquals(await listed("192.0.2.2"), null);
  });
});
