import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import shipped from "../../cluster.config.ts";
import { type ClusterConfig, ConfigError, describeReload, loadConfig, validateConfig } from "../../src/config/mod.ts";
import { DEFAULT_LIMITS } from "../../src/storage/limits.ts";
import { parseHeaderRule } from "../../src/policy/scan/mod.ts";

const base = { hostname: "mail.example.org" };

function problem(value: unknown): string {
  return assertThrows(() => validateConfig(value, "test.json"), ConfigError).message;
}

Deno.test("only the host name has no default", () => {
  const config = validateConfig(base, "test.json");
  assertEquals(config.dataDir, "data");
  assertEquals(config.shards, 16);
  assertEquals(config.workers, { listener: "cores", mailbox: "cores", delivery: 1 });
  assertEquals(config.listeners.map(({ service, host, port, tls }) => `${service} ${host}:${port} ${tls}`), [
    "smtp 127.0.0.1:2525 starttls",
    "submission 127.0.0.1:2587 starttls",
    "submission 127.0.0.1:2465 implicit",
    "pop3 127.0.0.1:2110 starttls",
    "pop3 127.0.0.1:2995 implicit",
    "imap 127.0.0.1:2143 starttls",
    "imap 127.0.0.1:2993 implicit",
  ]);
  assertEquals(config.limits.smtp.messageBytesMax, 52_428_800);
  assertEquals(config.plaintextLogin, "loopback");
  assertStringIncludes(problem({}), "test.json: hostname: ");
});

Deno.test("the config that is shipped is valid and says what the defaults say", () => {
  const config = validateConfig(shipped, "cluster.config.ts");
  assertEquals(config, validateConfig({ hostname: "localhost" }, "defaults"));
});

Deno.test("validating a validated config changes nothing", () => {
  const config = validateConfig(base, "a");
  assertEquals(validateConfig(config, "b"), config);
});

Deno.test("an error names the source and the path, and all are told at once", () => {
  const text = problem({
    ...base,
    colour: 1,
    listeners: [{ service: "smtp", port: 2525 }, { service: "nntp", port: 70_000 }],
    limits: { smtp: { recipientMax: 5 } },
    workers: { listener: "all" },
  });
  assertStringIncludes(text, "test.json: colour: unknown key");
  assertStringIncludes(text, "test.json: listeners[1].service: ");
  assertStringIncludes(text, "test.json: listeners[1].port: ");
  assertStringIncludes(text, "test.json: limits.smtp.recipientMax: unknown key");
  assertStringIncludes(text, 'test.json: workers.listener: expected a number of 1 to 64, or "cores"');
});

const ISSUER = { issuer: "https://id.example.org", audience: "mail", jwksFile: "keys.json" };

