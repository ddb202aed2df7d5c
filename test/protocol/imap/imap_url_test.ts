import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../../src/base/random.ts";
import { parseMailboxName } from "../../../src/mail/mailbox_name.ts";
import { type MessageUrl, parseImapUrl, type UrlAccess } from "../../../src/protocol/imap/url/imap_url.ts";
import { parseInternetTime } from "../../../src/protocol/imap/url/internet_time.ts";
import { writeImapUrl } from "./support/url_writer.ts";

function message(text: string): MessageUrl {
  const url = parseImapUrl(text);
  assert(url?.type === "message", text);
  return url;
}

const NOTHING = { part: [], text: null, fields: [] };

Deno.test("the URLs of RFC 4469 name messages and their parts, relative to the session", () => {
  assertEquals(message("/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER"), {
    type: "message",
    server: null,
    mailbox: parseMailboxName("Drafts")!,
    uidValidity: 385_759_045,
    uid: 20,
    section: { part: [], text: "HEADER", fields: [] },
    partial: null,
    authorization: null,
  });
  const part = message("/Drafts;UIDVALIDITY=385759045/;UID=20/;Section=2.MIME");
  assertEquals(part.section, { part: [2], text: "MIME", fields: [] });
  assertEquals(message("/INBOX;UIDVALIDITY=785799047/;UID=113330/;section=1.5.9").section?.part, [1, 5, 9]);
  const whole = message("/Drafts/;UID=3002");
  assertEquals([whole.mailbox as string, whole.uidValidity, whole.section], ["Drafts", null, null]);
});

Deno.test("the URLs of RFC 5092 are read: parts, searches, servers and users", () => {
  const council = message("imap://minbari.example.org/gray-council;UIDVALIDITY=385759045/;UID=20/;PARTIAL=0.1024");
  assertEquals(council.server, { user: null, auth: null, host: "minbari.example.org", port: null });
  assertEquals(council.partial, { offset: 0, length: 1_024 });
  const peter = parseImapUrl("imap://psicorp.example.org/~peter/%E6%97%A5%E6%9C%AC%E8%AA%9E/%E5%8F%B0%E5%8C%97");
  assertEquals(peter?.type === "mailbox" ? peter.mailbox as string : null, "~peter/日本語/台北");
  const gssapi = message("imap://;AUTH=GSSAPI@minbari.example.org/gray-council/;uid=20/;section=1.2");
  assertEquals(gssapi.server, { user: null, auth: "GSSAPI", host: "minbari.example.org", port: null });
  const search = parseImapUrl("imap://;AUTH=*@minbari.example.org/gray%20council?SUBJECT%20shadows");
  assertEquals(search?.type === "mailbox" ? [search.mailbox as string, search.search] : null, [
    "gray council",
    "SUBJECT shadows",
  ]);
  assertEquals(parseImapUrl("imap://john;AUTH=*@minbari.example.org:1143"), {
    type: "server",
    server: { user: "john", auth: "*", host: "minbari.example.org", port: 1143 },
  });
  assertEquals(parseImapUrl("IMAP://[::1]:143/")?.server?.host, "[::1]");
  assertEquals(parseImapUrl("//h.example/INBOX")?.server?.host, "h.example");
});

Deno.test("an authorization has its rump as it was sent, with or without a token (RFC 4467 §6)", () => {
  const rump = "imap://joe%40a.example@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fr%65d";
  const token = "91354a473744909de610943775f92038";
  assertEquals(message(`${rump}:internal:${token}`).authorization, {
    expiresMs: null,
    access: { type: "submit", user: "fred" },
    rump,
    verifier: { mechanism: "INTERNAL", token },
  });
  assertEquals(message(rump).authorization?.verifier, null);
  assertEquals(message(rump).server?.user, "joe@a.example");
  const expiring = message("/INBOX/;UID=1;EXPIRE=2026-03-01T12:00:00+01:00;URLAUTH=anonymous").authorization;
  assertEquals(expiring?.expiresMs, Date.UTC(2026, 2, 1, 11));
  assertEquals(message("/INBOX/;UID=1;URLAUTH=AuthUser").authorization?.access, { type: "authuser" });
});

