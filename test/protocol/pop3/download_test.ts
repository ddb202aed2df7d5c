import { assertEquals, assertStrictEquals } from "@std/assert";
import { concat, utf8 } from "../../../src/base/bytes.ts";
import { type Pop3Options, stuffDots, type StuffingState } from "../../../src/protocol/pop3/mod.ts";
import { cutTop, topStart } from "../../../src/protocol/pop3/top_cutter.ts";
import { transcript } from "../../support/transcript.ts";
import { drive, LOGIN, pop3 } from "./support.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** What RETR or TOP sends for a message, read in pieces of `fetchBytes`, without the status line. */
function download(command: string, body: string, fetchBytes: number): { reply: string; fetched: number } {
  const limits: Pop3Options["limits"] = { fetchBytesMax: fetchBytes, topFetchBytesMax: fetchBytes };
  const { sent, actions } = drive([utf8(`USER a\r\nPASS b\r\n${command}\r\nQUIT\r\n`)], [utf8(body)], { limits });
  const all = text(sent);
  const start = all.indexOf("+OK", all.indexOf("octets)"));
  const reply = all.slice(all.indexOf("\r\n", start) + 2, all.lastIndexOf("+OK Bye"));
  return { reply, fetched: actions.filter((action) => action.includes('"fetch"')).length };
}

Deno.test("RETR gives the message byte for byte, however it is read", () => {
  const cases: readonly (readonly [body: string, wire: string])[] = [
    ["", ".\r\n"],
    [".", "..\r\n.\r\n"],
    ["\r\n", "\r\n.\r\n"],
    [".\r\n", "..\r\n.\r\n"],
    ["A: b\r\n\r\n.\r\n..\r\n.x\r\n", "A: b\r\n\r\n..\r\n...\r\n..x\r\n.\r\n"],
    ["no end", "no end\r\n.\r\n"],
    ["cr end\r", "cr end\r\r\n.\r\n"],
    ["lf end\n", "lf end\n\r\n.\r\n"],
    ["bare\n.lf\r.cr\n\r.\r\n", "bare\n.lf\r.cr\n\r.\r\n.\r\n"],
    ["\r\r\n.\r\n", "\r\r\n..\r\n.\r\n"],
    ["a\r\n\n.b\r\n", "a\r\n\n.b\r\n.\r\n"],
    ["\r\n.\r\n.\r\n.", "\r\n..\r\n..\r\n..\r\n.\r\n"],
  ];
  for (const [body, wire] of cases) {
    for (const fetchBytes of [1, 2, 3, 5, 1_000]) {
      assertEquals(download("RETR 1", body, fetchBytes).reply, wire, JSON.stringify([body, fetchBytes]));
    }
  }
});

Deno.test("TOP gives the header, the blank line and the first lines, however it is read", () => {
  const body = "A: 1\r\nB: 2\r\n\r\none\r\n.two\r\n\r\nfour\r\n";
  const header = "A: 1\r\nB: 2\r\n\r\n";
  const cases: readonly (readonly [lines: number, wire: string])[] = [
    [0, `${header}.\r\n`],
    [1, `${header}one\r\n.\r\n`],
    [2, `${header}one\r\n..two\r\n.\r\n`],
    [3, `${header}one\r\n..two\r\n\r\n.\r\n`],
    [4, `${header}one\r\n..two\r\n\r\nfour\r\n.\r\n`],
    [4294967295, `${header}one\r\n..two\r\n\r\nfour\r\n.\r\n`],
  ];
  for (const [lines, wire] of cases) {
    for (const fetchBytes of [1, 2, 3, 7, 1_000]) {
      assertEquals(download(`TOP 1 ${lines}`, body, fetchBytes).reply, wire, JSON.stringify([lines, fetchBytes]));
    }
  }
});