const impossible: [string, Record<string, unknown>][] = [
  ["scanners.clamav.onVirus", { scanners: { clamav: { onVirus: "junk" } }, junk: { file: false } }],
  ["tls.keyFile", { tls: { certFile: "a.pem" } }],
  ["tls.certFile", { tls: { keyFile: "a.pem" } }],
  ["workers.mailbox", { shards: 2, workers: { mailbox: 3 } }],
  ["listeners[1].port", { listeners: [{ service: "smtp", port: 25 }, { service: "pop3", host: "::", port: 25 }] }],
  ["listeners[0].port", { listeners: [{ service: "smtp", port: 0 }] }],
  ["listeners[0].tls", { plaintextLogin: "never", listeners: [{ service: "pop3", port: 110, tls: "none" }] }],
  ["listeners[0].port", { listeners: [{ service: "lmtp", port: 25 }] }],
  ["listeners[0].xclient", { listeners: [{ service: "pop3", port: 110, xclient: ["::1"] }] }],
  ["listeners[0].xclient", { listeners: [{ service: "imap", port: 143, xclient: ["::1"] }] }],
  ["listeners[0].tls", { plaintextLogin: "never", listeners: [{ service: "imap", port: 143, tls: "none" }] }],
  ["listeners[0].tls", { plaintextLogin: "never", listeners: [{ service: "submission", port: 587, tls: "none" }] }],
  ["oauth.issuers[1].issuer", { oauth: { issuers: [ISSUER, { ...ISSUER, audience: "web" }] } }],
  ["limits.connections.perAddressMax", { limits: { connections: { max: 5, perAddressMax: 6 } } }],
  ["limits.memory.bodyBytesMax", { limits: { memory: { bodyBytesMax: 2 ** 20 } } }],
  ["senders.lists", { senders: { lists: [{ zone: "good.test", kind: "allow" }] } }],
  ["senders.lists[1].zone", {
    senders: { lists: [{ zone: "a.test", kind: "block" }, { zone: "a.test", kind: "allow" }] },
  }],
  ["queue.warnAfterMs", { queue: { lifetimeMs: 60_000, warnAfterMs: 60_000 } }],
  ["queue.turns[0]", { queue: { turns: [{ domains: ["*"] }] } }],
  ["limits.imap.saveMessagesMax", { limits: { imap: { saveMessagesMax: 1_000, commandMessagesMax: 1_000 } } }],
  ["outbound.dane", { outbound: { dane: true } }],
  ["outbound.routes[1].domain", { outbound: { routes: [{ domain: "*", host: "a" }, { domain: "*", host: "b" }] } }],
  ["outbound.routes[0].secret", { outbound: { routes: [{ domain: "*", host: "a", tls: "required", user: "me" }] } }],
  ["outbound.routes[0].user", { outbound: { routes: [{ domain: "*", host: "a", tls: "implicit", secret: "env:X" }] } }],
  ["outbound.routes[0].tls", { outbound: { routes: [{ domain: "*", host: "a", user: "me", secret: "env:X" }] } }],
];
for (const [path, fields] of impossible) {
  Deno.test(`an impossible combination is refused at ${path}: ${JSON.stringify(fields)}`, () => {
    assertStringIncludes(problem({ ...base, ...fields }), `test.json: ${path}: `);
  });
}

const ranges: [string, (n: number) => Record<string, unknown>, number, number][] = [
  ["shards", (n) => ({ shards: n, workers: { mailbox: 1 } }), 1, 1_000],
  ["workers.listener", (n) => ({ workers: { listener: n } }), 1, 64],
  ["limits.smtp.recipientsMax", (n) => ({ limits: { smtp: { recipientsMax: n } } }), 100, 100_000],
  ["limits.imap.saveMessagesMax", (n) => ({ limits: { imap: { saveMessagesMax: n } } }), 1_000, 1_000],
  ["limits.imap.commandMessagesMax", (n) => ({ limits: { imap: { commandMessagesMax: n } } }), 1_000, 1_000],
  ["listeners[0].port", (n) => ({ workers: { listener: 1 }, listeners: [{ service: "smtp", port: n }] }), 0, 65_535],
];
Deno.test("as many messages of one APPEND as may be announced are stored in one change (RFC 3502 §6.3.11)", () => {
  const [, , , most] = ranges.find(([path]) => path === "limits.imap.saveMessagesMax")!;
  assertEquals(DEFAULT_LIMITS.appendMessagesMax, most);
});

for (const [path, make, min, max] of ranges) {
  Deno.test(`${path} takes ${min} to ${max} and nothing outside`, () => {
    validateConfig({ ...base, ...make(min) }, "t");
    validateConfig({ ...base, ...make(max) }, "t");
    assertStringIncludes(problem({ ...base, ...make(min - 1) }), path);
    assertStringIncludes(problem({ ...base, ...make(max + 1) }), path);
  });
}

