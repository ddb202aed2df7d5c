/** ATTACKS L1 and L2 in a real run: what strangers send cannot forge or colour a log line, and no password is in it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { Pop3Client } from "../support/pop3_client.ts";
import { testWith } from "../support/programs.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";

const USER = "john@smith.test";
const SECRET = "s3cret-of-john";
/** Typed where it does not belong, guessed, or set anew: none of them may be written down. */
const SECRETS = [
  SECRET,
  "typed-into-the-user-field",
  "guess-that-was-wrong",
  "fresh-s3cret",
  "half@secret-like-an-address",
];

/** Each character that ends a line, moves a cursor, colours a terminal or turns the direction of writing. */
const HOSTILE = [
  "\r",
  "\n",
  "\r\n",
  "\0",
  "\x1b[2J\x1b[31m",
  "\x07",
  "\x7f",
  "\u0085",
  "\u009b31m",
  "\u2028",
  "\u202e",
  "\u2066",
  "\u200b",
  "\ufeff",
  '","level":"error","event":"forged',
  "%s%n%x",
  "\ud83d\ude00".repeat(400),
];

/** Which characters of a raw log would not be plain text on a terminal. Written by number, as the house rules ask. */
const UNPRINTABLE = new RegExp(
  `[${["\\u0000-\\u0009", "\\u000b-\\u001f", "\\u007f-\\u009f", "\\u200b-\\u200f", "\\u2028-\\u202e"].join("")}` +
    `${["\\u2060-\\u2069", "\\ufeff"].join("")}]`,
);

/** A server whose standard error is kept as it came, beside what the test sees of it. */
async function loggedServer(rawLog: string): Promise<TestServer> {
  return await startServer({
    wrapper: ["bash", "-c", 'exec "$@" 2> >(tee "$0" >&2)', rawLog],
    config: { log: { level: "debug" } },
    workers: { listener: 1, mailbox: 1 },
    domains: ["smith.test"],
    accounts: [{ address: USER, password: SECRET }],
  });
}

async function attackSmtp(server: TestServer, hostile: string): Promise<void> {
  await using client = await SmtpClient.connect({ port: server.ports.smtp });
  const lines = [
    `EHLO evil${hostile}.test`,
    "EHLO client.test",
    `MAIL FROM:<a${hostile}b@x.test> SMTPUTF8`,
    `MAIL FROM:<"a${hostile}b"@x.test> SMTPUTF8`,
    "MAIL FROM:<>",
    `RCPT TO:<a${hostile}b@smith.test>`,
    `RCPT TO:<${USER}>`,
    `X${hostile}Y`,
    "DATA",
    `Subject: a${hostile}b\r\n\r\nbody\r\n.`,
    "QUIT",
  ];
  await client.wire.write(Buffer.from(`${lines.join("\r\n")}\r\n`, "utf8"));
  await client.wire.readToEnd();
}

async function attackPop3(server: TestServer, hostile: string): Promise<void> {
  await using client = await Pop3Client.connect({ port: server.ports.pop3 });
  const plain = Buffer.from(`\0a${hostile}b@smith.test\0${SECRETS[2]}`, "utf8").toString("base64");
  await client.wire.write(
    Buffer.from(`USER a${hostile}b@smith.test\r\nPASS ${SECRETS[2]}\r\nAUTH PLAIN ${plain}\r\nQUIT\r\n`, "utf8"),
  );
  await client.wire.readToEnd();
}

/** An operator pastes what a stranger wrote: it reaches the audit log by another way than the network. */
async function auditHostile(server: TestServer, hostile: string): Promise<void> {
  const reason = `see a${hostile}b`.slice(0, 200);
  await server.rpc("account.quota", { address: USER, quotaBytes: 0, reason }).catch(() => {});
  await server.rpc("account.rm", { address: `a${hostile}b@smith.test`, reason }).catch(() => {});
}

