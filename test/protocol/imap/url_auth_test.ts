/** URLAUTH (RFC 4467): URLs by which others may read messages. */
import { assert, assertEquals, assertLessOrEqual, assertMatch } from "@std/assert";
import { Failure } from "../../../src/base/failure.ts";
import { parseRights } from "../../../src/mail/rights.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { loggedIn, replayUser, say } from "./support.ts";

const LETTER = [
  "Subject: parts\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
  "--b\r\nContent-Type: text/plain\r\n\r\nSi vis pacem, para bellum.\r\n--b--\r\n",
].join("");
const BASE = "imap://anna%40a.example@mail.example/INBOX/;UID=1";
const PART = `${BASE}/;SECTION=1`;

function user(limits = {}) {
  const mailboxes = new FakeMailboxes();
  mailboxes.deliver("INBOX", LETTER);
  return { mailboxes, client: loggedIn(mailboxes, { limits }) };
}

type Client = ReturnType<typeof loggedIn>;

/** The URL with its token. */
function authorized(client: Client, url: string): string {
  const [line] = say(client, `g GENURLAUTH "${url}" INTERNAL`);
  const match = /^\* GENURLAUTH "(.*)"$/.exec(line!);
  assert(match !== null, line);
  return match[1]!;
}

/** What URLFETCH tells of a URL behind its name. */
function fetched(client: Client, url: string): string {
  const lines = say(client, `f URLFETCH "${url}"`);
  assertEquals(lines.at(-1), "f OK Done");
  const text = lines.slice(0, -1).join("\r\n");
  const name = [url, `"${url}"`].find((name) => text.startsWith(`* URLFETCH ${name} `));
  assert(name !== undefined, text);
  return text.slice(`* URLFETCH ${name} `.length);
}

Deno.test("a URL is authorized, fetched, and worth nothing once the key is another", () =>
  replayUser(
    `
    C: 1 GENURLAUTH "${PART};URLAUTH=anonymous" INTERNAL "${BASE};urlauth=user+anna%40a.example" internal
    S: * GENURLAUTH "${PART};URLAUTH=anonymous:internal:${
      tokenOf(`${PART};URLAUTH=anonymous`)
    }" "${BASE};urlauth=user+anna%40a.example:internal:${tokenOf(`${BASE};urlauth=user+anna%40a.example`)}"
    S: 1 OK Done
    C: 2 URLFETCH "${PART};URLAUTH=anonymous:internal:${tokenOf(`${PART};URLAUTH=anonymous`)}" nonsense
    S: * URLFETCH "${PART};URLAUTH=anonymous:internal:${tokenOf(`${PART};URLAUTH=anonymous`)}" {26}
    S: Si vis pacem, para bellum.
    S: * URLFETCH nonsense NIL
    S: 2 OK Done
    C: 3 RESETKEY INBOX
    S: 3 OK [URLMECH INTERNAL] Key changed
    C: 4 URLFETCH "${PART};URLAUTH=anonymous:internal:${tokenOf(`${PART};URLAUTH=anonymous`)}"
    S: * URLFETCH "${PART};URLAUTH=anonymous:internal:${tokenOf(`${PART};URLAUTH=anonymous`)}" NIL
    S: 4 OK Done
    C: 5 RESETKEY
    S: 5 OK All keys removed
    C: 6 RESETKEY INBOX INTERNAL XSAMPLE
    S: 6 NO [CANNOT] Only INTERNAL is known
    C: 7 RESETKEY nowhere
    S: 7 NO [NONEXISTENT] No such mailbox
    X: BADURL
    X: [NOPERM]`,
    (mailboxes) => mailboxes.deliver("INBOX", LETTER),
  ));

/** The fake's, by its first key. */
function tokenOf(rump: string): string {
  return /internal:([0-9a-f]+)$/.exec(authorized(user().client, rump))![1]!;
}

