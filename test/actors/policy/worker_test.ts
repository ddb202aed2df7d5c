import { assertEquals, assertRejects } from "@std/assert";
import type { DirectoryWorkerConfig } from "../../../src/actors/directory/worker.ts";
import {
  POLICY_ACTOR,
  POLICY_DEFAULTS,
  type PolicyWorkerConfig,
  type ScannersConfig,
} from "../../../src/actors/policy/mod.ts";
import { Failure, SILENT, systemClock, systemRandom, utf8 } from "../../../src/base/mod.ts";
import type { DirectoryProtocol, PolicyProtocol } from "../../../src/messages/mod.ts";
import { signable } from "../../../src/policy/dkim/mod.ts";
import { readMessage } from "../../../src/policy/header/mod.ts";
import type { DnsList } from "../../../src/policy/mod.ts";
import { createSupervisor } from "../../../src/runtime/mod.ts";
import { TestServer } from "../../net/support.ts";
import { DnsServer } from "../../support/dns_server.ts";

const MAIL = utf8("From: anna@bank.test\r\nSubject: hello\r\n\r\nHello.\r\n");

const LIST: DnsList = { zone: "bad.test", kind: "block", codes: [], name: "bad" };
const SCAN = {
  id: "i",
  direction: "incoming",
  staysHere: true,
  ip: null,
  name: null,
  helo: "h.test",
  sender: "",
  recipients: [],
  user: null,
  parts: [MAIL],
} as const;

const scannersAt = (port: number): ScannersConfig => ({
  settings: {
    hostname: "mx.here.test",
    rspamd: null,
    clamav: { scan: "both", bytesMax: 1_000, onLarge: "accept", onFailure: "accept", onVirus: "refuse" },
    junk: [],
  },
  rspamd: null,
  clamav: { at: { host: "127.0.0.1", port }, timeMsMax: 5_000 },
  gate: { checksMax: 1, waitingMax: 1, bytesMax: 1_000, waitMsMax: 5_000 },
});

const AT = { node: "local" };
const NET_ONLY = { net: true, read: false, write: false, ffi: false, env: ["MSGPACKR_NATIVE_ACCELERATION_DISABLED"] };
const RESTART = { intensityMax: 1, periodMs: 10_000, backoffMs: [20, 200] as const };

Deno.test("the policy worker signs, checks and asks scanners with the right to the network alone, by keys that only it is given", async () => {
  const clamd = await TestServer.start({}, (connection) => {
    connection.write("stream: OK\0");
    connection.close();
  });
  await using dns = await DnsServer.start({
    "_dmarc.bank.test": { txt: ["v=DMARC1; p=reject"] },
    "2.0.0.127.bad.test": { a: ["127.0.0.2"], txt: ["a test"] },
  });
  const dataDir = await Deno.makeTempDir();
  const policyConfig: PolicyWorkerConfig = {
    settings: {
      ...POLICY_DEFAULTS,
      authservId: "mx.here.test",
      lists: [LIST],
      scanners: scannersAt(clamd.listener.port),
    },
    dns: { servers: [dns.server], trustAd: false },
    listKey: new Uint8Array(32),
    faultInjection: false,
  };
  const directoryConfig: DirectoryWorkerConfig = {
    dataDir,
    login: { checksMax: 1, waitingMax: 1 },
    issuers: [],
    bans: { strikesMax: 0, windowMs: 1, banMs: 1, exempt: [] },
    greylist: null,
    stsPolicies: false,
    tlsCounts: false,
    faultInjection: false,
  };
  const files = { net: false, read: true, write: [dataDir], ffi: true, env: true, sys: true, run: false };
  const specOf = (name: string, permissions: typeof NET_ONLY | typeof files, config: unknown) => ({
    name,
    url: new URL(`../../../workers/${name}.ts`, import.meta.url),
    permissions,
    restart: RESTART,
    strategy: "one-for-one" as const,
    config,
  });
  const supervisor = createSupervisor({
    specs: [specOf("directory", files, directoryConfig), specOf("policy", NET_ONLY, policyConfig)],
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
    const policy = supervisor.system.ref<PolicyProtocol>({ ...AT, worker: "policy", actor: POLICY_ACTOR });
    const directory = supervisor.system.ref<DirectoryProtocol>({ ...AT, worker: "directory", actor: "directory" });
    await directory.ask("directory.domainAdd", { name: "bank.test" });
    const { records } = await directory.ask("directory.dkimRotate", { domain: "bank.test" });
    for (const { record } of records) dns.set(record.name, { txt: [record.text] });
    const selectors = records.map(({ selector }) => selector);
    const { fields } = await policy.ask("policy.sign", {
      domain: "bank.test",
      selectors,
      ...signable(readMessage([MAIL])),
    });
    const parts = [...fields.map(utf8), MAIL];
    const request = { ip: "192.0.2.1", helo: "h.test", sender: "x@bank.test", parts, seal: null };
    const { disposition, results } = await policy.ask("policy.check", request);
    assertEquals(results.dkim.map(({ result }) => result), ["pass", "pass"]);
    assertEquals([results.dmarc, disposition.type], ["pass", "accept"]);
    assertEquals(await policy.ask("policy.listed", { ip: "127.0.0.2" }), { listedBy: "bad", text: "a test" });
    assertEquals(await policy.ask("policy.listed", { ip: "127.0.0.1" }), null);
    const scan = await policy.ask("policy.scan", SCAN);
    assertEquals([scan.disposition.type, scan.notes], ["accept", ["clamav: clean"]]);
    const stolen = await assertRejects(
      () => directory.ask("directory.signingKeys", { domain: "bank.test", selectors }),
      Failure,
    );
    assertEquals(stolen.kind, "refused");
  } finally {
    await supervisor.stop(2_000);
    clamd.stop();
    await Deno.remove(dataDir, { recursive: true });
  }
});