Deno.test("what is no IMAP URL, or names nothing that can be, is refused", () => {
  const bad = [
    ...["", "INBOX", ";UID=20", "INBOX/;UID=20", "..;UIDVALIDITY=3/;UID=20", "/;UID=20", "http://h/INBOX/;UID=1"],
    ...["/INBOX;UID=1", "/INBOX/;UID=0", "/INBOX/;UID=4294967296", "/INBOX/;UID=01", "/INBOX/;UID=", "/INBOX/;UID=x"],
    ...["/INBOX/;UID=1/", "/INBOX/;UID=20/..", "/a/../b/;UID=1", "/a/./;UID=1", "/a//b/;UID=1", "///INBOX/;UID=1"],
    ...["/INBOX;UIDVALIDITY=0/;UID=1", "/INBOX;UIDVALIDITY=1;UIDVALIDITY=1/;UID=1", "/INBOX/;UID=1/;UID=1"],
    ...["/INBOX/;UID=1;SECTION=1", "/INBOX/;UID=1/;SECTION=", "/INBOX/;UID=1/;SECTION=0", "/INBOX/;UID=1/;SECTION=1."],
    ...["/INBOX/;UID=1/;SECTION=MIME", "/INBOX/;UID=1/;SECTION=1%5D", "/INBOX/;UID=1/;SECTION=%5B1", "/INBOX/;X=1"],
    ...["/INBOX/;UID=1/;PARTIAL=0.0", "/INBOX/;UID=1/;PARTIAL=.5", "/INBOX/;UID=1/;PARTIAL=1/;SECTION=1"],
    ...["/%/;UID=1", "/%0/;UID=1", "/%zz/;UID=1", "/%FF/;UID=1", "/a%00b/;UID=1", "/%C0%AF/;UID=1", "/a%0Ab/;UID=1"],
    ...["/a b/;UID=1", "/ü/;UID=1", "/a\r\nb/;UID=1", "/a#b/;UID=1", '/a"b/;UID=1', "/%2E%2E/;UID=1"],
    ...["/INBOX/;UID=1;EXPIRE=2026-03-01T12:00:00Z", "/INBOX/;UID=1;EXPIRE=soon;URLAUTH=anonymous"],
    ...[
      "/INBOX/;UID=1;URLAUTH=",
      "/INBOX/;UID=1;URLAUTH=user",
      "/INBOX/;UID=1;URLAUTH=user+",
      "/INBOX;URLAUTH=anonymous",
    ],
    ...["/INBOX/;UID=1;URLAUTH=stream", "/INBOX/;UID=1;URLAUTH=anonymous:INTERNAL", "/INBOX?ALL;URLAUTH=anonymous"],
    `/INBOX/;UID=1;URLAUTH=anonymous:INTERNAL:${"0".repeat(31)}`,
    `/INBOX/;UID=1;URLAUTH=anonymous:INTERNAL:${"0".repeat(32)}:1`,
    `/INBOX/;UID=1;URLAUTH=anonymous:INTERNAL:${"g".repeat(32)}`,
    ...["imap://", "imap:///INBOX/;UID=1", "imap://@h/", "imap://a;b@h/", "imap://;AUTH=@h/", "imap://h:99999/"],
    ...["imap://h:x/", "imap://[::1/", "imap://h?x", "imap://a:b@h/INBOX"],
  ];
  for (const text of bad) assertEquals(parseImapUrl(text), null, text);
});

