import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  newPolicyCounters,
  POLICY_DEFAULTS,
  policyActor,
  type PolicySettings,
} from "../../../src/actors/policy/mod.ts";
import { type DnsAnswer, Failure, type FakeClock, type Resolver, utf8 } from "../../../src/base/mod.ts";
import type { PolicyProtocol } from "../../../src/messages/mod.ts";
import type { HostedSystem, Ref } from "../../../src/runtime/mod.ts";
import { FakeDns } from "../../policy/support/fake_dns.ts";
import { ED25519, ED25519_PEM, keyRecord, RSA, RSA_PEM, rsaOfBits } from "../../policy/support/signing.ts";
import { recordingLog, settle, testSystem } from "../../runtime/support/system.ts";

const MAIL = utf8("From: anna@bank.test\r\nSubject: secret plan\r\n\r\nThe word is swordfish.\r\n");
const CHECK = { ip: "192.0.2.1", helo: "h.test", sender: "x@bank.test", parts: [MAIL] };
const SETTINGS: PolicySettings = { ...POLICY_DEFAULTS, authservId: "mx.here.test" };

interface World {
  readonly policy: Ref<PolicyProtocol>;
  readonly system: HostedSystem;
  readonly clock: FakeClock;
  readonly counters: ReturnType<typeof newPolicyCounters>;
  readonly lines: ReturnType<typeof recordingLog>["lines"];
}

async function inWorld(resolver: Resolver, run: (world: World) => Promise<void>, over: Partial<PolicySettings> = {}) {
  const { log, lines } = recordingLog();
  const { system, clock } = testSystem({ log });
  const counters = newPolicyCounters();
  const args = { resolver, settings: { ...SETTINGS, ...over }, counters };
  const policy = await system.spawn(policyActor, { name: "policy", args });
  try {
    await run({ policy, system, clock, counters, lines });
  } finally {
    await system.shutdown();
  }
}

/** Answers when it is told to. */
class SlowDns extends FakeDns {
  readonly held: (() => void)[] = [];
  override async txt(name: string): Promise<DnsAnswer<string>> {
    await new Promise<void>((resolve) => this.held.push(resolve));
    return super.txt(name);
  }
}

Deno.test("a check is answered by verdicts, the field and what is to be done", () =>
  inWorld(new FakeDns({ "_dmarc.bank.test": { txt: ["v=DMARC1; p=reject"] } }), async ({ policy, counters }) => {
    const { disposition, results, field } = await policy.ask("policy.check", CHECK);
    assertEquals(disposition, {
      type: "reject",
      enhanced: "5.7.1",
      text: "Rejected by the DMARC policy of bank.test",
    });
    assertEquals(results, {
      spf: "none",
      dkim: [],
      arc: "none",
      dmarc: "fail",
      author: "bank.test",
      iprev: "permerror",
    });
    assert(field.startsWith("Authentication-Results: mx.here.test;\r\n\t") && field.endsWith("\r\n"));
    assertEquals(counters.reject, 1);
  }));

Deno.test("what is signed is verified by a check, and DMARC passes by it", async () => {
  const zone = {
    "_dmarc.bank.test": { txt: ["v=DMARC1; p=reject"] },
    "r._domainkey.bank.test": { txt: [keyRecord(RSA)] },
    "e._domainkey.bank.test": { txt: [keyRecord(ED25519)] },
  };
  await inWorld(new FakeDns(zone), async ({ policy, counters }) => {
    const keys = [{ domain: "bank.test", selector: "r", pem: RSA_PEM }, {
      domain: "bank.test",
      selector: "e",
      pem: ED25519_PEM,
    }];
    const { fields } = await policy.ask("policy.sign", { parts: [MAIL], keys });
    assertEquals([fields.length, counters.signed], [2, 2]);
    const { disposition, results } = await policy.ask("policy.check", { ...CHECK, parts: [...fields.map(utf8), MAIL] });
    assertEquals(results.dkim, [{ result: "pass", domain: "bank.test" }, { result: "pass", domain: "bank.test" }]);
    assertEquals([results.dmarc, disposition.type], ["pass", "accept"]);
  });
});