Deno.test("TOP of odd messages: no blank line, a blank line first, no body, no last CRLF", () => {
  const cases: readonly (readonly [body: string, lines: number, wire: string])[] = [
    ["A: 1\r\nB: 2\r\n", 0, "A: 1\r\nB: 2\r\n.\r\n"],
    ["\r\nbody\r\n", 0, "\r\n.\r\n"],
    ["\r\nbody\r\nmore", 1, "\r\nbody\r\n.\r\n"],
    ["A: 1\r\n\r\n", 5, "A: 1\r\n\r\n.\r\n"],
    ["A: 1\r\n\r\nend", 5, "A: 1\r\n\r\nend\r\n.\r\n"],
    ["A: 1\n\nnot blank\r\n\r\nx\r\n", 0, "A: 1\n\nnot blank\r\n\r\n.\r\n"],
    ["", 1, ".\r\n"],
  ];
  for (const [body, lines, wire] of cases) {
    for (const fetchBytes of [1, 2, 3, 1_000]) {
      assertEquals(download(`TOP 1 ${lines}`, body, fetchBytes).reply, wire, JSON.stringify([body, fetchBytes]));
    }
  }
});

Deno.test("TOP stops reading when it has enough, RETR reads to the end", () => {
  const body = `A: b\r\n\r\n${"line\r\n".repeat(1_000)}`;
  assertEquals(download("TOP 1 1", body, 100).fetched, 1);
  assertEquals(download("TOP 1 30", body, 100).fetched, 2);
  assertEquals(download("RETR 1", body, 100).fetched, Math.ceil(body.length / 100));
});

Deno.test("a read is as long as the limit or the rest of the message", () => {
  transcript(
    pop3({ limits: { fetchBytesMax: 8, topFetchBytesMax: 3 } }),
    `${LOGIN}
    ! opened 20
    S: +OK 1 messages (20 octets)
    C: RETR 1
    ? fetch 11 0 8
    ! bytes "12345678"
    S: +OK 20 octets
    ? fetch 11 8 8
    ! bytes "abcdefgh"
    ? fetch 11 16 4
    ! bytes "EF\\r\\n"
    S: 12345678abcdefghEF
    S: .
    C: TOP 1 0
    ? fetch 11 0 3
    ! bytes "a\\r\\n"
    S: +OK Top of message follows
    S: a
    ? fetch 11 3 3
    ! bytes "\\r\\nx"
    S: 
    S: .`,
  );
});

Deno.test("a message that cannot be read at all is an error, and the session goes on", () => {
  const kinds = [
    ["temporary", "[SYS/TEMP] Message cannot be read now, try later"],
    ["corrupt", "[SYS/PERM] Message is damaged"],
    ["gone", "No such message"],
  ];
  for (const [kind, answer] of kinds) {
    transcript(
      pop3(),
      `${LOGIN}
      ! opened 10
      S: +OK 1 messages (10 octets)
      C: RETR 1
      ? fetch 11 0 10
      ! failed ${kind}
      S: -ERR ${answer}
      C: STAT
      S: +OK 1 10`,
    );
  }
});

Deno.test("a message that breaks off is never passed off as whole: the connection ends without the final dot", () => {
  for (const failure of ["! failed temporary", "! failed corrupt", "! failed gone", '! bytes ""']) {
    transcript(
      pop3({ limits: { fetchBytesMax: 4 } }),
      `${LOGIN}
      ! opened 10
      S: +OK 1 messages (10 octets)
      C: RETR 1
      ? fetch 11 0 4
      ! bytes "ab\\r\\n"
      S: +OK 10 octets
      S: ab
      ? fetch 11 4 4
      ${failure}
      ? close`,
    );
  }
});

