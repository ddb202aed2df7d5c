import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { latin1 } from "../../../src/base/mod.ts";
import {
  type IndexedPart,
  type MessageIndex,
  parseStructure,
  type Part,
  PARTS_MAX,
  readIndex,
} from "../../../src/mime/mod.ts";
import { IndexMaker, indexMessage, indexSteps } from "../../../src/protocol/imap/fetch/message_index.ts";
import { renderBody, renderBodyStructure } from "../../../src/protocol/imap/fetch/render_body_structure.ts";

const MESSAGE = Buffer.from(
  [
    "From: =?utf-8?q?J=C3=BCrgen?= <Juergen@A.test>, b@a.test",
    "To: g: Anna <anna@c.test>;",
    'Cc: "Team, The" <team@c.test>',
    "Subject: Re: [list] =?utf-8?q?Gr=C3=BC=C3=9Fe?= (fwd)",
    "Date: Mon, 05 Jan 2026 09:00:00 +0100",
    'Message-ID: <"x y"@a.test>',
    "In-Reply-To: <1@c.test> of yesterday",
    "References: <0@c.test>\r\n\t<1@c.test>",
    "Content-Type: multipart/mixed; boundary=b",
    "",
    "--b",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: 8bit",
    "",
    "Gr\xc3\xbc\xc3\x9fe",
    "--b",
    "Content-Type: application/pdf; name=x.pdf",
    "Content-Transfer-Encoding: X-Own",
    "Content-Disposition: attachment",
    "",
    "%PDF",
    "--b--",
  ].join("\r\n"),
  "latin1",
);

function indexOf(message: Uint8Array): MessageIndex {
  const index = readIndex(indexMessage(message));
  assert(index !== null);
  return index;
}

Deno.test("an index gives back what was rendered, and the parts with their places", () => {
  const index = indexOf(MESSAGE);
  const { root } = parseStructure(MESSAGE);
  assertEquals(index.size, MESSAGE.length);
  assertEquals(latin1(index.body), renderBody(root));
  assertEquals(latin1(index.bodyStructure), renderBodyStructure(root));
  assertEquals(latin1(index.envelope).slice(0, 60), '("Mon, 05 Jan 2026 09:00:00 +0100" "Re: [list] =?utf-8?q?Gr=');
  const parts = index.parts()!;
  assertEquals(parts.children.map(({ mediaType, charset, encoding }) => [mediaType, charset, encoding]), [
    ["text/plain", "utf-8", "8bit"],
    ["application/pdf", "", "x-own"],
  ]);
  assertSamePlaces(parts, root);
});

function assertSamePlaces(indexed: IndexedPart, part: Part): void {
  assertEquals(
    [indexed.kind, indexed.headerStart, indexed.bodyStart, indexed.bodyEnd, indexed.children.length],
    [part.kind, part.headerStart, part.bodyStart, part.bodyEnd, part.children.length],
  );
  indexed.children.forEach((child, i) => assertSamePlaces(child, part.children[i]!));
}

Deno.test("the pieces of a message make no difference", () => {
  const whole = indexMessage(MESSAGE);
  for (const bytes of [1, 7, 100]) {
    const pieces = Array.from(
      { length: Math.ceil(MESSAGE.length / bytes) },
      (_, i) => MESSAGE.subarray(i * bytes, (i + 1) * bytes),
    );
    assertEquals(indexMessage(pieces), whole);
  }
  assertEquals(readIndex(indexMessage([]))?.size, 0);
});

Deno.test("an index holds what SORT, THREAD and SEARCH ask, decoded and without case", () => {
  assertEquals(indexOf(MESSAGE).facts(), {
    sentMs: Date.UTC(2026, 0, 5, 8),
    baseSubject: "GRU\u0308ßE",
    reply: true,
    from: { mailbox: "JUERGEN", display: "JU\u0308RGEN" },
    to: { mailbox: "G", display: "G" },
    cc: { mailbox: "TEAM", display: "TEAM, THE" },
    messageId: "xy@a.test",
    inReplyTo: "1@c.test",
    references: ["0@c.test", "1@c.test"],
    subjectText: "RE: [LIST] GRU\u0308ßE (FWD)",
    fromText: "JU\u0308RGEN <JUERGEN@A.TEST>, B@A.TEST",
    toText: "G: ANNA <ANNA@C.TEST>;",
    ccText: '"TEAM, THE" <TEAM@C.TEST>',
    bccText: "",
    complete: true,
    attachment: true,
  });
  const nothing = indexOf(Buffer.from("\r\n")).facts()!;
  assertEquals([nothing.sentMs, nothing.messageId, nothing.inReplyTo, nothing.references], [null, null, null, []]);
  assertEquals([nothing.attachment, nothing.from], [false, { mailbox: "", display: "" }]);
});

Deno.test("a text longer than is kept is told as not complete, and a NUL parts no facts", () => {
  const long = indexOf(Buffer.from(`Subject: ${"x".repeat(5_000)}\r\n\r\n`)).facts()!;
  assertEquals([long.complete, long.subjectText.length], [false, 4_096]);
  assertEquals(indexOf(Buffer.from("Subject: a\0b\r\nFrom: \0\r\n\r\n")).facts()!.subjectText, "A\ufffdB");
});

Deno.test("ATTACKS M11: ids and references are bounded, dates of no calendar are none", () => {
  const ids = Array.from({ length: 100_000 }, (_, i) => `<${i}@a>`).join(" ");
  const facts = indexOf(
    Buffer.from(`Message-ID: <${"x".repeat(1_000_000)}@a>\r\nReferences: ${ids}\r\nDate: 31 Feb 0000 99:00\r\n\r\n`),
  ).facts()!;
  assertEquals([facts.messageId, facts.sentMs, facts.references.length], [null, null, 100]);
  assertEquals([facts.references[0], facts.references[1]], ["0@a", "9901@a"]); // Of the first 10,000 ids.
});