Deno.test("only URLs of one's own messages, with an access identifier and without a token, are authorized", () => {
  const { client, mailboxes } = user({ errorsMax: 1_000 });
  mailboxes.make("Secret");
  mailboxes.rights.set("Secret", parseRights("l")!);
  const of = (url: string, mechanism = "INTERNAL") => say(client, `1 GENURLAUTH "${url}" ${mechanism}`)[0]!;
  const full = authorized(client, `${PART};URLAUTH=anonymous`);
  const cases: readonly [url: string, says: string][] = [
    [PART, "1 BAD The URL says not who may use it"],
    ["imap://mail.example/INBOX/;UID=1;URLAUTH=anonymous", "1 BAD The URL names no user"],
    ["/INBOX/;UID=1;URLAUTH=anonymous", "1 BAD The URL names no user"],
    ["imap://bert%40a.example@h/INBOX/;UID=1;URLAUTH=anonymous", "1 BAD The URL is not of your mailboxes"],
    [full, "1 BAD The URL has a token already"],
    ["imap://anna%40a.example@h/nowhere/;UID=1;URLAUTH=anonymous", "1 BAD The URL names no mailbox"],
    ["imap://anna%40a.example@h/INBOX;UIDVALIDITY=5/;UID=1;URLAUTH=anonymous", "1 BAD The URL names no mailbox"],
    ["imap://anna%40a.example@h/INBOX", "1 BAD Not the URL of a message"],
    ["imap://anna%40a.example@h/", "1 BAD Not the URL of a message"],
    [`${BASE};URLAUTH=stream`, "1 BAD Not the URL of a message"],
    ["imap://anna%40a.example@h/Secret/;UID=1;URLAUTH=anonymous", "1 NO [NOPERM] Not allowed"],
  ];
  for (const [url, says] of cases) assertEquals(of(url), says, url);
  assertEquals(of(`${BASE};URLAUTH=anonymous`, "XSAMPLE"), "1 NO [CANNOT] Only INTERNAL is known");
  // Neither the host nor whether there is such a message is looked at; users are the same in any case of letters.
  for (
    const url of [
      "imap://anna%40a.example@other.example:143/INBOX/;UID=9",
      "imap://ANNA%40a.example;AUTH=*@h/INBOX/;UID=1",
    ]
  ) {
    assertMatch(of(`${url};URLAUTH=authuser`), /^\* GENURLAUTH "/);
  }
});

Deno.test("who may use a URL: the user it is for, or anybody; nobody by what is for submission servers", () => {
  const { client, mailboxes } = user();
  const bert = loggedIn(mailboxes, { user: "bert@a.example" });
  const of = (access: string) => {
    const url = authorized(client, `${BASE};URLAUTH=${access}`);
    return [client, bert].map((session) => fetched(session, url) !== "NIL");
  };
  assertEquals(of("anonymous"), [true, true]);
  assertEquals(of("authuser"), [true, true]);
  assertEquals(of("user+anna%40a.example"), [true, false]);
  assertEquals(of("user+BERT%40A.example"), [false, true]);
  assertEquals(of("submit+bert%40a.example"), [false, false]);
});

Deno.test("whatever is wrong with a URL, URLFETCH says NIL and no more", () => {
  const { client, mailboxes } = user();
  mailboxes.make("Other");
  const full = authorized(client, `${BASE};URLAUTH=anonymous`);
  const validity = authorized(client, `imap://anna%40a.example@h/INBOX;UIDVALIDITY=1001/;UID=1;URLAUTH=anonymous`);
  assert(fetched(client, full) !== "NIL" && fetched(client, validity) !== "NIL");
  const token = full.split(":").at(-1)!;
  const gone = authorized(client, "imap://anna%40a.example@mail.example/INBOX/;UID=7;URLAUTH=anonymous");
  const wrong = [
    ...["", "a b", BASE, `${BASE};URLAUTH=anonymous`, "/INBOX/;UID=1", "imap://anna%40a.example@h/INBOX", "imap://h/"],
    ...[full.slice(0, -1), full.slice(0, -1) + (full.endsWith("0") ? "1" : "0"), full.replace("UID=1", "UID=2"), gone],
    ...[full.replace("INBOX", "inbox"), full.replace("internal", "XSAMPLE"), full.replace("anna", "bert")],
    ...[full.replace("imap://", "IMAP://"), full.replace("INBOX", "Other"), full.replace("INBOX", "nowhere")],
    ...[full.replace("anonymous", "authuser"), `${full}0`, `/INBOX/;UID=1;URLAUTH=anonymous:INTERNAL:${token}`],
    validity.replace("1001", "1000"),
  ];
  for (const url of wrong) assertEquals(fetched(client, url), "NIL", url);
});

Deno.test("a URL ends when it says, and not before", () => {
  const { client } = user();
  const until = (time: string) => fetched(client, authorized(client, `${PART};EXPIRE=${time};URLAUTH=anonymous`));
  assertEquals(until("2026-02-01T00:00:00Z").slice(0, 4), "{26}");
  assertEquals(until("2026-02-01T01:00:00+01:00").slice(0, 4), "{26}");
  assertEquals(until("2026-01-31T23:59:59Z"), "NIL");
});

Deno.test("parts are told as FETCH tells them: a range in pieces, fields, nothing, and what is not there as empty", () => {
  const { client } = user({ headBytes: 4, readBytesMax: 16, outputBytesMax: 32 });
  const of = (part: string) => fetched(client, authorized(client, `${BASE}${part};URLAUTH=anonymous`));
  assertEquals(of(""), `{${LETTER.length}}\r\n${LETTER}`);
  assertEquals(of("/;SECTION=1/;PARTIAL=3.3"), "{3}\r\nvis");
  assertEquals(of("/;SECTION=HEADER.FIELDS%20(Subject)"), "{18}\r\nSubject: parts\r\n\r\n");
  assertEquals(of("/;SECTION=1/;PARTIAL=99.3"), "{0}\r\n");
  assertEquals(of("/;SECTION=5"), '""');
});

Deno.test("a message that cannot be read is NO, and one that is gone amid its bytes ends the session", () => {
  const { client, mailboxes } = user({ headBytes: 4, readBytesMax: 16 });
  const url = authorized(client, `${BASE};URLAUTH=anonymous`);
  mailboxes.failures.set("mailbox.readAuthorized", new Failure("disk", "broken"));
  assertMatch(say(client, `1 URLFETCH "${url}"`).join("\n"), /^1 NO \[UNAVAILABLE\] /);
  mailboxes.failures.clear();
  let steps = 0;
  const answer = mailboxes.answer.bind(mailboxes);
  mailboxes.answer = (name, request) => {
    if (name === "mailbox.readAuthorized" && ++steps === 4) throw new Failure("disk", "broken");
    return answer(name, request);
  };
  const told = say(client, `2 URLFETCH "${url}"`).join("\r\n");
  assert(told.startsWith(`* URLFETCH "${url}" {${LETTER.length}}\r\nSubject: parts`) && !told.includes("2 "), told);
  assertEquals(client.session.phase, "closed");
});

Deno.test("a session hears that its mailbox has another key; without TLS mechanisms are not told", () => {
  const { client } = user();
  assert(say(client, "1 SELECT INBOX").includes("* OK [URLMECH INTERNAL] Mechanisms"));
  const clear = loggedIn(new FakeMailboxes(), { tls: "none", plaintextLogin: true });
  assert(!say(clear, "1 SELECT INBOX").some((line) => line.includes("URLMECH")));
  assertEquals(say(clear, "2 RESETKEY INBOX"), ["2 OK Key changed"]);
  const news = client.mailboxes.answer.bind(client.mailboxes);
  client.mailboxes.answer = (name, request) => {
    const reply = news(name, request);
    return name === "mailbox.news" ? { ...reply as object, keyReset: true } as typeof reply : reply;
  };
  assertEquals(say(client, "2 NOOP"), ["* OK [URLMECH INTERNAL] Mechanisms", "2 OK Done"]);
});

Deno.test("a URL of a megabyte is no command, and a thousand URLs are told one by one", () => {
  const { client } = user();
  assertMatch(say(client, `1 URLFETCH "${"x".repeat(2 ** 20)}"`).at(-1)!, /^1 BAD /);
  assertMatch(say(client, `2 URLFETCH {${2 ** 20}+}`, "x".repeat(2 ** 20)).at(-1)!, /^2 BAD /);
  assertMatch(say(client, `3 GENURLAUTH {60000+}`, `${"x".repeat(60_000)} INTERNAL`).at(-1)!, /^3 BAD Not the URL/);
  assertEquals(say(client, `4 URLFETCH ${Array(1_000).fill("x").join(" ")}`).length, 1_001);
  assertMatch(say(client, `5 URLFETCH ${Array(1_001).fill("x").join(" ")}`)[0]!, /^5 BAD \[LIMIT\]/);
  const odd = say(client, "6 URLFETCH {11+}", "x\r\n* BYE ü");
  assertEquals(odd, ["* URLFETCH {11}", "x", "* BYE ü NIL", "6 OK Done"]);
  assertLessOrEqual(client.heldMax, 140_000);
});

Deno.test("strangers can do nothing of it", () => {
  const { client, mailboxes } = user();
  const full = authorized(client, `${BASE};URLAUTH=anonymous`);
  for (const command of [`URLFETCH "${full}"`, `GENURLAUTH "${BASE};URLAUTH=anonymous" INTERNAL`, "RESETKEY"]) {
    const stranger = loggedIn(mailboxes);
    say(stranger, "1 UNAUTHENTICATE");
    assertEquals(say(stranger, `2 ${command}`), ["2 BAD Not in this state"]);
  }
  assertEquals(fetched(client, full).slice(0, 1), "{");
});
