import { assert, assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { Buffer } from "node:buffer";
import { concat, utf8 } from "../../../src/base/mod.ts";
import { readMessage } from "../../../src/policy/header/mod.ts";
import { commandIn, commandOf } from "../../../src/policy/list/mod.ts";

function command(text: string): string | null {
  const found = commandOf(readMessage([utf8(text)]));
  return found === null ? null : "token" in found ? `${found.type} ${found.token}` : found.type;
}

Deno.test("a command stands in the subject, or in the first line of the text that is not empty", () => {
  assertEquals(command("Subject: subscribe\r\n\r\nwhatever\r\n"), "subscribe");
  assertEquals(command("Subject: Re: AW: Confirm\r\n\tab-c=d\r\n\r\n"), "confirm ab-c=d");
  assertEquals(command("Subject: x\r\n\r\nReject abc\r\n"), "reject abc");
  assertEquals(command("Subject: hello\r\n\r\n\r\n  UNSUBSCRIBE \r\nthanks\r\n"), "unsubscribe");
  assertEquals(command("\r\nleave\n"), "unsubscribe");
  assertEquals(command("Subject: please subscribe me\r\n\r\nI want to subscribe\r\n"), null);
  assertEquals(command("Subject: subscribe bea@other.test\r\n\r\n"), null, "only for oneself");
  assertEquals(command("Subject: __proto__\r\n\r\nconstructor\r\n"), null);
});

Deno.test("text in base64 and quoted-printable is read, other types and encodings are not", () => {
  const mail = (type: string, encoding: string, body: string) =>
    command(`Content-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}`);
  assertEquals(mail('text/plain; charset="utf-8"', "BASE64", Buffer.from("\r\nhelp\r\n").toString("base64")), "help");
  assertEquals(mail("text/plain", "quoted-printable", "=68el=\r\np  \r\n"), "help");
  assertEquals(mail("text/plain", "x-unknown", "help\r\n"), null);
  assertEquals(mail("text/html", "7bit", "help\r\n"), null);
  assertEquals(mail("text/plain; =", "7bit", "help\r\n"), null);
});

Deno.test("what is long is not read to its end", () => {
  assertEquals(commandIn(`help${" ".repeat(994)}`)?.type, "help");
  assertEquals(commandIn(`help${" ".repeat(995)}`), null);
  assertEquals(command(`\r\n${"\r\n".repeat(49)}help\r\n`), "help");
  assertEquals(command(`\r\n${"\r\n".repeat(50)}help\r\n`), null);
  assertEquals(command(`\r\n${" ".repeat(65_536)}\r\nhelp\r\n`), null);
});

/** Something like a mail to `-request`, cut up, turned round and repeated. */
const SCRAP = fc.constantFrom(
  "Subject: ",
  "confirm ",
  "accept ",
  "help",
  "\r\n",
  "\r\n\r\n",
  "Content-Type: text/plain",
  "Content-Transfer-Encoding: base64",
  "Content-Transfer-Encoding: quoted-printable",
  "=",
  "=3",
  ";",
  '"',
  "(",
  "re:",
  "aGVscA==",
  "\u00ff",
  " ",
);

/** Whatever is written: one of the commands or none, and a token is one word. */
function sound(text: string, read = command): void {
  const found = read(text);
  const known = ["help", "subscribe", "unsubscribe", "who", "pause", "resume"];
  assert(found === null || known.includes(found) || /^(confirm|accept|reject|discard) \S+$/.test(found), String(found));
}

Deno.test("any scraps of a mail are a command or none, in linear time", () => {
  fc.assert(fc.property(fc.array(SCRAP, { maxLength: 40 }), (scraps) => sound(scraps.join(""))), {
    seed: 11,
    numRuns: 5_000,
  });
  const startMs = performance.now();
  for (const scrap of ["=", "(", " ", "\r\n", "re: ", ";a=", '"\\']) {
    const many = scrap.repeat(200_000);
    command(`Subject: ${many}\r\n\r\n${many}`);
    command(`Content-Type: text/plain; ${many}\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${many}`);
  }
  assert(performance.now() - startMs < 5_000);
});

Deno.test("canary: a reader that takes anything behind confirm is caught", () => {
  const careless = (text: string) => /confirm ([^]*)/.exec(text)?.[0] ?? null;
  assertThrows(() =>
    fc.assert(
      fc.property(fc.array(SCRAP, { maxLength: 40 }), (scraps) => sound(scraps.join(""), careless)),
      { seed: 11, numRuns: 5_000 },
    )
  );
});

Deno.test("a body in a million pieces is not joined", () => {
  const pieces = Array.from({ length: 1_000 }, () => utf8("\r\n"));
  assertEquals(commandOf(readMessage([utf8("Subject: x\r\n\r\n"), ...pieces, utf8("help\r\n")])), null);
  assertEquals(commandOf(readMessage([concat([utf8("Subject: x\r\n\r\n"), utf8("help\r\n")])]))?.type, "help");
});
