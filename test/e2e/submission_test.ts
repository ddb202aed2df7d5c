/** Submission as users' programs do it: logging in by every mechanism, over TLS and plain, against the real server. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { seededRandom } from "../../src/base/mod.ts";
import { latin1 } from "../support/latin1.ts";
import { keptMessage, makeLetter } from "../support/letters.ts";
import { curlSend, mpop, python, swaks } from "../support/mail_clients.ts";
import { readMaildrop } from "../support/pop3_client.ts";
import { runOk, testWith } from "../support/programs.ts";
import { ScramClient } from "../support/scram_client.ts";
import { prepareServer, startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";

/** The runtimes that the server is tried on, with the programs that they need. */
const RUNTIMES = [["deno"], ["bun", "bun"]] as const;

const JOHN = { user: "john@smith.test", password: "boxing match" };
const BILLY = { user: "billy@bob.test", password: "saddle-up" };
const LETTER = new TextEncoder().encode(
  "Subject: hi\r\nBcc: secret@smith.test\r\nFrom: john@smith.test\r\n\r\nhello\r\n",
);

function submissionServer(
  config: Readonly<Record<string, unknown>> = {},
  runtime: "deno" | "bun" = "deno",
): Promise<TestServer> {
  return startServer({
    runtime,
    domains: ["smith.test", "bob.test"],
    accounts: [JOHN, BILLY].map(({ user, password }) => ({ address: user, password })),
    config,
  });
}

const posting = { from: JOHN.user, to: BILLY.user, content: LETTER };

async function received(server: TestServer): Promise<string[]> {
  return (await readMaildrop({ port: server.ports.pop3 }, BILLY)).map(latin1);
}

function plainOf({ user, password }: { user: string; password: string }): string {
  return Buffer.from(`\0${user}\0${password}`).toString("base64");
}

