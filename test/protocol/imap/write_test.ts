import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Response, ResponseReader, type Value } from "../../support/imap_responses/mod.ts";
import { latin1Bytes } from "../../support/latin1.ts";
import { toWire, writeAstring, writeBytes, writeMailbox, writeString } from "../../../src/protocol/imap/write/write.ts";
import {
  writeAcl,
  writeListRights,
  writeMetadata,
  writeMyRights,
  writeNamespace,
  writeQuota,
  writeQuotaRoot,
} from "../../../src/protocol/imap/write/write_access.ts";
import {
  type ThreadNode,
  writeEsearch,
  writeSort,
  writeThread,
} from "../../../src/protocol/imap/write/write_results.ts";

/** What a client reads of one response. */
function read(wire: string): Response {
  const reader = new ResponseReader();
  reader.push(latin1Bytes(wire));
  const response = reader.next();
  assert(response !== null, wire);
  assertEquals(reader.next(), null);
  return response;
}

/** A value as text: literals are UTF-8 here. */
function text(value: Value | undefined): string | null {
  if (value instanceof Uint8Array) return new TextDecoder("utf-8", { ignoreBOM: true }).decode(value);
  return value as string | null;
}

Deno.test("strings stand in quotes where they may, else in literals (RFC 9051 §4.3)", () => {
  assertEquals(writeString("", false), '""');
  assertEquals(writeString('a "b" \\', false), '"a \\"b\\" \\\\"');
  assertEquals(writeString("a\r\nb", false), "{4}\r\na\r\nb");
  assertEquals(writeString("é", false), "{2}\r\n\xc3\xa9");
  assertEquals(writeString("é", true), '"\xc3\xa9"');
  assertEquals(writeString("a\0", true), "{4}\r\na\xef\xbf\xbd");
  assertEquals(writeString("x".repeat(1_001), false), `{1001}\r\n${"x".repeat(1_001)}`);
  assertEquals(writeAstring("foo/bar]", false), "foo/bar]");
  assertEquals(writeAstring("nil", false), '"nil"');
  assertEquals(writeAstring("a b", false), '"a b"');
  assertEquals(writeAstring("%", false), '"%"');
  assertEquals(writeMailbox("Entwürfe", false), "Entw&APw-rfe");
  assertEquals(writeMailbox("Entwürfe & x", true), '"Entw\xc3\xbcrfe & x"');
  assertEquals(writeBytes(null), "NIL");
  assertEquals(writeBytes(new Uint8Array([0x61, 0])), "~{2}\r\na\0");
  assertEquals(writeBytes(new Uint8Array([0x61, 0xff])), "{2}\r\na\xff");
  assertEquals(writeBytes(new Uint8Array([0x22])), '"\\""');
});

Deno.test("a client reads every string as it was", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), fc.boolean(), (sent, utf8) => {
      const wire = `* X ${writeString(sent, utf8)} ${writeAstring(sent, utf8)} x\r\n`;
      assert([...wire].every((character) => character <= "\xff"));
      const wanted = sent.replaceAll("\0", "\ufffd").toWellFormed();
      assertEquals(read(wire).values.map(text), [wanted, wanted, "x"]);
    }),
    { seed: 43, numRuns: 3_000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (sent) => {
      const [value] = read(`* X ${writeBytes(sent)}\r\n`).values;
      const got = value instanceof Uint8Array ? value : latin1Bytes(toWire(value as string));
      assertEquals(got, sent);
    }),
    { seed: 44, numRuns: 2_000 },
  );
});

