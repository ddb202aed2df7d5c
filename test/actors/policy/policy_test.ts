import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  newPolicyCounters,
  POLICY_DEFAULTS,
  policyActor,
  type PolicySettings,
} from "../../../src/actors/policy/mod.ts";
import { type DnsAnswer, Failure, type FakeClock, type Resolver, utf8 } from "../../../src/base/mod.ts";
import type { DirectoryProtocol, PolicyProtocol, SigningKey } from "../../../src/messages/mod.ts";
import { signable } from "../../../src/policy/dkim/mod.ts";
import { readMessage } from "../../../src/policy/header/mod.ts";
import type { HostedSystem, Ref } from "../../../src/runtime/mod.ts";
import { FakeDns } from "../../policy/support/fake_dns.ts";
import { ED25519, ED25519_PEM, keyRecord, publicText, RSA, RSA_PEM, rsaOfBits } from "../../policy/support/signing.ts";
import { recordingLog, settle, testSystem } from "../../runtime/support/system.ts";

const MAIL = utf8("From: anna@bank.test\r\nSubject: secret plan\r\n\r\nThe word is swordfish.\r\n");
const CHECK = { ip: "192.0.2.1", helo: "h.test", sender: "x@bank.test", parts: [MAIL], seal: null };
const SIGN = { domain: "bank.test", selectors: ["e", "r"], ...signable(readMessage([MAIL])) };
const SETTINGS: PolicySettings = { ...POLICY_DEFAULTS, authservId: "mx.here.test" };

/** A directory that has these keys, and can be away. */
class FakeDirectory {
  readonly asked: (readonly string[])[] = [];
  away = false;
  keys: SigningKey[] = [{ domain: "bank.test", selector: "e", pem: ED25519_PEM }, {
    domain: "bank.test",
    selector: "r",
    pem: RSA_PEM,
  }];
  readonly ref = { ask: (type: string, request: SigningRequest) => this.#ask(type, request) };
  #ask(type: string, { domain, selectors }: SigningRequest): Promise<unknown> {
    assertEquals(type, "directory.signingKeys");
    this.asked.push(selectors);
    if (this.away) return Promise.reject(new Failure("down", "the directory is gone"));
    const keys = this.keys.filter((key) => key.domain === domain && selectors.includes(key.selector));
    return Promise.resolve({ keys });
  }
}

type SigningRequest = DirectoryProtocol["directory.signingKeys"]["request"];

interface World {
  readonly directory: FakeDirectory;
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
  const directory = new FakeDirectory();
  const args = {
    resolver,
    freshResolver: resolver,
    directory: directory.ref as unknown as Ref<DirectoryProtocol>,
    settings: { ...SETTINGS, ...over },
    counters,
  };
  const policy = await system.spawn(policyActor, { name: "policy", args });
  try {
    await run({ directory, policy, system, clock, counters, lines });
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
    const { fields } = await policy.ask("policy.sign", SIGN);
    assertEquals(fields.map((field) => /a=(\w+)-/.exec(field)![1]), ["rsa", "ed25519"], "RSA on top");
    assertEquals(counters.signed, 2);
    const { disposition, results } = await policy.ask("policy.check", { ...CHECK, parts: [...fields.map(utf8), MAIL] });
    assertEquals(results.dkim, [{ result: "pass", domain: "bank.test" }, { result: "pass", domain: "bank.test" }]);
    assertEquals([results.dmarc, disposition.type], ["pass", "accept"]);
  });
});

Deno.test("a key that cannot be signed with is refused as invalid, and the actor lives on", () =>
  inWorld(new FakeDns({}), async ({ policy, directory, system, lines }) => {
    const small = rsaOfBits(1_024).export({ type: "pkcs8", format: "pem" }) as string;
    for (const pem of [small, "swordfish"]) {
      directory.keys = [{ domain: "bank.test", selector: "r", pem }];
      const failure = await assertRejects(() => policy.ask("policy.sign", SIGN), Failure);
      assertEquals(failure.kind, "invalid");
      assert(!failure.message.includes("swordfish"));
    }
    assertEquals(system.stats()[0]?.restarts, 0);
    assert(!JSON.stringify(lines).includes("swordfish"));
  }));

Deno.test("keys are asked for once, again when others are to sign, and again after ten minutes", () =>
  inWorld(new FakeDns({}), async ({ policy, directory, clock }) => {
    const sign = (selectors: readonly string[]) => policy.ask("policy.sign", { ...SIGN, selectors });
    await Promise.all([sign(["r"]), sign(["r"]), sign(["r"])]);
    assertEquals(directory.asked, [["r"]]);
    assertEquals((await sign(["e", "r"])).fields.length, 2);
    await sign(["r"]);
    assertEquals(directory.asked, [["r"], ["e", "r"]]);
    clock.advance(600_001);
    await sign(["r"]);
    assertEquals(directory.asked.length, 3);
  }));

Deno.test("a directory that is away is told, and asked again by the next mail; keys that are gone sign nothing", () =>
  inWorld(new FakeDns({}), async ({ policy, directory }) => {
    const kindOf = async () => (await assertRejects(() => policy.ask("policy.sign", SIGN), Failure)).kind;
    directory.away = true;
    assertEquals([await kindOf(), await kindOf()], ["down", "down"]);
    directory.away = false;
    const kept = directory.keys.splice(0);
    assertEquals(await kindOf(), "not_found");
    directory.keys.push(kept[0]!);
    assertEquals((await policy.ask("policy.sign", SIGN)).fields.length, 1);
  }));