Deno.test("a URL is read up to its limit, and a megabyte of one costs nothing", () => {
  const of = (length: number) => {
    const head = "/INBOX/;UID=1/;SECTION=HEADER.FIELDS%20(";
    const names = "X%20".repeat(100);
    return `${head}${names}${"A".repeat(length - head.length - names.length - 1)})`;
  };
  assertEquals(parseImapUrl(of(8_192))?.type, "message");
  assertEquals(parseImapUrl(of(8_193)), null);
  for (const text of [`/${"a".repeat(2 ** 20)}`, `/${";".repeat(2 ** 20)}`, "%2".repeat(2 ** 19)]) {
    const began = performance.now();
    assertEquals(parseImapUrl(text), null);
    assert(performance.now() - began < 100);
  }
});

Deno.test("RFC 3339 times are moments of every zone, and no others are", () => {
  assertEquals(parseInternetTime("1996-12-19T16:39:57-08:00"), Date.UTC(1996, 11, 20, 0, 39, 57));
  assertEquals(parseInternetTime("1985-04-12t23:20:50.52z"), Date.UTC(1985, 3, 12, 23, 20, 50));
  assertEquals(parseInternetTime("1990-12-31T23:59:60Z"), Date.UTC(1990, 11, 31, 23, 59, 59));
  const bad = ["", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00"];
  for (const text of [...bad, "2026-01-01 00:00:00Z", "2026-01-01T00:00:00+2400", "2026-01-01T00:00:61Z"]) {
    assertEquals(parseInternetTime(text), null, text);
  }
});

Deno.test("what a client writes is read as it was meant", () => {
  const random = seededRandom(5_092);
  const pick = <T>(...of: readonly T[]): T => of[Math.floor(random.next() * of.length)]!;
  const number = () => 1 + Math.floor(random.next() * 0xffff_fffe);
  const users = ["anna@a.example", "grüße", "a;b", "a:b/c", "50%", "a b"];
  for (let i = 0; i < 2_000; i++) {
    const access = pick<UrlAccess>(
      { type: "anonymous" },
      { type: "authuser" },
      { type: "user", user: pick(...users) },
      { type: "submit", user: pick(...users) },
    );
    const url: MessageUrl = {
      type: "message",
      server: pick(null, { user: pick(null, ...users), auth: pick(null, "*", "PLAIN"), host: "h.example", port: 143 }),
      mailbox: parseMailboxName(pick("INBOX", "a/b", "Grüße/日本語", "50 off?", "a;UID=1", "~&-+=@:", "x#[]y"))!,
      uidValidity: pick(null, number()),
      uid: number(),
      section: pick(null, { ...NOTHING, part: [1, 2] }, { ...NOTHING, text: "TEXT" as const }, {
        ...{ part: [3], text: "HEADER.FIELDS.NOT" as const, fields: ["DATE", "X-A"] },
      }),
      partial: pick(null, { offset: number(), length: number() }, { offset: 0, length: Infinity }),
      authorization: null,
    };
    const authorization = pick(null, { expiresMs: pick(null, number() * 1_000), access, rump: "", verifier: null });
    const text = writeImapUrl({ ...url, authorization });
    const expected = authorization === null ? null : { ...authorization, rump: text };
    assertEquals(parseImapUrl(text), { ...url, authorization: expected }, text);
  }
});

Deno.test("any text is a URL or none, and never a defect", () => {
  const random = seededRandom(1);
  const words = ["imap://", "/", ";", "UID=", "UIDVALIDITY=", "SECTION=", "PARTIAL=", "EXPIRE=", "URLAUTH=", "1", "."];
  const more = [":", "?", "@", "%", "%41", "%ff", "INBOX", "user+", "anonymous", "2026-01-01T00:00:00Z", "[", "]", "ü"];
  let found = 0;
  for (let i = 0; i < 20_000; i++) {
    const count = 1 + Math.floor(random.next() * 12);
    const all = [...words, ...more];
    const text = Array.from({ length: count }, () => all[Math.floor(random.next() * all.length)]).join("");
    if (parseImapUrl(text) !== null) found++;
  }
  assert(found > 50, `${found} were URLs`);
});