Deno.test("who may ask for mail that waits is a network or an account, for domains that are named", () => {
  const turns = (fields: Record<string, unknown>) => ({
    ...base,
    queue: { turns: [{ networks: ["192.0.2.0/24"], domains: ["away.test"], ...fields }] },
  });
  for (const fields of [{}, { accounts: ["a+b@away.test"] }, { domains: ["*", ".away.test"] }]) {
    validateConfig(turns(fields), "t");
  }
  for (
    const [path, fields] of [
      ["networks[0]", { networks: ["away.test"] }],
      ["accounts[0]", { accounts: ["away.test"] }],
      ["domains", { domains: [] }],
      ["domains[0]", { domains: ["*.away.test"] }],
    ] as const
  ) assertStringIncludes(problem(turns(fields)), `queue.turns[0].${path}`);
});

Deno.test("reports on TLS need a sender, and are sent by nobody unless it is named", () => {
  const outbound = (tlsReports: unknown) => ({ ...base, outbound: { tlsReports } });
  assertEquals(validateConfig(base, "t").outbound.tlsReports, null);
  assertEquals(validateConfig(outbound({ from: "tls@example.org" }), "t").outbound.tlsReports, {
    from: "tls@example.org",
    organization: null,
    contact: null,
  });
  for (const wrong of [{}, { from: "example.org" }, { from: "a b@example.org" }, { from: "A@example.org" }]) {
    assertStringIncludes(problem(outbound(wrong)), "outbound.tlsReports.from");
  }
  const organization = "Example\r\nBcc: x";
  assertStringIncludes(problem(outbound({ from: "a@b.test", organization })), "outbound.tlsReports.organization");
});

Deno.test("a route names a domain, its subdomains or everything, and its password only by reference", () => {
  const route = (fields: Record<string, unknown>) => ({
    ...base,
    outbound: { routes: [{ domain: "*", host: "relay.test", ...fields }] },
  });
  for (const domain of ["*", "example.org", ".example.org", "xn--bcher-kva.example"]) {
    validateConfig(route({ domain }), "t");
  }
  for (const domain of ["", ".", "*.example.org", "Example.org", "a b"]) {
    assertStringIncludes(problem(route({ domain })), "outbound.routes[0].domain");
  }
  assertStringIncludes(
    problem(route({ user: "me", secret: "hunter2", tls: "required" })),
    "expected file:PATH or env:NAME",
  );
});

Deno.test("there are no lists but those that are named, and errors of a list are no codes", () => {
  assertEquals(validateConfig(base, "t").senders.lists, []);
  const lists = (fields: Record<string, unknown>) => ({
    ...base,
    senders: { lists: [{ zone: "zen.test", kind: "block", ...fields }] },
  });
  assertEquals(validateConfig(lists({}), "t").senders.lists, [{
    zone: "zen.test",
    kind: "block",
    codes: [],
    name: null,
  }]);
  const zoneOf = (chars: number) => `${"x".repeat(63)}.${"x".repeat(63)}.${"x".repeat(chars - 128)}`;
  validateConfig(lists({ zone: zoneOf(189), codes: ["127.0.0.2", "127.255.254.1"], name: "Zen, a list" }), "t");
  for (const zone of ["", "Zen.test", "zen.test.", "*.test", "a b", zoneOf(190)]) {
    assertStringIncludes(problem(lists({ zone })), "senders.lists[0].zone: ");
  }
  for (const code of ["127.255.255.254", "192.0.2.1", "2", "::1", "127.0.0"]) {
    assertStringIncludes(problem(lists({ codes: [code] })), "senders.lists[0].codes[0]: ");
  }
  for (const name of ["", "a\r\nb", "é", "x".repeat(101)]) {
    assertStringIncludes(problem(lists({ name })), "senders.lists[0].name: ");
  }
  assertStringIncludes(problem(lists({ kind: "grey" })), "senders.lists[0].kind: ");
});

