import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { utf8 } from "../../../src/base/bytes.ts";
import { createPop3Session } from "../../../src/protocol/pop3/mod.ts";
import { transcript } from "../../support/transcript.ts";
import { drive, LOGIN, OPTIONS, pop3 } from "./support.ts";

const GREETING = "S: +OK mx.test POP3 ready";
const BAD_LINE = "S: -ERR Lines end in CRLF and hold no CR, LF or NUL";

Deno.test("a bare LF, a bare CR or a NUL costs one error and never splits a line", () => {
  for (const line of ["CAPA\nQUIT", "CAPA\rQUIT", "CAPA\r", "\nCAPA", "CA\0PA", "\0", "QUIT\n\rQUIT", "\r\r", "\n"]) {
    const sent = JSON.stringify(`${line}\r\n`);
    transcript(pop3(), `${GREETING}\nR: ${sent}\n${BAD_LINE}\nC: LANG en\nS: +OK en Language changed\nX: Bye`);
  }
});

Deno.test("an empty line and a line of blanks are wrong syntax", () => {
  transcript(pop3(), `${GREETING}\nR: "\\r\\n"\nS: -ERR Wrong syntax\nR: "   \\r\\n"\nS: -ERR Wrong syntax`);
});

Deno.test("a line of 255 octets is read, one of 256 ends the session", () => {
  const line = (octets: number) => `STAT ${"x".repeat(octets - 7)}`;
  transcript(
    pop3(),
    `${LOGIN}\n! opened\nS: +OK 0 messages (0 octets)\nC: ${line(255)}\nS: -ERR Wrong syntax\nC: STAT\nS: +OK 0 0`,
  );
  transcript(pop3(), `${GREETING}\nC: ${line(256)}\nS: -ERR Line too long\n? close\nC: QUIT\nX: Bye`);
});

Deno.test("credentials of 12,288 octets are read, one more ends the session", () => {
  const padded = (verb: string, octets: number) => `${verb} ${"x".repeat(octets - verb.length - 3)}`;
  for (
    const [verb, answer] of [["USER", "+OK Send PASS"], ["user", "+OK Send PASS"], ["PASS", "-ERR Send USER first"]]
  ) {
    transcript(pop3(), `${GREETING}\nC: ${padded(verb!, 12_288)}\nS: ${answer}`, { modes: ["line", "pipelined"] });
    transcript(pop3(), `${GREETING}\nC: ${padded(verb!, 12_289)}\nS: -ERR Line too long\n? close`, {
      modes: ["line", "pipelined"],
    });
  }
  const answer = (octets: number) => "A".repeat(octets - 2);
  const auth = `${GREETING}\nC: AUTH PLAIN\nS: + \n`;
  transcript(pop3(), `${auth}C: ${answer(12_286)}\nS: -ERR Malformed answer`);
  transcript(pop3(), `${auth}C: ${answer(12_288)}\nS: -ERR Not base64`);
  transcript(pop3(), `${auth}C: ${answer(12_289)}\nS: -ERR Line too long\n? close`);
});

Deno.test("255 octets without a CRLF end the session without waiting for more", () => {
  const session = createPop3Session(OPTIONS);
  session.open();
  assertEquals(session.receive(new Uint8Array(254).fill(0x41)), []);
  assertEquals(session.receive(new Uint8Array(1).fill(0x41)).length, 2);
  assertEquals(session.phase, "closed");
});

Deno.test("a line that never ends is held up to its limit and no further", () => {
  const chunk = new Uint8Array(100).fill(0x41);
  const { session, sent, bufferedMax } = drive(Array.from({ length: 10_000 }, () => chunk), []);
  assertEquals(session.phase, "closed");
  assertLessOrEqual(bufferedMax, 255 + chunk.length);
  assertEquals(new TextDecoder().decode(sent), "+OK mx.test POP3 ready\r\n-ERR Line too long\r\n");
});

Deno.test("an HTTP request ends the session at once", () => {
  for (const line of ["GET / HTTP/1.1", "POST /x HTTP/1.1", "CONNECT mx.test:110 HTTP/1.1", "options * HTTP/1.0"]) {
    transcript(
      pop3(),
      `${GREETING}\nC: ${line}\nS: -ERR This is POP3\n? close\nC: Host: mx.test\nC: \nC: QUIT\nX: Bye`,
    );
  }
});

Deno.test("the tenth senseless command ends the session, the ninth does not", () => {
  const nine = Array.from({ length: 9 }, (_, i) => `C: XXX${i}\nS: -ERR Unknown command`).join("\n");
  transcript(
    pop3(),
    `${GREETING}\n${nine}\nC: LANG en\nS: +OK en Language changed\nC: XXXX\nS: -ERR Too many errors\n? close`,
  );
});

Deno.test("nothing the client sends is repeated to it", () => {
  const { sent } = drive([utf8("XEVIL\r\nUSER evil\r\nLANG evil\r\nAUTH evil\r\nEVIL evil\r\n")], []);
  assert(!new TextDecoder().decode(sent).toLowerCase().includes("evil"));
});

Deno.test("all replies to pipelined commands leave in one piece", () => {
  const session = createPop3Session(OPTIONS);
  session.open();
  const actions = session.receive(utf8("LANG en\r\nUTF8\r\nLANG *\r\n"));
  assertEquals(actions.length, 1);
});

Deno.test("input held back while a question is open has a limit", () => {
  const session = createPop3Session({ ...OPTIONS, limits: { heldBytesMax: 1_000 } });
  session.open();
  session.receive(utf8("USER a\r\nPASS b\r\n"));
  assertEquals(session.waiting, true);
  assertEquals(session.receive(new Uint8Array(1_000)), []);
  assertEquals(session.bufferedBytes, 1_000);
  assertEquals(session.receive(new Uint8Array(1)), [{ type: "close" }]);
  assertEquals([session.phase, session.bufferedBytes, session.waiting], ["closed", 0, false]);
});

Deno.test("many pipelined listings are made a part at a time", () => {
  const session = createPop3Session({ ...OPTIONS, limits: { outputBytesMax: 1_000 } });
  session.open();
  session.receive(utf8("USER a\r\nPASS b\r\n"));
  const entries = Array.from({ length: 100 }, (_, i) => ({ uid: i + 1, size: 10 }));
  session.loggedIn({ type: "opened", uidValidity: 1, entries });
  let actions = session.receive(utf8("LIST\r\n".repeat(50)));
  let listings = 0;
  for (; actions.length > 0; actions = session.waiting ? session.resumed() : []) {
    const bytes = actions.reduce((sum, action) => sum + (action.type === "send" ? action.data.length : 0), 0);
    assertLessOrEqual(bytes, 1_000 + 700);
    for (const action of actions) {
      if (action.type === "send") listings += String(action.data).split("\r\n.\r\n").length - 1;
      else assertEquals(action, { type: "pause", ms: 0 });
    }
  }
  assertEquals(listings, 50);
  assertEquals(session.bufferedBytes, 0);
});