Deno.test("commands behind a RETR wait for its end", () => {
  transcript(
    pop3(),
    `${LOGIN}
    ! opened 3 4
    S: +OK 2 messages (7 octets)
    C: RETR 1
    ? fetch 11 0 3
    ! bytes "1\\r\\n"
    S: +OK 3 octets
    S: 1
    S: .
    C: RETR 2
    ? fetch 12 0 4
    ! bytes "22\\r\\n"
    S: +OK 4 octets
    S: 22
    S: .
    C: STAT
    S: +OK 2 7`,
    { modes: ["line", "byte", "pipelined"] },
  );
});

Deno.test("a message with a UTF-8 header goes out as it is, or needs UTF8 mode where the operator says so", () => {
  const talk = (before: string, answer: string) => `
    S: +OK mx.test POP3 ready
    ${before}
    C: USER a
    S: +OK Send PASS
    C: PASS b
    ? login USER ["a","b"]
    ! opened 12
    S: +OK 1 messages (12 octets)
    C: RETR 1
    ? fetch 11 0 12
    ! bytes "A: ä\\r\\n\\r\\nx\\r\\n"
    ${answer}`;
  const whole = "S: +OK 12 octets\nS: A: ä\nS: \nS: x\nS: .";
  transcript(pop3(), talk("", whole));
  transcript(
    pop3({ utf8Messages: "refuse" }),
    talk("", "S: -ERR [UTF8] Message needs UTF8 mode\nC: STAT\nS: +OK 1 12"),
  );
  transcript(pop3({ utf8Messages: "refuse" }), talk("C: UTF8\nS: +OK UTF-8 mode", whole));
});

Deno.test("a header cut amid a character is still known as UTF-8, and raw Latin-1 never needs UTF8 mode", () => {
  const answerTo = (bytes: Uint8Array, fetchBytesMax: number) => {
    const options: Partial<Pop3Options> = { utf8Messages: "refuse", limits: { fetchBytesMax } };
    return text(drive([utf8("USER a\r\nPASS b\r\nRETR 1\r\n")], [bytes], options).sent);
  };
  for (let cut = 4; cut <= 7; cut++) {
    const sent = answerTo(utf8("A: \u{1f4ee}\r\n\r\nx\r\n"), cut);
    assertEquals(sent.endsWith("-ERR [UTF8] Message needs UTF8 mode\r\n"), true, `cut at ${cut}`);
  }
  for (const body of [Uint8Array.of(0x41, 0x3a, 0xe4, 13, 10, 13, 10), utf8("A: b\r\n\r\nä\r\n")]) {
    assertEquals(answerTo(body, 1_000).endsWith("\r\n.\r\n"), true);
  }
});

Deno.test("a message without a dot at the start of a line is not copied", () => {
  const body = utf8("A: b\r\n\r\nno. dots\r\n here.\r\n");
  const [state, out] = stuffDots("lineStart", body);
  assertStrictEquals(out, body);
  assertEquals(state, "lineStart");
});

Deno.test("stuffing goes on rightly over every border", () => {
  const body = "a\r\n.b\r\n..\r\r\n.\n.\r\n.";
  for (let cut = 0; cut <= body.length; cut++) {
    let state: StuffingState = "lineStart";
    const parts = [body.slice(0, cut), body.slice(cut)].map((part) => {
      const [next, out] = stuffDots(state, utf8(part));
      state = next;
      return out;
    });
    assertEquals(text(concat(parts)), "a\r\n..b\r\n...\r\r\n..\n.\r\n..", `cut at ${cut}`);
  }
});

Deno.test("TOP finds its end over every border", () => {
  const body = "A: 1\r\n\r\nx\r\ny\r\n";
  for (let cut = 0; cut <= body.length; cut++) {
    const first = cutTop(topStart(1), utf8(body.slice(0, cut)));
    const second = first.done ? null : cutTop(first.state, utf8(body.slice(cut)));
    assertEquals(text(first.shown) + text(second?.shown ?? new Uint8Array(0)), "A: 1\r\n\r\nx\r\n", `cut at ${cut}`);
    assertEquals(first.done || second?.done, true);
  }
});