Deno.test("RSA keeps nobody waiting: mails are signed side by side, and one by Ed25519 overtakes them", () =>
  inWorld(new FakeDns({}), async ({ policy, counters }) => {
    await Promise.all(["e", "r"].map((selector) => policy.ask("policy.sign", { ...SIGN, selectors: [selector] })));
    const order: string[] = [];
    const sign = async (selector: string) => {
      const { fields } = await policy.ask("policy.sign", { ...SIGN, selectors: [selector] });
      order.push(selector);
      return fields[0]!;
    };
    const many = Array.from({ length: 2 * navigator.hardwareConcurrency + 1 }, () => sign("r"));
    const [quick, ...slow] = await Promise.all([sign("e"), ...many]); // Asked last.
    assertEquals(order, ["e", ...many.map(() => "r")]);
    assert(quick!.includes("a=ed25519-sha256") && new Set(slow).size === 1 && slow[0]!.includes("a=rsa-sha256"));
    assertEquals(counters.signed, 4 + 2 * navigator.hardwareConcurrency);
  }));

Deno.test("of a thousand domains each set of keys is remembered, one more pushes out what was used longest ago", () =>
  inWorld(new FakeDns({}), async ({ policy, directory }) => {
    directory.keys = Array.from(
      { length: 1_001 },
      (_, i) => ({ domain: `d${i}.test`, selector: "e", pem: ED25519_PEM }),
    );
    const sign = (i: number) => policy.ask("policy.sign", { ...SIGN, domain: `d${i}.test`, selectors: ["e"] });
    for (let i = 0; i < 1_000; i++) await sign(i);
    await sign(0);
    assertEquals(directory.asked.length, 1_000);
    await sign(1_000);
    await sign(0);
    assertEquals(directory.asked.length, 1_001);
    await sign(1);
    assertEquals(directory.asked.length, 1_002);
  }));

Deno.test("a mail that goes on is sealed by RSA with what this check found, and without keys goes on unsealed", () =>
  inWorld(new FakeDns({ "r._domainkey.bank.test": { txt: [keyRecord(RSA)] } }), async (world) => {
    const { policy, directory, counters } = world;
    const seal = { domain: "bank.test", selectors: ["e", "r"] };
    const { sealed, field } = await policy.ask("policy.check", { ...CHECK, seal });
    assertEquals([sealed.length, counters.sealed], [3, 1]);
    const [arcSeal, signature, results] = sealed;
    assert(arcSeal!.includes("cv=none") && arcSeal!.includes("s=r;") && signature!.includes("a=rsa-sha256"));
    assertEquals(results, `ARC-Authentication-Results: i=1;${field.slice("Authentication-Results:".length)}`);
    const parts = [...sealed.map(utf8), MAIL];
    assertEquals((await policy.ask("policy.check", { ...CHECK, parts })).results.arc, "pass");
    directory.away = true;
    const unsealed = await policy.ask("policy.check", { ...CHECK, seal: { ...seal, selectors: ["x"] } });
    assertEquals([unsealed.sealed, unsealed.disposition.type, counters.sealed], [[], "accept", 1]);
  }));

Deno.test("what should be refused is not sealed", () =>
  inWorld(new FakeDns({ "_dmarc.bank.test": { txt: ["v=DMARC1; p=reject"] } }), async ({ policy, directory }) => {
    const seal = { domain: "bank.test", selectors: ["e", "r"] };
    const { sealed, disposition } = await policy.ask("policy.check", { ...CHECK, seal });
    assertEquals([sealed, disposition.type, directory.asked], [[], "reject", []]);
  }));

Deno.test("a key is looked up anew each time, and what is wrong with its record is told", async () => {
  const zone: Record<string, { txt: string[] }> = { "r._domainkey.bank.test": { txt: [keyRecord(RSA)] } };
  await inWorld(new FakeDns(zone), async ({ policy }) => {
    const key = { domain: "bank.test", selector: "r", algorithm: "rsa-sha256", publicKey: publicText(RSA) } as const;
    assertEquals(await policy.ask("policy.checkKey", key), { problem: null });
    const missing = await policy.ask("policy.checkKey", { ...key, selector: "x" });
    assertEquals(missing, { problem: "not published" });
  });
  await inWorld(new FakeDns({ "r._domainkey.bank.test": { broken: true } }), async ({ policy }) => {
    const key = { domain: "bank.test", selector: "r", algorithm: "rsa-sha256", publicKey: publicText(RSA) } as const;
    assertEquals((await assertRejects(() => policy.ask("policy.checkKey", key), Failure)).kind, "dns");
  });
});

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
    await policy.ask("policy.sign", SIGN);
    const log = JSON.stringify(lines);
    assert(log.includes("sender checked"));
    for (const secret of ["swordfish", "secret plan", "PRIVATE KEY", RSA_PEM.slice(40, 80)]) {
      assert(!log.includes(secret));
    }
  }));