/** What must be true of a letter that was submitted. */
function assertSubmitted(text: string, protocol: "ESMTPA" | "ESMTPSA"): void {
  const { trace } = keptMessage(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  assertMatch(trace, new RegExp(`with ${protocol}\\b`));
  const head = text.slice(0, text.indexOf("\r\n\r\n"));
  assertMatch(head, /^Message-ID: <[a-z0-9]+@mail\.test>$/m);
  assertMatch(head, /^Date: [A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000$/m);
  assert(!/bcc/i.test(text), text);
  assert(text.endsWith("Subject: hi\r\nFrom: john@smith.test\r\n\r\nhello\r\n"), text);
}

testWith(
  { programs: ["swaks"], perlModules: ["Net::SSLeay"] },
  "swaks submits with PLAIN and LOGIN: plain, STARTTLS, TLS",
  async () => {
    await using server = await submissionServer();
    const hows = ["plain", "starttls", "implicit"] as const;
    for (const how of hows) {
      for (const mechanism of ["PLAIN", "LOGIN"]) {
        const printed = await swaks(server, how, posting, { ...JOHN, mechanism });
        assertMatch(printed, /<[-~]* +235 2\.7\.0 /);
      }
    }
    const found = await received(server);
    assertEquals(found.length, 2 * hows.length);
    for (const [i, text] of found.entries()) assertSubmitted(text, i < 2 ? "ESMTPA" : "ESMTPSA");
    const wrong = { ...JOHN, password: "guess", mechanism: "PLAIN" };
    await assertRejects(() => swaks(server, "implicit", posting, wrong), Error, "535 5.7.8");
    await assertRejects(() => swaks(server, "implicit", posting, { ...JOHN, mechanism: "CRAM-MD5" }));
    await server.stop();
  },
);

testWith({ programs: ["curl", "python3"] }, "curl and Python's smtplib submit with STARTTLS and with TLS", async () => {
  await using server = await submissionServer();
  for (const how of ["starttls", "implicit"] as const) {
    for (const mechanism of ["PLAIN", "LOGIN"]) await curlSend(server, how, posting, { ...JOHN, mechanism });
  }
  const file = `${server.dir}/letter.eml`;
  await Deno.writeFile(file, LETTER);
  const letter = { from: JOHN.user, to: [BILLY.user], file, options: [], login: JOHN };
  const letters = [{ ...letter, how: "starttls" }, { ...letter, how: "implicit" }];
  const answers = await python<{ features: Record<string, string> }[]>("send", { ...server.ports, letters });
  for (const { features } of answers) {
    assertEquals(features["auth"]?.trim(), "SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN");
  }
  const found = await received(server);
  assertEquals(found.length, 6);
  for (const text of found) assertSubmitted(text, "ESMTPSA");
  await server.stop();
});

/** One SCRAM login on an open session; the last reply. */
async function scram(
  client: SmtpClient,
  { mechanism, ...options }: ConstructorParameters<typeof ScramClient>[0] & { mechanism: string },
): Promise<string> {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const said = (text: string) => Buffer.from(text.slice(4), "base64").toString();
  const player = new ScramClient(options);
  const first = await client.expect(`AUTH ${mechanism} ${base64(player.first)}`, 334);
  const final = await client.command(base64(player.final(said(first.text))));
  if (final.code !== 334) return final.text;
  assert(player.verifies(said(final.text)), "the server proves that it knows the account");
  return (await client.command("")).text;
}

for (const [runtime, ...programs] of RUNTIMES) {
  testWith(
    { programs },
    `SCRAM logs in with each hash, and bound to the certificate of the server (${runtime})`,
    async () => {
      await using server = await submissionServer({}, runtime);
      const pem = await Deno.readTextFile(`${server.dataDir}/tls/cert.pem`);
      const der = Buffer.from(pem.split("-----")[2]!, "base64");
      const binding = new Uint8Array(createHash("sha256").update(der).digest());
      const login = { ...JOHN, nonce: "fyko+d2lbbFgONRv9qkxdawL" };
      const cases = [
        [{ ...login, mechanism: "SCRAM-SHA-1", hash: "SHA-1" }, /^235 /],
        [{ ...login, mechanism: "SCRAM-SHA-256", hash: "SHA-256" }, /^235 /],
        [{ ...login, mechanism: "SCRAM-SHA-256-PLUS", hash: "SHA-256", binding }, /^235 /],
        [{ ...login, mechanism: "SCRAM-SHA-256-PLUS", hash: "SHA-256", binding: new Uint8Array(32) }, /^535 5\.7\.8 /],
        [{ ...login, mechanism: "SCRAM-SHA-256", hash: "SHA-256", password: "guess" }, /^535 5\.7\.8 /],
        [{ ...login, mechanism: "SCRAM-SHA-256", hash: "SHA-256", user: "nobody@smith.test" }, /^535 5\.7\.8 /],
      ] as const;
      for (const [attempt, reply] of cases) {
        await using client = await SmtpClient.greeted({ port: server.ports.submissions, tls: true });
        assertMatch(await scram(client, attempt), reply, JSON.stringify(attempt));
        await client.quit();
      }
      await using client = await SmtpClient.greeted({ port: server.ports.submission });
      await client.startTls();
      assertMatch(
        await scram(client, { ...login, mechanism: "SCRAM-SHA-256-PLUS", hash: "SHA-256", binding }),
        /^235 /,
      );
      const mail = { from: JOHN.user, to: [BILLY.user], content: LETTER };
      assertMatch((await client.send(mail)).text, /^250 2\.0\.0 /);
      await client.quit();
      assertSubmitted((await received(server))[0]!, "ESMTPSA");
      await server.stop();
    },
  );
}

testWith({ programs: ["mpop"] }, "mpop fetches mail after SCRAM-SHA-256 and SCRAM-SHA-1", async () => {
  await using server = await submissionServer();
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  const content = makeLetter(seededRandom(1), { id: "m1", bodyBytes: 500 });
  assertEquals((await client.send({ from: JOHN.user, to: [BILLY.user], content })).code, 250);
  await client.quit();
  for (const mechanism of ["scram-sha-256", "scram-sha-1"]) {
    for (const how of ["stls", "implicit"] as const) {
      assertEquals((await mpop(server, how, { login: BILLY, keep: true, mechanism })).length, 1, `${mechanism} ${how}`);
    }
  }
  const wrong = { login: { ...BILLY, password: "guess" }, keep: true, mechanism: "scram-sha-256" };
  await assertRejects(() => mpop(server, "implicit", wrong));
  await server.stop();
});

Deno.test("nothing is taken without a login, and a user sends only as an address of their own", async () => {
  await using server = await submissionServer();
  await server.rpc("alias.add", { address: "sales@smith.test", targets: [JOHN.user] });
  await server.rpc("alias.add", { address: "boss@smith.test", targets: [BILLY.user] });
  await using client = await SmtpClient.greeted({ port: server.ports.submissions, tls: true });
  for (const line of [`MAIL FROM:<${JOHN.user}>`, `RCPT TO:<${BILLY.user}>`, "DATA", "VRFY x"]) {
    assertMatch((await client.expect(line, 530)).text, /^530 5\.7\.0 /);
  }
  await client.expect(`AUTH PLAIN ${plainOf(JOHN)}`, 235);
  await client.expect(`AUTH PLAIN ${plainOf(JOHN)}`, 503);
  for (const sender of [JOHN.user, "JOHN+shop@smith.test", "sales@smith.test", ""]) {
    await client.expect(`MAIL FROM:<${sender}>`, 250);
    await client.expect("RSET", 250);
  }
  for (const sender of [BILLY.user, "boss@smith.test", "nobody@smith.test", "john@elsewhere.test"]) {
    assertMatch((await client.expect(`MAIL FROM:<${sender}>`, 550)).text, /^550 5\.7\.1 /);
  }
  await server.rpc("account.disable", { address: JOHN.user });
  await client.expect(`MAIL FROM:<${JOHN.user}>`, 550);
  await client.quit();
  await using other = await SmtpClient.greeted({ port: server.ports.smtp });
  await other.expect(`AUTH PLAIN ${plainOf(BILLY)}`, 502);
  await other.quit();
  await server.stop();
});

Deno.test("guessing is told nothing and ends soon, and the right user still gets in", async () => {
  await using server = await submissionServer({ limits: { smtp: { loginFailuresMax: 2 } } });
  const refusals = new Set<string>();
  for (const user of [JOHN.user, "nobody@smith.test", "nobody"]) {
    await using client = await SmtpClient.greeted({ port: server.ports.submissions, tls: true });
    refusals.add((await client.expect(`AUTH PLAIN ${plainOf({ user, password: "guess" })}`, 535)).text);
    await client.quit();
  }
  assertEquals(refusals.size, 1);
  await using guesser = await SmtpClient.greeted({ port: server.ports.submissions, tls: true });
  const guess = `AUTH PLAIN ${plainOf({ ...JOHN, password: "guess" })}\r\n`;
  await guesser.wire.write(guess.repeat(10));
  const answers = (await guesser.wire.readToEnd()).split("\r\n").map((line) => line.slice(0, 9));
  assertEquals(answers, ["535 5.7.8", "421 4.7.0", ""]);
  await using client = await SmtpClient.greeted({ port: server.ports.submissions, tls: true });
  await client.expect(`AUTH PLAIN ${plainOf(JOHN)}`, 235);
  await client.quit();
  await server.stop();
});

Deno.test("an app password submits, only where it may, and not once it is removed", async () => {
  await using server = await submissionServer();
  const make = { address: JOHN.user, label: "phone", scopes: ["smtp"] };
  const { password, id } = await server.rpc<{ password: string; id: string }>("appPassword.add", make);
  await using first = await SmtpClient.greeted({ port: server.ports.submissions, tls: true });
  await first.expect(`AUTH PLAIN ${plainOf({ ...JOHN, password })}`, 235);
  await first.quit();
  await assertRejects(() => readMaildrop({ port: server.ports.pop3 }, { ...JOHN, password }));
  await server.rpc("appPassword.rm", { address: JOHN.user, id });
  await using second = await SmtpClient.greeted({ port: server.ports.submissions, tls: true });
  await second.expect(`AUTH PLAIN ${plainOf({ ...JOHN, password })}`, 535);
  await second.quit();
  await server.stop();
  const { log } = server;
  assert(!JSON.stringify(log).includes(password));
});

Deno.test("where it is configured, the trace tells nothing of who submitted from where", async () => {
  await using server = await submissionServer({ submission: { hideClient: true } });
  await using client = await SmtpClient.greeted({ port: server.ports.submissions, tls: true });
  await client.expect(`AUTH PLAIN ${plainOf(JOHN)}`, 235);
  await client.send({ from: JOHN.user, to: [BILLY.user], content: LETTER });
  await client.quit();
  await using other = await SmtpClient.greeted({ port: server.ports.smtp });
  await other.send({ from: JOHN.user, to: [BILLY.user], content: LETTER });
  await other.quit();
  const [submitted, relayed] = await received(server);
  assertSubmitted(submitted!, "ESMTPSA");
  assert(!submitted!.includes("127.0.0.1") && !submitted!.includes("client.test"), submitted);
  assert(relayed!.includes("from client.test ([127.0.0.1])") && relayed!.includes("Bcc:"), relayed);
  await server.stop();
});

for (const [runtime, ...programs] of RUNTIMES) {
  testWith(
    { programs: ["curl", ...programs] },
    `curl submits with a token of a configured issuer, and not with one of another (${runtime})`,
    async () => {
      const pair = await generateKeyPair("ES256", { extractable: true });
      const stranger = await generateKeyPair("ES256", { extractable: true });
      const issuer = "https://id.smith.test";
      const token = (key: CryptoKey) =>
        new SignJWT({ iss: issuer, aud: "mail", email: JOHN.user }).setProtectedHeader({ alg: "ES256", kid: "k1" })
          .setExpirationTime("10m").sign(key);
      const dir = await Deno.makeTempDir();
      try {
        const jwksFile = `${dir}/keys.json`;
        const keys = [{ ...await exportJWK(pair.publicKey), kid: "k1", alg: "ES256" }];
        await Deno.writeTextFile(jwksFile, JSON.stringify({ keys }));
        await using server = await submissionServer(
          { oauth: { issuers: [{ issuer, audience: "mail", jwksFile }] } },
          runtime,
        );
        for (const mechanism of ["OAUTHBEARER", "XOAUTH2"]) {
          const login = { user: JOHN.user, mechanism };
          await curlSend(server, "implicit", posting, { ...login, password: await token(pair.privateKey) });
          const forged = { ...login, password: await token(stranger.privateKey) };
          await assertRejects(() => curlSend(server, "implicit", posting, forged));
        }
        assertEquals((await received(server)).length, 2);
        await server.stop();
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    },
  );
}

/** An authority and a client's certificate for these alternative names, as files in `dir`. */
async function clientCertificate(dir: string, names: string): Promise<void> {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const at = (name: string) => `${dir}/${name}`;
  await Deno.writeTextFile(at("ext"), `subjectAltName=${names}\nextendedKeyUsage=clientAuth\n`);
  await runOk("openssl", ["req", "-x509", ...key, "-subj", "/CN=ca", "-keyout", at("ca.key"), "-out", at("ca.pem")]);
  await runOk("openssl", ["req", ...key, "-subj", "/CN=john", "-keyout", at("john.key"), "-out", at("john.csr")]);
  await runOk("openssl", [
    ...["x509", "-req", "-in", at("john.csr"), "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial"],
    ...["-extfile", at("ext"), "-out", at("john.pem")],
  ]);
}

for (const [runtime, ...programs] of RUNTIMES) {
  testWith(
    { programs: ["curl", "openssl", ...programs] },
    `curl submits with a client certificate by EXTERNAL, others go on without one (${runtime})`,
    async () => {
      const [dir, foreign] = [await Deno.makeTempDir(), await Deno.makeTempDir()];
      try {
        await clientCertificate(dir, `DNS:x.test,email:${JOHN.user}`);
        await clientCertificate(foreign, `email:${JOHN.user}`);
        await using server = await submissionServer({ tls: { clientCaFile: `${dir}/ca.pem` } }, runtime);
        const external = { ...JOHN, password: "", mechanism: "EXTERNAL" };
        for (const how of ["starttls", "implicit"] as const) {
          await curlSend(server, how, posting, { ...external, certificate: `${dir}/john` });
          await assertRejects(() => curlSend(server, how, posting, { ...external, certificate: `${foreign}/john` }));
          await assertRejects(() => curlSend(server, how, posting, external));
          await curlSend(server, how, posting, { ...JOHN, mechanism: "PLAIN" });
          const other = { ...external, user: BILLY.user, certificate: `${dir}/john` };
          await assertRejects(() => curlSend(server, how, { ...posting, from: BILLY.user }, other));
        }
        assertEquals((await received(server)).length, 4);
        await server.stop();
      } finally {
        for (const each of [dir, foreign]) await Deno.remove(each, { recursive: true });
      }
    },
  );
}

Deno.test("a config whose key file cannot be read does not start, and says which", async () => {
  const oauth = {
    issuers: [{ issuer: "https://id.smith.test", audience: "mail", jwksFile: "/nonexistent/keys.json" }],
  };
  await using server = await prepareServer({ config: { oauth } });
  server.launch();
  assertEquals((await server.exit()).code === 0, false);
  assert(JSON.stringify([server.log, server.text]).includes("/nonexistent/keys.json"));
});