Deno.test("a key that cannot be signed with is refused as invalid, and the actor lives on", () =>
  inWorld(new FakeDns({}), async ({ policy, system, lines }) => {
    const small = rsaOfBits(1_024).export({ type: "pkcs8", format: "pem" }) as string;
    for (const pem of [small, "swordfish"]) {
      const request = { parts: [MAIL], keys: [{ domain: "bank.test", selector: "s", pem }] };
      const failure = await assertRejects(() => policy.ask("policy.sign", request), Failure);
      assertEquals(failure.kind, "invalid");
      assert(!failure.message.includes("swordfish"));
    }
    assertEquals(system.stats()[0]?.restarts, 0);
    assert(!JSON.stringify(lines).includes("swordfish"));
  }));

Deno.test("when the DNS does not answer, a check ends at its deadline with temporary errors", () =>
  inWorld(new SlowDns({}), async ({ policy, clock }) => {
    const answer = policy.ask("policy.check", CHECK);
    await settle();
    clock.advance(SETTINGS.checkMsMax);
    const { results, disposition } = await answer;
    assertEquals([results.spf, results.dmarc, disposition.type], ["temperror", "temperror", "defer"]);
  }));

Deno.test("a resolver that fails in every way is a result, one with a defect is told as down and logged", async () => {
  const failing = { broken: true };
  const zone = { "bank.test": failing, "_dmarc.bank.test": failing, "192.0.2.1": failing };
  await inWorld(new FakeDns(zone), async ({ policy }) => {
    assertEquals((await policy.ask("policy.check", CHECK)).results.spf, "temperror");
  });
  class Defect extends FakeDns {
    override txt(): Promise<never> {
      return Promise.reject(new TypeError("a defect"));
    }
  }
  await inWorld(new Defect({}), async ({ policy, lines, system }) => {
    assertEquals((await assertRejects(() => policy.ask("policy.check", CHECK), Failure)).kind, "down");
    assertEquals(lines.filter(({ level }) => level === "error").length, 1);
    assertEquals(system.stats()[0]?.restarts, 0);
  });
});

Deno.test("few checks run, few wait, the next is told busy; who waited too long is not begun", async () => {
  const dns = new SlowDns({});
  const gate = { checksMax: 1, waitingMax: 1, bytesMax: 1_000_000, waitMsMax: 500 };
  await inWorld(dns, async ({ policy, clock, counters }) => {
    const first = policy.ask("policy.check", CHECK);
    const second = policy.ask("policy.check", CHECK);
    const kindOf = (error: unknown) => (error as Failure).kind;
    const third = policy.ask("policy.check", CHECK).catch(kindOf);
    assertEquals(await third, "busy");
    const answer = second.catch(kindOf);
    await settle();
    clock.advance(501);
    for (let i = 0; i < 10; i++) {
      dns.held.splice(0).forEach((go) => go());
      await settle();
    }
    assertEquals((await first).results.dmarc, "none");
    assertEquals(await answer, "busy");
    assertEquals([counters.accept, counters.busy], [1, 2]);
  }, { gate });
});

Deno.test("messages under check hold the limit's bytes together, one that is larger is let in alone", async () => {
  const dns = new SlowDns({});
  const gate = { checksMax: 10, waitingMax: 10, bytesMax: 2 * MAIL.length, waitMsMax: 500 };
  await inWorld(dns, async ({ policy }) => {
    const parts = [MAIL, MAIL, MAIL];
    const large = policy.ask("policy.check", { ...CHECK, parts });
    assertEquals((await assertRejects(() => policy.ask("policy.check", CHECK), Failure)).kind, "busy");
    const release = async (ask: Promise<unknown>) => {
      for (let i = 0; i < 10; i++) {
        dns.held.splice(0).forEach((go) => go());
        await settle();
      }
      await ask;
    };
    await release(large);
    const two = [policy.ask("policy.check", CHECK), policy.ask("policy.check", CHECK)];
    assertEquals((await assertRejects(() => policy.ask("policy.check", CHECK), Failure)).kind, "busy");
    await release(Promise.all(two));
  }, { gate });
});

Deno.test("no byte of a message, and no key, reaches the log", () =>
  inWorld(new FakeDns({}), async ({ policy, lines }) => {
    await policy.ask("policy.check", CHECK);
    await policy.ask("policy.sign", { parts: [MAIL], keys: [{ domain: "bank.test", selector: "r", pem: RSA_PEM }] });
    const log = JSON.stringify(lines);
    assert(log.includes("sender checked"));
    for (const secret of ["swordfish", "secret plan", "PRIVATE KEY", RSA_PEM.slice(40, 80)]) {
      assert(!log.includes(secret));
    }
  }));
