import { assert, assertEquals } from "@std/assert";
import type { SmtpLimits } from "../../../src/protocol/smtp/mod.ts";
import { bytes, drive, smtp, WALL_MS } from "./support/session.ts";

const BAD_VALUE = "501 5.5.4 Bad parameter value";
const UNKNOWN = "555 5.5.4 Parameter not recognized";

const USERS = { plaintextLogin: true, bearer: false };
const LOGIN = "AUTH PLAIN AGEAYg==\r\n";

/** The answer to one MAIL, and the mail that came of it. */
function send(
  mail: string,
  { submission = true, tls = "none" as "none" | "active", limits = {} as Partial<SmtpLimits> } = {},
) {
  const { text, mails } = drive(smtp(limits, { ...(submission ? { submission: USERS } : {}), tls })(), [
    bytes(`EHLO c\r\n${submission ? LOGIN : ""}MAIL FROM:<a@b> ${mail}\r\nRCPT TO:<r@mx.test>\r\nDATA\r\n.\r\n`),
  ], () => ({ type: "accepted", user: "a@b", signature: null }));
  const lines = text.split("\r\n");
  const end = lines.findIndex((line) => /^250 [A-Z]+$/.test(line));
  return { hello: lines.slice(1, end + 1), reply: lines[end + (submission ? 2 : 1)], parameters: mails[0]?.parameters };
}

Deno.test("a user may hold a mail back, hurry it and put it first, a stranger may not", () => {
  const offered = (submission: boolean) =>
    send("", { submission }).hello.filter((line) => /PRIO|DELIVERBY|FUTURE/.test(line));
  assertEquals(offered(true), [
    "250-MT-PRIORITY",
    "250-DELIVERBY 60",
    "250-FUTURERELEASE 2678400 2026-12-27T12:00:00Z",
  ]);
  assertEquals(offered(false), []);
  for (const mail of ["MT-PRIORITY=3", "BY=120;R", "HOLDFOR=60", "HOLDUNTIL=2026-11-27T00:00:00Z"]) {
    assertEquals(send(mail).reply, "250 2.1.0 Sender OK", mail);
    assertEquals(send(mail, { submission: false }).reply, UNKNOWN, mail);
  }
});

Deno.test("a mail is held for a time or until a moment, within the limit (RFC 4865)", () => {
  const limits = { holdSecondsMax: 86_400 };
  const releaseAtMs = (mail: string) => send(mail, { limits }).parameters?.releaseAtMs;
  assertEquals(releaseAtMs("HOLDFOR=86400"), WALL_MS + 86_400_000);
  assertEquals(releaseAtMs("HOLDUNTIL=2026-11-27T12:00:00Z"), WALL_MS + 86_400_000);
  assertEquals(releaseAtMs("HOLDUNTIL=2026-11-27T01:30:00.25-10:30"), WALL_MS + 86_400_000);
  assertEquals(releaseAtMs("holduntil=2026-11-26t13:00:00+01:00"), WALL_MS);
  assertEquals(releaseAtMs("HOLDUNTIL=1999-12-31T23:59:60Z"), Date.UTC(2000, 0, 1));
  assertEquals(releaseAtMs("SIZE=1"), null);
  const tooLong = "501 5.5.4 Cannot hold a message for so long";
  const cases: Record<string, string> = {
    "HOLDFOR=86401": tooLong,
    "HOLDUNTIL=2026-11-27T12:00:01Z": tooLong,
    "HOLDFOR=60 HOLDUNTIL=2026-11-27T00:00:00Z": "501 5.5.4 Parameter given twice",
    "HOLDFOR": BAD_VALUE,
    "HOLDFOR=0": BAD_VALUE,
    "HOLDFOR=-1": BAD_VALUE,
    "HOLDFOR=1234567890": BAD_VALUE,
    "HOLDUNTIL=2026-11-27": BAD_VALUE,
    "HOLDUNTIL=2026-11-27T00:00:00": BAD_VALUE,
    "HOLDUNTIL=2026-11-31T00:00:00Z": BAD_VALUE,
    "HOLDUNTIL=2026-13-01T00:00:00Z": BAD_VALUE,
    "HOLDUNTIL=2026-11-27T24:00:00Z": BAD_VALUE,
    "HOLDUNTIL=2026-11-27T00:60:00Z": BAD_VALUE,
    "HOLDUNTIL=2026-11-27T00:00:61Z": BAD_VALUE,
    "HOLDUNTIL=2026-11-27T00:00:00+24:00": BAD_VALUE,
    "HOLDUNTIL=2026-11-27T00:00:00+00:60": BAD_VALUE,
  };
  for (const [mail, reply] of Object.entries(cases)) assertEquals(send(mail, { limits }).reply, reply, mail);
});