async function logIn(server: TestServer, user: string, password: string): Promise<string> {
  await using client = await Pop3Client.connect({ port: server.ports.pop3 });
  await client.command(`USER ${user}`);
  return await client.command(`PASS ${password}`);
}

/** Right and wrong logins of every kind, a password in the place of a name, and passwords over the control socket. */
async function handleSecrets(server: TestServer): Promise<void> {
  const [secret, typed, guess, fresh] = SECRETS as [string, string, string, string];
  await Promise.all([
    logIn(server, USER, guess),
    logIn(server, typed, guess),
    logIn(server, USER, secret),
  ]);
  const client = await Pop3Client.connect({ port: server.ports.pop3 });
  const token = Buffer.from(`\0${USER}\0${secret}`).toString("base64");
  assertMatch(await client.command(`AUTH PLAIN ${token}`), /^(\+OK|-ERR \[IN-USE\])/);
  await client.wire.destroy();
  await server.rpc("account.passwd", { address: USER, password: fresh });
  await server.rpc("account.add", { address: "no such form", password: fresh }).catch(() => {});
  await server.rpc("account.add", { address: USER, password: fresh }).catch(() => {});
  assertMatch(await logIn(server, USER, fresh), /^\+OK/);
}

testWith(
  { programs: ["bash", "tee"] },
  "the log of a run under attack is JSON by the line, plain on a terminal, and holds no password",
  async () => {
    const rawLog = await Deno.makeTempFile({ prefix: "stagepost-log-" });
    try {
      await using server = await loggedServer(rawLog);
      await Promise.all(
        HOSTILE.flatMap((
          hostile,
        ) => [attackSmtp(server, hostile), attackPop3(server, hostile), auditHostile(server, hostile)]),
      );
      await handleSecrets(server);
      await server.stop();
      const raw = await Deno.readTextFile(rawLog);
      const lines = raw.trimEnd().split("\n");
      assert(lines.length > 20, raw);
      assert(/\\u202e/.test(raw) && /\\u009b/.test(raw), "hostile text did reach the log, escaped");
      for (const line of lines) {
        assertEquals(UNPRINTABLE.exec(line)?.index ?? null, null, JSON.stringify(line));
        const parsed = JSON.parse(line);
        assertMatch(parsed.level, /^(debug|info|warn|error)$/);
        assert(parsed.event !== "forged" && line.length < 8_000, line);
      }
      assertEquals(lines.filter((line) => /"level":"error"/.test(line)), [], "strangers cause no errors of ours");
      for (const secret of SECRETS) {
        const encoded = [
          secret,
          Buffer.from(secret).toString("base64").slice(0, 12),
          Buffer.from(`\0${secret}`).toString("base64").slice(2, 14),
        ];
        for (const text of encoded) {
          assert(!raw.includes(text), `${text} is in the log: ${lines.find((line) => line.includes(text))}`);
        }
      }
    } finally {
      await Deno.remove(rawLog);
    }
  },
);

Deno.test("the data directory holds argon2id hashes and no password, and only its owner may enter it", async () => {
  await using server = await startServer({
    workers: { listener: 1, mailbox: 1 },
    domains: ["smith.test"],
    accounts: [{ address: USER, password: SECRET }],
  });
  assertMatch(await logIn(server, USER, SECRET), /^\+OK/);
  await server.stop();
  assertEquals(Deno.statSync(server.dataDir).mode! & 0o777, 0o700);
  let hashes = 0;
  const walk = async (dir: string): Promise<void> => {
    for await (const { name, isDirectory, isFile } of Deno.readDir(dir)) {
      const path = `${dir}/${name}`;
      if (isDirectory) await walk(path);
      if (!isFile) continue;
      const text = Buffer.from(await Deno.readFile(path)).toString("latin1");
      assert(!text.includes(SECRET), `${path} holds a password`);
      if (/\$argon2id\$v=19\$m=19456,t=2,p=1\$/.test(text)) hashes++;
    }
  };
  await walk(server.dataDir);
  assert(hashes > 0);
});