Deno.test("rights, quotas, metadata and namespaces (RFC 4314, 9208, 5464, 9051)", () => {
  const table: readonly (readonly [wire: string, expected: string])[] = [
    [writeAcl("INBOX", [["Fred", "rwipslxetad"], ["a b", ""]], false), '* ACL INBOX Fred rwipslxetad "a b" ""'],
    [
      writeListRights("~/Mail/saved", { identifier: "smith", always: "la", groups: ["r", "swicdkxte"] }, false),
      "* LISTRIGHTS ~/Mail/saved smith la r swicdkxte",
    ],
    [writeMyRights("INBOX", "rwiptsldaex", false), "* MYRIGHTS INBOX rwiptsldaex"],
    [
      writeQuota("", [{ name: "STORAGE", usage: 10, limit: 512 }, { name: "MESSAGE", usage: 0, limit: 9 }], false),
      '* QUOTA "" (STORAGE 10 512 MESSAGE 0 9)',
    ],
    [writeQuota("x", [], false), '* QUOTA "x" ()'],
    [writeQuotaRoot("INBOX", ["", "x"], false), '* QUOTAROOT INBOX "" "x"'],
    [
      writeMetadata("", [["/shared/comment", new Uint8Array([0x61])], ["/private/x y", null]], false),
      '* METADATA "" (/shared/comment "a" "/private/x y" NIL)',
    ],
    [
      writeNamespace({
        personal: [{ prefix: "", separator: "/" }],
        others: [{ prefix: "Other Users/", separator: "/" }, { prefix: "~", separator: "/" }],
        shared: [],
      }, false),
      '* NAMESPACE (("" "/")) (("Other Users/" "/")("~" "/")) NIL',
    ],
  ];
  for (const [wire, expected] of table) assertEquals(wire, `${expected}\r\n`);
});

Deno.test("what searches found (RFC 9051 §7.3.4, 5256, 5267, 6203, 7377, 9394)", () => {
  assertEquals(
    writeEsearch({ tag: "A282", uid: false, min: 2, count: 3 }, false),
    '* ESEARCH (TAG "A282") MIN 2 COUNT 3\r\n',
  );
  assertEquals(
    writeEsearch({ tag: "a\\", uid: true, all: [], count: 0, modSeq: 7 }, false),
    '* ESEARCH (TAG "a\\\\") UID COUNT 0 MODSEQ 7\r\n',
  );
  assertEquals(
    writeEsearch({
      tag: "t",
      in: { mailbox: "a b", uidValidity: 385759045 },
      uid: true,
      max: 9,
      all: [1, 3, 9, 9],
      partial: { range: { first: -1, last: -100 }, pairs: [] },
      relevancy: [4, 100],
    }, false),
    '* ESEARCH (TAG "t" MAILBOX "a b" UIDVALIDITY 385759045) UID MAX 9 ALL 1:3,9 PARTIAL (-1:-100 NIL) RELEVANCY (4 100)\r\n',
  );
  assertEquals(
    writeEsearch({ tag: "t", uid: false, addTo: [[1, [2, 2]], [3, [5, 7]]], removeFrom: [[0, [9, 9]]] }, false),
    '* ESEARCH (TAG "t") ADDTO (1 2 3 5:7) REMOVEFROM (0 9)\r\n',
  );
  assertEquals(writeSort([5, 3, 4]), "* SORT 5 3 4\r\n");
  assertEquals(writeSort([]), "* SORT\r\n");
  assertEquals(writeSort([5], 12), "* SORT 5 (MODSEQ 12)\r\n");
});

Deno.test("threads are lists within lists, where they part (RFC 5256 §4)", () => {
  const node = (number: number | null, ...children: ThreadNode[]): ThreadNode => ({ number, children });
  assertEquals(writeThread([]), "* THREAD\r\n");
  assertEquals(
    writeThread([
      node(2),
      node(3, node(6, node(4, node(23)), node(44, node(7, node(96))))),
    ]),
    "* THREAD (2)(3 6 (4 23)(44 7 96))\r\n",
  );
  assertEquals(writeThread([node(null, node(3), node(5))]), "* THREAD ((3)(5))\r\n");
  let deep = node(100_000);
  for (let number = 99_999; number > 0; number--) deep = node(number, deep);
  assertEquals(read(writeThread([deep])).values[0], Array.from({ length: 100_000 }, (_, i) => String(i + 1)));
});
