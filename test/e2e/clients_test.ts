/** The programs that people send and fetch mail with, plain and over TLS, against the real server. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { seededRandom } from "../../src/base/mod.ts";
import { assertKept, keptMessage, makeLetter } from "../support/letters.ts";
import { curlFetch, curlSend, fetchmail, mpop, python, swaks } from "../support/mail_clients.ts";
import { readMaildrop } from "../support/pop3_client.ts";
import { testWith } from "../support/programs.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";

const LOGIN = { user: "billy@bob.test", password: "saddle-up" };
const FROM = "john@smith.test";

function clientServer(): Promise<TestServer> {
  return startServer({
    domains: ["bob.test"],
    accounts: [{ address: LOGIN.user, password: LOGIN.password }, {
      address: "grün@bob.test",
      password: LOGIN.password,
    }],
  });
}

function letters(count: number, options: { eightBit?: boolean } = {}): Uint8Array[] {
  const random = seededRandom(count);
  return Array.from(
    { length: count },
    (_, i) => makeLetter(random, { id: `c${i}`, bodyBytes: 200 + i * 5_000, ...options }),
  );
}

async function post(server: TestServer, contents: readonly Uint8Array[]): Promise<void> {
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  for (const content of contents) {
    const reply = await client.send({ from: FROM, to: [LOGIN.user], content, parameters: "BODY=8BITMIME" });
    assertEquals(reply.code, 250, reply.text);
  }
  await client.quit();
}

async function assertMaildrop(server: TestServer, sent: readonly Uint8Array[]): Promise<void> {
  const found = await readMaildrop({ port: server.ports.pop3 }, LOGIN);
  assertEquals(found.length, sent.length);
  for (const [i, content] of sent.entries()) assertKept(found[i]!, content);
}

for (const [hows, perlModules] of [[["plain"], []], [["starttls", "implicit"], ["Net::SSLeay"]]] as const) {
  testWith({ programs: ["swaks"], perlModules }, `swaks sends mail: ${hows.join(", ")}`, async () => {
    await using server = await clientServer();
    const sent = letters(hows.length);
    for (const [i, how] of hows.entries()) {
      const printed = await swaks(server, how, { from: FROM, to: LOGIN.user, content: sent[i]! });
      assertMatch(printed, /<[-~]* +250 2\.0\.0 /);
    }
    await assertMaildrop(server, sent);
    const kept = await readMaildrop({ port: server.ports.pop3 }, LOGIN);
    for (const [i, how] of hows.entries()) {
      assertMatch(keptMessage(kept[i]!).trace, how === "plain" ? /with ESMTP\b/ : /with ESMTPS\b/);
    }
    await server.stop();
  });
}

testWith(
  { programs: ["curl"] },
  "curl sends and fetches mail plain, with STARTTLS or STLS, and with implicit TLS",
  async () => {
    await using server = await clientServer();
    const sent = letters(3, { eightBit: true });
    for (const [i, how] of (["plain", "starttls", "implicit"] as const).entries()) {
      await curlSend(server, how, { from: FROM, to: LOGIN.user, content: sent[i]! });
    }
    await assertMaildrop(server, sent);
    for (const how of ["plain", "stls", "implicit"] as const) {
      const list = new TextDecoder().decode(await curlFetch(server, how, { login: LOGIN, number: null }));
      assertEquals(list.trim().split("\r\n").length, 3);
      for (const [i, content] of sent.entries()) {
        assertKept(await curlFetch(server, how, { login: LOGIN, number: i + 1 }), content);
      }
    }
    await server.stop();
  },
);

for (const [program, fetch] of [["fetchmail", fetchmail], ["mpop", mpop]] as const) {
  testWith(
    { programs: [program] },
    `${program} fetches mail plain, with STLS and with TLS; keeping it, then not`,
    async () => {
      await using server = await clientServer();
      const sent = letters(4);
      await post(server, sent);
      for (const how of ["plain", "stls", "implicit"] as const) {
        const found = await fetch(server, how, { login: LOGIN, keep: true });
        assertEquals(found.length, sent.length, how);
        for (const [i, content] of sent.entries()) assertKept(found[i]!, content);
      }
      const last = await fetch(server, "implicit", { login: LOGIN, keep: false });
      assertEquals(last.length, sent.length);
      await assertMaildrop(server, []);
      await server.stop();
    },
  );
}

interface PythonSent {
  readonly features: Readonly<Record<string, string>>;
  readonly refused: readonly string[];
}

testWith(
  { programs: ["python3"] },
  "Python's smtplib sends plain, 8-bit and SMTPUTF8 mail, with STARTTLS and implicit TLS",
  async () => {
    await using server = await clientServer();
    const sent = [...letters(1), ...letters(2, { eightBit: true })];
    const files: string[] = [];
    for (const [i, content] of sent.entries()) {
      files.push(`${server.dir}/${i}.eml`);
      await Deno.writeFile(files[i]!, content);
    }
    const base = { from: FROM, to: [LOGIN.user] };
    const answers = await python<PythonSent[]>("send", {
      ...server.ports,
      letters: [
        { ...base, how: "plain", file: files[0], options: [] },
        { ...base, how: "starttls", file: files[1], options: ["BODY=8BITMIME"] },
        {
          ...base,
          how: "implicit",
          file: files[2],
          options: ["BODY=8BITMIME", "SMTPUTF8"],
          to: [LOGIN.user, "grün@bob.test"],
        },
      ],
    });
    for (const { features, refused } of answers) {
      assertEquals(refused, []);
      for (const name of ["pipelining", "size", "8bitmime", "enhancedstatuscodes", "smtputf8"]) {
        assert(
          name in features,
          name,
        );
      }
    }
    assertEquals(answers.map(({ features }) => "starttls" in features), [true, false, false]);
    await assertMaildrop(server, sent);
    const green = await readMaildrop({ port: server.ports.pop3 }, { user: "grün@bob.test", password: LOGIN.password });
    assertKept(green[0]!, sent[2]!);
    assertMatch(keptMessage(green[0]!).trace, /with UTF8SMTPS\b/);
    await server.stop();
  },
);

interface PythonFetched {
  readonly capa: Readonly<Record<string, readonly string[]>>;
  readonly stat: readonly number[];
  readonly list: readonly string[];
  readonly uidl: readonly string[];
  readonly top: string;
}

testWith(
  { programs: ["python3"] },
  "Python's poplib reads, lists, marks and deletes, plain, with STLS and with TLS",
  async () => {
    await using server = await clientServer();
    const sent = letters(4, { eightBit: true });
    await post(server, sent);
    const fetch = async (how: string, extra: Record<string, unknown> = {}) => {
      const dir = await Deno.makeTempDir({ dir: server.dir });
      const plan = { ...server.ports, ...LOGIN, how, dir, delete: [], rset: false, utf8: false, ...extra };
      const answer = await python<PythonFetched>("fetch", plan);
      const messages: Uint8Array[] = [];
      for (let i = 1; i <= answer.stat[0]!; i++) messages.push(await Deno.readFile(`${dir}/${i}.eml`));
      return { answer, messages };
    };
    const rounds = [
      await fetch("plain"),
      await fetch("stls", { utf8: true }),
      await fetch("implicit", { delete: [1], rset: true }),
    ];
    for (const { answer, messages } of rounds) {
      assertEquals(messages.length, sent.length);
      for (const [i, content] of sent.entries()) assertKept(messages[i]!, content);
      assertEquals(answer.list, messages.map((message, i) => `${i + 1} ${message.length}`));
      assertEquals(answer.stat[1], messages.reduce((sum, message) => sum + message.length, 0));
      assertEquals(answer.uidl, rounds[0]!.answer.uidl);
      assertStringIncludes(answer.top, "\r\n\r\n.");
      for (const name of ["TOP", "UIDL", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE", "SASL", "UTF8", "LANG"]) {
        assert(name in answer.capa, `CAPA has ${name}`);
      }
    }
    await fetch("stls", { delete: [1, 3] });
    await assertMaildrop(server, [sent[1]!, sent[3]!]);
    await server.stop();
  },
);