Deno.test("a damaged index is none, or has sections that are none; nothing throws and no length is believed (seeded)", () => {
  const whole = indexMessage(MESSAGE);
  assertEquals(readIndex(new Uint8Array()), null);
  assertEquals(readIndex(whole.subarray(0, -1)), null);
  assertEquals(readIndex(Buffer.concat([whole, Buffer.of(0)])), null);
  assertEquals(readIndex(Buffer.concat([Buffer.of(99), whole.subarray(1)])), null);
  let damaged = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      (changes) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        const index = readIndex(bytes);
        const parts = index?.parts() ?? null;
        const waiting = parts === null ? [] : [parts];
        for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
          assert(part.headerStart <= part.bodyStart && part.bodyStart <= part.bodyEnd && part.bodyEnd <= index!.size);
          waiting.push(...part.children);
        }
        if (parts === null || index?.facts() === null) damaged++;
      },
    ),
    { seed: 15, numRuns: 10_000 },
  );
  assert(damaged > 1_000, `${damaged}`);
});

Deno.test("what chance makes is no index, or one whose sections lie in it (seeded)", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const index = readIndex(Uint8Array.from([1, ...bytes]));
      index?.parts();
      index?.facts();
    }),
    { seed: 16, numRuns: 20_000 },
  );
});

Deno.test("ATTACKS M1, M4: the index of the worst header and of the most parts stays within twice the message", () => {
  const addresses = Buffer.from(`To: ${"a@b,".repeat(100_000)}\r\n\r\n`);
  const parts = Buffer.from(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${"--b\r\n\r\n".repeat(20_000)}`);
  const parameters = Buffer.from(`Content-Type: a/b${";a=b".repeat(100_000)}\r\n\r\n`);
  for (const message of [addresses, parameters]) {
    const bytes = indexMessage(message);
    assert(bytes.length < 2 * message.length, `${bytes.length} of ${message.length}`);
    assert(readIndex(bytes)?.parts() !== null);
  }
  // Each part takes a fixed number of bytes, and there are PARTS_MAX of them.
  const most = indexMessage(parts);
  assert(most.length < 2_500_000, `${most.length}`);
  assertEquals(readIndex(most)?.parts()?.children.length, PARTS_MAX - 1);
});

Deno.test("ATTACKS M8: field and parameter names that every object inherits change none", () => {
  const before = Reflect.ownKeys(Object.prototype);
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
  const fields = names.map((name) => `${name}: x\r\n`).join("");
  const list = names.map((name) => `; ${name}=x; ${name}*0=y`).join("");
  const index = indexOf(Buffer.from(`${fields}Content-Type: text/plain${list}\r\nFrom: __proto__@constructor\r\n\r\n`));
  assertEquals(index.facts()!.from.mailbox, "__PROTO__");
  assertEquals(Reflect.ownKeys(Object.prototype), before);
});

Deno.test("ATTACKS M9: half a megabyte of any byte in any field is indexed", () => {
  const fields = [
    "From",
    "Subject",
    "Content-Type: a/b;",
    "Content-Disposition: x;",
    "References",
    "Date",
    "Message-ID",
  ];
  for (
    const run of [" ", "\t", "<", "=", "@", ",", "(", ")", "=?", "?=", "[", "re:", "\\", '"', ";", "\r\n ", "*", "'"]
  ) {
    for (const field of fields) {
      const name = field.includes(":") ? field : `${field}:`;
      assert(readIndex(indexMessage(Buffer.from(`${name} ${run.repeat(500_000 / run.length)}\r\n\r\n`))) !== null);
    }
  }
});

/** Bytes of the longest message. */
const LONG = 6_000_000;

/** A message with a part of that many bytes, and one behind it. */
function longMessage(bytes: number): Uint8Array {
  const line = `${"A".repeat(76)}\r\n`;
  return Buffer.from([
    "Subject: long\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee below\r\n--b\r\n",
    "Content-Type: text/csv\r\nContent-Transfer-Encoding: base64\r\n\r\n",
    line.repeat(bytes / line.length),
    "--b\r\nContent-Type: text/plain; name=last\r\n\r\nlast\r\n--b--\r\n",
  ].join(""));
}

Deno.test("a long message has the same index whole, in pieces and step by step, and no step reads more than 256 KB", () => {
  const message = longMessage(LONG);
  const whole = indexMessage(message);
  const maker = new IndexMaker();
  for (let at = 0; at < message.length; at += 70_001) maker.add(message.subarray(at, at + 70_001));
  assertEquals(maker.done(), whole);
  const work = indexSteps([message.subarray(0, 300_000), message.subarray(300_000)]);
  let steps = 1;
  let step = work.next();
  for (; step.done !== true; step = work.next()) steps++;
  assertEquals(steps, Math.ceil(message.length / 262_144));
  assertEquals(step.value, whole);
  assertEquals(indexOf(message).parts()!.children.map(({ mediaType }) => mediaType), [
    "text/plain",
    "text/csv",
    "text/plain",
  ]);
});

Deno.test("a message of up to 256 KB is indexed in one step; an index above 1 MB is not kept", () => {
  const short = indexSteps([longMessage(200_000)]).next();
  assert(short.done === true && short.value !== null);
  const many = Buffer.from(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${"--b\r\n\r\n\r\n".repeat(PARTS_MAX)}`);
  const step = indexSteps([Buffer.concat([many, Buffer.from("x".repeat(300_000))])]);
  let last = step.next();
  while (last.done !== true) last = step.next();
  assert(indexMessage(many).length > 1_048_576);
  assertEquals(last.value, null);
});