Deno.test("a proxy is named by its address or network, and by nothing else", () => {
  const listener = (proxies: readonly string[]) => ({ ...base, listeners: [{ service: "lmtp", port: 24, proxies }] });
  const good = ["127.0.0.1", "192.0.2.0/24", "::1", "2001:db8::/32"];
  const [first] = validateConfig(listener(good), "t").listeners;
  assertEquals([first?.service, first?.proxies], ["lmtp", good]);
  for (const bad of ["localhost", "192.0.2.0/33", "192.0.2/24", "::/129", ""]) {
    assertStringIncludes(problem(listener([bad])), "listeners[0].proxies[0]: expected a network");
    const xclient = { ...base, listeners: [{ service: "smtp", port: 25, xclient: [bad] }] };
    assertStringIncludes(problem(xclient), "listeners[0].xclient[0]: expected a network");
  }
});

for (const hostname of ["", "Mail.example", "a..b", "-a.b", "a b", "x".repeat(64), "a\r\nb", "mail.example."]) {
  Deno.test(`${JSON.stringify(hostname)} is no host name`, () => {
    assertStringIncludes(problem({ hostname }), "hostname");
  });
}

Deno.test("a reload says what applies at once and what waits for a restart", () => {
  const running: ClusterConfig = validateConfig(base, "a");
  const wanted = validateConfig({
    ...base,
    hostname: "mx.example.org",
    log: { level: "debug" },
    tls: { certFile: "c", keyFile: "k" },
    limits: { smtp: { recipientsMax: 200 } },
    listeners: [{ service: "smtp", port: 2525 }],
    submission: { hideClient: true },
  }, "b");
  const plan = describeReload(running, wanted);
  assertEquals(plan.live, ["tls.certFile", "tls.keyFile"]);
  assertEquals(plan.restart, [
    "hostname",
    "listeners[1]",
    "listeners[2]",
    "listeners[3]",
    "listeners[4]",
    "listeners[5]",
    "listeners[6]",
    "submission.hideClient",
    "limits.smtp.recipientsMax",
    "log.level",
  ]);
  assertEquals(describeReload(running, running), { live: [], restart: [] });
});

async function inTemporaryDirectory(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "stagepost-config-"));
  try {
    await run(dir);
  } finally {
    await rm(dir, { recursive: true });
  }
}

Deno.test("a JSON file is read, and --data overrides its directory", () =>
  inTemporaryDirectory(async (dir) => {
    const file = join(dir, "c.json");
    await writeFile(file, JSON.stringify(base));
    assertEquals((await loadConfig({ file })).dataDir, "data");
    assertEquals((await loadConfig({ file, dataDir: "/elsewhere" })).dataDir, "/elsewhere");
    await writeFile(file, "{ nonsense");
    assertStringIncludes(
      (await assertRejects(() => loadConfig({ file }), ConfigError)).message,
      `${file}: cannot be read`,
    );
  }));

Deno.test("a TypeScript file is read anew when it has changed", () =>
  inTemporaryDirectory(async (dir) => {
    const file = join(dir, "c.ts");
    const mod = pathToFileURL(join(import.meta.dirname ?? "", "../../src/config/mod.ts")).href;
    const write = (shards: number) =>
      writeFile(
        file,
        `import { defineCluster } from ${
          JSON.stringify(mod)
        };\nexport default defineCluster({ hostname: "a.test", shards: ${shards} });\n`,
      );
    await write(4);
    assertEquals((await loadConfig({ file })).shards, 4);
    await write(32);
    assertEquals((await loadConfig({ file })).shards, 32);
    await writeFile(file, "export const x = 1;\n");
    assertStringIncludes((await assertRejects(() => loadConfig({ file }), ConfigError)).message, "no default export");
    const absent = await assertRejects(() => loadConfig({ file: join(dir, "absent.ts") }), ConfigError);
    assert(absent.message.includes("absent.ts"));
  }));

