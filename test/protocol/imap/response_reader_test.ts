import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseValues, type Response, ResponseReader } from "../../support/imap_responses/mod.ts";
import { bytes, cut } from "./support/frames.ts";

function responses(chunks: readonly Uint8Array[]): Response[] {
  const reader = new ResponseReader();
  const found: Response[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let response = reader.next(); response !== null; response = reader.next()) found.push(response);
  }
  return found;
}

function only(text: string): Response {
  const [response, ...more] = responses([bytes(text)]);
  assertEquals(more, []);
  return response!;
}

const TRANSCRIPT = [
  "* OK [CAPABILITY IMAP4rev2 AUTH=PLAIN] server ready\r\n",
  "+ idling\r\n",
  "+\r\n",
  "* 172 EXISTS\r\n",
  '* 12 FETCH (UID 7 FLAGS (\\Seen $x) BODY[HEADER.FIELDS (TO)]<0> {6}\r\nTo: a\n BODY[] "" ENVELOPE (NIL "x\\"y" NIL))\r\n',
  '* LIST (\\HasNoChildren) "/" {5}\r\na b\r\n\r\n',
  "a1 NO [TRYCREATE] No such mailbox\r\n",
].join("");

Deno.test("responses are told apart, with numbers, codes, texts and values", () => {
  const [greeting, idling, bare, exists, fetch, list, tagged] = responses([bytes(TRANSCRIPT)]);
  assertEquals([greeting!.tag, greeting!.name, greeting!.isStatus], ["*", "OK", true]);
  assertEquals([greeting!.code, greeting!.text], ["CAPABILITY IMAP4rev2 AUTH=PLAIN", "server ready"]);
  assertEquals([idling!.tag, idling!.name, idling!.rest], ["+", "", "idling"]);
  assertEquals([bare!.tag, bare!.rest], ["+", ""]);
  assertEquals([exists!.number, exists!.name], [172, "EXISTS"]);
  assertEquals([fetch!.number, fetch!.name], [12, "FETCH"]);
  assertEquals([...fetch!.items], [
    ["UID", "7"],
    ["FLAGS", ["\\Seen", "$x"]],
    ["BODY[HEADER.FIELDS (TO)]<0>", bytes("To: a\n")],
    ["BODY[]", ""],
    ["ENVELOPE", [null, 'x"y', null]],
  ]);
  assertEquals(list!.values, [["\\HasNoChildren"], "/", bytes("a b\r\n")]);
  assertEquals([tagged!.tag, tagged!.name, tagged!.code, tagged!.text], ["a1", "NO", "TRYCREATE", "No such mailbox"]);
});

Deno.test("what SEARCH, SORT and STATUS tell", () => {
  assertEquals(only("* SEARCH 2 84 882\r\n").numbers, [2, 84, 882]);
  assertEquals(only("* SEARCH\r\n").numbers, []);
  assertEquals(only("* SORT 5 3 (MODSEQ 917162500)\r\n").numbers, [5, 3]);
  assertEquals([...only('* STATUS "a (b" (MESSAGES 231 MAILBOXID (F1))\r\n').items], [
    ["MESSAGES", "231"],
    ["MAILBOXID", ["F1"]],
  ]);
});

Deno.test("texts in UTF-8 are read as such, others as they are", () => {
  assertEquals(only('* LIST () "/" "Entw\xc3\xbcrfe"\r\n').values[2], "Entwürfe");
  assertEquals(only('* LIST () "/" "Entw\xfcrfe"\r\n').values[2], "Entw\xfcrfe");
});

Deno.test("responses come out the same however their bytes are cut", () => {
  const shown = (list: readonly Response[]) => list.map(({ line, literals }) => [line, ...literals.map(String)]);
  const expected = shown(responses([bytes(TRANSCRIPT)]));
  fc.assert(
    fc.property(fc.array(fc.nat(TRANSCRIPT.length), { maxLength: 12 }), (positions) => {
      assertEquals(shown(responses(cut(bytes(TRANSCRIPT), positions))), expected);
    }),
    { seed: 64, numRuns: 500 },
  );
  assertEquals(shown(responses(Array.from(TRANSCRIPT, bytes))), expected);
});

Deno.test("values are read from anything, and the end is always reached", () => {
  const piece = fc.constantFrom(
    "(",
    ")",
    '"',
    "\\",
    "[",
    "]",
    "{3}\r\n",
    "~{1}\r\n",
    "NIL",
    "a",
    " ",
    "\xff",
    "{",
    "}",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }).map((list) => list.join("")), (text) => {
      parseValues(text, [new Uint8Array(3)]);
    }),
    { seed: 65, numRuns: 5_000 },
  );
  assertThrows(() => parseValues("(".repeat(2_000), []), RangeError);
});