Deno.test("where nothing may be held, that is not offered", () => {
  const { hello, reply } = send("HOLDFOR=1", { limits: { holdSecondsMax: 0 } });
  assert(!hello.some((line) => line.includes("FUTURERELEASE")));
  assertEquals(reply, UNKNOWN);
});

Deno.test("a mail has a deadline and says what happens then (RFC 2852)", () => {
  const deliverBy = (mail: string) => send(mail).parameters?.deliverBy;
  assertEquals(deliverBy("BY=120;R"), { atMs: WALL_MS + 120_000, mode: "return", trace: false });
  assertEquals(deliverBy("by=+60;rt"), { atMs: WALL_MS + 60_000, mode: "return", trace: true });
  assertEquals(deliverBy("BY=-5;NT"), { atMs: WALL_MS - 5_000, mode: "notify", trace: true });
  assertEquals(deliverBy("BY=999999999;N"), { atMs: WALL_MS + 999_999_999_000, mode: "notify", trace: false });
  assertEquals(deliverBy("SIZE=1"), null);
  const cases: Record<string, string> = {
    "BY=59;R": "555 5.5.4 Cannot deliver in so short a time",
    "BY=59;N": "250 2.1.0 Sender OK",
    "BY=0;R": BAD_VALUE,
    "BY=-60;R": BAD_VALUE,
    "BY=1234567890;N": BAD_VALUE,
    "BY=60": BAD_VALUE,
    "BY=60;": BAD_VALUE,
    "BY=60;T": BAD_VALUE,
    "BY=;R": BAD_VALUE,
    "BY=60;RR": BAD_VALUE,
    "BY": BAD_VALUE,
  };
  for (const [mail, reply] of Object.entries(cases)) assertEquals(send(mail).reply, reply, mail);
});

Deno.test("a priority is a digit with or without a minus (RFC 6710 §4.1)", () => {
  for (let priority = -9; priority <= 9; priority++) {
    assertEquals(send(`MT-PRIORITY=${priority}`).parameters?.priority, priority);
  }
  for (const bad of ["10", "-10", "+1", "-0", "00", "1.5", "x", "\u0661"]) {
    assert(send(`MT-PRIORITY=${bad}`).reply?.startsWith("501 5.5.4"), bad);
  }
  assertEquals(send("MT-PRIORITY").reply, BAD_VALUE);
  assertEquals(send("").parameters?.priority ?? 0, 0);
});

Deno.test("REQUIRETLS is offered and taken under TLS only (RFC 8689 §2)", () => {
  const secure = send("REQUIRETLS", { tls: "active", submission: false });
  assert(secure.hello.includes("250-REQUIRETLS"));
  assertEquals(secure.parameters?.requireTls, true);
  assertEquals(send("SIZE=1", { tls: "active" }).parameters?.requireTls, false);
  assertEquals(send("REQUIRETLS=yes", { tls: "active" }).reply, BAD_VALUE);
  const plain = send("REQUIRETLS", { submission: false });
  assert(!plain.hello.includes("250-REQUIRETLS"));
  assertEquals(plain.reply, UNKNOWN);
});

Deno.test("the most recipients of a mail are told beforehand (RFC 9422)", () => {
  assert(send("", { limits: { recipientsMax: 7 } }).hello.includes("250-LIMITS RCPTMAX=7"));
});