Deno.test("rates, bans and greylisting have generous defaults, and 0 switches a limit off", () => {
  const { limits, greylisting } = validateConfig(base, "a");
  assertEquals([limits.rates.connectionsPerMinute, limits.login.bansAfter], [300, 30]);
  assertEquals(limits.exempt, ["127.0.0.0/8", "::1"]);
  assertStringIncludes(
    problem({ ...base, limits: { exempt: ["10.0.0.0/33"] } }),
    "limits.exempt[0]: expected a network",
  );
  assertEquals(greylisting.enabled, false);
  const rates = Object.fromEntries(Object.keys(limits.rates).map((name) => [name, 0]));
  const off = { rates, login: { bansAfter: 0 }, overload: { lagMsMax: 0 } };
  assertEquals(validateConfig({ ...base, limits: off }, "a").limits.rates, rates as unknown as typeof limits.rates);
  for (const name of Object.keys(rates)) {
    const text = problem({ ...base, limits: { rates: { [name]: -1 } } });
    assertStringIncludes(text, `limits.rates.${name}: `);
  }
  const late = { delayMs: 60_000, retryMsMax: 60_000 };
  assertStringIncludes(problem({ ...base, greylisting: late }), "greylisting.delayMs: ");
  assertEquals(validateConfig({ ...base, greylisting: { ...late, delayMs: 59_999 } }, "a").greylisting.delayMs, 59_999);
});

Deno.test("scanners are off unless they are named, and then have usual places, limits and ways to fail", () => {
  const { scanners, junk } = validateConfig(base, "a");
  assertEquals(scanners, { rspamd: null, clamav: null, exempt: [], scansMax: 10 });
  assertEquals(junk, { file: true, headers: ["X-Spam-Flag: YES"] });
  const named = validateConfig({ ...base, scanners: { rspamd: {}, clamav: { socket: "/run/clamav/clamd.ctl" } } }, "a");
  const place = {
    host: "127.0.0.1",
    socket: null,
    bytesMax: 26_214_400,
    onLarge: "accept",
    timeMsMax: 20_000,
  } as const;
  assertEquals(named.scanners.rspamd, {
    ...place,
    port: 11_333,
    scan: "incoming",
    onFailure: "accept",
    password: null,
    rejectScore: null,
    junkScore: null,
  });
  assertEquals(named.scanners.clamav, {
    ...place,
    port: 3_310,
    socket: "/run/clamav/clamd.ctl",
    scan: "both",
    onFailure: "defer",
    onVirus: "refuse",
  });
  assertEquals(validateConfig(named, "b"), named);
});

Deno.test("what no scanner or rule can be is refused with its path", () => {
  const scanner = (rspamd: object) => problem({ ...base, scanners: { rspamd } });
  assertStringIncludes(scanner({ socket: "clamd.ctl" }), "scanners.rspamd.socket: expected an absolute path");
  assertStringIncludes(scanner({ socket: `/${"x".repeat(107)}` }), "scanners.rspamd.socket: ");
  assertStringIncludes(scanner({ password: "s3cret" }), "scanners.rspamd.password: expected file:PATH or env:NAME");
  assertStringIncludes(scanner({ onFailure: "drop" }), "scanners.rspamd.onFailure: ");
  assertStringIncludes(scanner({ onVirus: "junk" }), "scanners.rspamd.onVirus: unknown key");
  assertStringIncludes(scanner({ timeMsMax: 99 }), "scanners.rspamd.timeMsMax: ");
  for (const rule of ["X-Spam", "X-Spam: *", "X Spam: yes", "X-Spam: ", `X: ${"y".repeat(200)}`]) {
    assertStringIncludes(problem({ ...base, junk: { headers: [rule] } }), "junk.headers[0]: expected Name: value");
  }
  for (const rule of ["X-Spam: yes", "X-Spam:y*", `X: ${"y".repeat(199)}`]) {
    assert(parseHeaderRule(validateConfig({ ...base, junk: { headers: [rule] } }, "a").junk.headers[0]!) !== null);
  }
});
