import { assertEquals } from "@std/assert";
import { POLICY_ACTOR, POLICY_DEFAULTS, type PolicyWorkerConfig } from "../../../src/actors/policy/mod.ts";
import { SILENT, systemClock, systemRandom, utf8 } from "../../../src/base/mod.ts";
import type { PolicyProtocol } from "../../../src/messages/mod.ts";
import { createSupervisor } from "../../../src/runtime/mod.ts";
import { DnsServer } from "../../support/dns_server.ts";
import { ED25519, ED25519_PEM, keyRecord, RSA, RSA_PEM } from "../../policy/support/signing.ts";

const MAIL = utf8("From: anna@bank.test\r\nSubject: hello\r\n\r\nHello.\r\n");

Deno.test("the policy worker signs and checks with the right to the network alone", async () => {
  await using dns = await DnsServer.start({
    "_dmarc.bank.test": { txt: ["v=DMARC1; p=reject"] },
    "r._domainkey.bank.test": { txt: [keyRecord(RSA)] },
    "e._domainkey.bank.test": { txt: [keyRecord(ED25519)] },
  });
  const config: PolicyWorkerConfig = {
    settings: { ...POLICY_DEFAULTS, authservId: "mx.here.test" },
    dns: { servers: [dns.server], trustAd: false },
    listKey: new Uint8Array(32),
    faultInjection: false,
  };
  const supervisor = createSupervisor({
    specs: [{
      name: "policy",
      url: new URL("../../../workers/policy.ts", import.meta.url),
      permissions: { net: true, read: false, write: false, ffi: false, env: ["MSGPACKR_NATIVE_ACCELERATION_DISABLED"] },
      restart: { intensityMax: 1, periodMs: 10_000, backoffMs: [20, 200] },
      strategy: "one-for-one",
      config,
    }],
    clock: systemClock(),
    log: SILENT,
    random: systemRandom(),
    logLevel: "error",
    onFatal: (error) => {
      throw error;
    },
  });
  await supervisor.start();
  try {
    const policy = supervisor.system.ref<PolicyProtocol>({ node: "local", worker: "policy", actor: POLICY_ACTOR });
    const keys = [{ domain: "bank.test", selector: "r", pem: RSA_PEM }, {
      domain: "bank.test",
      selector: "e",
      pem: ED25519_PEM,
    }];
    const { fields } = await policy.ask("policy.sign", { parts: [MAIL], keys });
    const parts = [...fields.map(utf8), MAIL];
    const request = { ip: "192.0.2.1", helo: "h.test", sender: "x@bank.test", parts };
    const { disposition, results } = await policy.ask("policy.check", request);
    assertEquals(results.dkim.map(({ result }) => result), ["pass", "pass"]);
    assertEquals([results.dmarc, disposition.type], ["pass", "accept"]);
  } finally {
    await supervisor.stop(2_000);
  }
});
