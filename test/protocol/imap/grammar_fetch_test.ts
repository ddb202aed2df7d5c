import { assertEquals } from "@std/assert";
import { commandOf, parsed, problemOf } from "./support/parse.ts";

/** The items of a FETCH, and what else it says when that is not the usual. */
function fetched(text: string): unknown {
  const command = commandOf(`FETCH 1 ${text}`) as { readonly items: unknown };
  return command.items;
}

const body = (section: Record<string, unknown>, peek = false, partial: unknown = null) => ({
  item: "BODY[]",
  section: { part: [], text: null, fields: [], ...section },
  peek,
  partial,
});

Deno.test("FETCH takes one item, a list of them or a macro (RFC 9051 §6.4.5)", () => {
  assertEquals(commandOf("fetch 2:4 (flags Body[Header.fields (Date From)])"), {
    verb: "FETCH",
    uid: false,
    set: { by: "sequence", pairs: [2, 4] },
    items: [{ item: "FLAGS" }, body({ text: "HEADER.FIELDS", fields: ["Date", "From"] })],
    changedSince: null,
    vanished: false,
    partial: null,
  });
  assertEquals(fetched("FAST"), [{ item: "FLAGS" }, { item: "INTERNALDATE" }, { item: "RFC822.SIZE" }]);
  assertEquals((fetched("all") as unknown[]).length, 4);
  assertEquals((fetched("FULL") as unknown[]).at(-1), { item: "BODY" });
  assertEquals(problemOf("FETCH 1 (FAST)"), "Unknown data item");
  assertEquals(problemOf("FETCH 1 FAST FLAGS"), "Missing an opening parenthesis");
});

Deno.test("every item of FETCH is known by its name", () => {
  for (
    const item of [
      "ENVELOPE",
      "FLAGS",
      "INTERNALDATE",
      "RFC822.SIZE",
      "BODY",
      "BODYSTRUCTURE",
      "UID",
      "MODSEQ",
      "EMAILID",
      "THREADID",
      "SAVEDATE",
      "RFC822",
      "RFC822.HEADER",
      "RFC822.TEXT",
    ]
  ) {
    assertEquals(fetched(item), [{ item }]);
    assertEquals(fetched(`(${item.toLowerCase()} UID)`), [{ item }, { item: "UID" }]);
  }
  assertEquals(fetched("PREVIEW"), [{ item: "PREVIEW", lazy: false }]);
  assertEquals(fetched("(preview (lazy) UID)"), [{ item: "PREVIEW", lazy: true }, { item: "UID" }]);
});

Deno.test("sections name parts of a message", () => {
  const table: readonly (readonly [string, unknown])[] = [
    ["BODY[]", body({})],
    ["BODY.PEEK[]", body({}, true)],
    ["BODY[TEXT]", body({ text: "TEXT" })],
    ["BODY[HEADER]<0.2048>", body({ text: "HEADER" }, false, { offset: 0, length: 2048 })],
    ["BODY[1]", body({ part: [1] })],
    ["BODY[4.2.2.1]", body({ part: [4, 2, 2, 1] })],
    ["BODY[4.1.MIME]", body({ part: [4, 1], text: "MIME" })],
    ['body.peek[4.header.fields.not (x {1+}\r\ny "z")]<1.2>', {
      ...body({ part: [4], text: "HEADER.FIELDS.NOT", fields: ["x", "y", "z"] }, true),
      partial: { offset: 1, length: 2 },
    }],
    ["BINARY[1.2]", { item: "BINARY[]", part: [1, 2], peek: false, partial: null }],
    ["BINARY.PEEK[]<5.1>", { item: "BINARY[]", part: [], peek: true, partial: { offset: 5, length: 1 } }],
    ["BINARY.SIZE[3]", { item: "BINARY.SIZE[]", part: [3] }],
  ];
  for (const [text, expected] of table) {
    assertEquals(fetched(text), [expected], text);
    assertEquals(fetched(`(${text} UID)`), [expected, { item: "UID" }], text);
  }
});

Deno.test("items and sections that are none are refused (I10)", () => {
  for (
    const text of [
      "",
      "()",
      "FOO",
      "FLAGS[]",
      "BODY.PEEK",
      "BODY[",
      "BODY[]]",
      "BODY[0]",
      "BODY[1.]",
      "BODY[.1]",
      "BODY[1..2]",
      "BODY[1 ]",
      "BODY[MIME]",
      "BODY[FOO]",
      "BODY[1.FOO]",
      "BODY[HEADER.FIELDS]",
      "BODY[HEADER.FIELDS ()]",
      'BODY[HEADER.FIELDS ("a b")]',
      'BODY[HEADER.FIELDS ("a:")]',
      'BODY[HEADER.FIELDS ("")]',
      "BODY[TEXT.HEADER]",
      "BODY[]<0>",
      "BODY[]<0.0>",
      "BODY[]<-1.5>",
      "BODY[]<0.5",
      "BODY[]<9223372036854775808.1>",
      "BODY[4294967296]",
      "BINARY[TEXT]",
      "BINARY[1.MIME]",
      "BINARY",
      "BINARY.SIZE[1]<0.1>",
      "PREVIEW (EAGER)",
      "PREVIEW ()",
      "(FLAGS UID",
      "(FLAGS  UID)",
      "(FLAGS UID )",
    ]
  ) assertEquals(parsed(`FETCH 1 ${text}`).type, "bad", text);
  assertEquals(fetched("BODY[]<4294967295.4294967295>"), [
    body({}, false, { offset: 4294967295, length: 4294967295 }),
  ]);
  assertEquals(problemOf(`FETCH 1 BODY[${"1.".repeat(64)}1]`), "limit: Too many levels of a part");
  assertEquals(problemOf(`FETCH 1 (${"UID ".repeat(128)}UID)`), "limit: Too many data items");
  assertEquals(problemOf(`FETCH 1 BODY[HEADER.FIELDS (${"x ".repeat(5_000)}x)]`), "limit: Too many header fields");
});

Deno.test("modifiers of FETCH (RFC 7162 §3.1.4.1, RFC 9394 §3.4)", () => {
  const modified = (text: string) => {
    const { changedSince, vanished, partial } = commandOf(text) as Record<string, unknown>;
    return [changedSince, vanished, partial];
  };
  assertEquals(modified("FETCH 1:* (FLAGS) (CHANGEDSINCE 12345)"), [12345, false, null]);
  assertEquals(modified("UID FETCH 300:500 (FLAGS) (CHANGEDSINCE 12345 VANISHED)"), [12345, true, null]);
  assertEquals(modified("UID FETCH 1:* FLAGS (PARTIAL -1:-100)"), [null, false, { first: -1, last: -100 }]);
  assertEquals(modified("UID FETCH 1:* FLAGS (PARTIAL 100:1)"), [null, false, { first: 100, last: 1 }]);
  for (
    const text of [
      "FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)",
      "UID FETCH 1:* FLAGS (VANISHED)",
      "FETCH 1:* FLAGS (PARTIAL 1:2)",
      "UID FETCH 1:* FLAGS (PARTIAL 1:-2)",
      "UID FETCH 1:* FLAGS (PARTIAL 0:2)",
      "UID FETCH 1:* FLAGS (PARTIAL 1:*)",
      "UID FETCH 1:* FLAGS (CHANGEDSINCE 0)",
      "UID FETCH 1:* FLAGS ()",
      "UID FETCH 1:* FLAGS (FOO)",
    ]
  ) assertEquals(parsed(text).type, "bad", text);
});
