import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../../src/base/mod.ts";
import { parseStructure, REFERENCES_MAX, threadId, threadIds } from "../../src/mime/mod.ts";

function idOf(header: string, emailId = "M0-1"): string {
  return threadId(threadIds(parseStructure(utf8(`${header}\r\n\r\n`)).root.fields), emailId);
}

const ROOT = idOf("Message-ID: <root@a.test>");

Deno.test("the first message, its replies and theirs are one conversation, whichever way they name it", () => {
  assertEquals(idOf("Message-ID: <1@b.test>\r\nIn-Reply-To: <root@a.test>"), ROOT);
  assertEquals(idOf("Message-ID: <2@b.test>\r\nReferences: <root@a.test> <1@b.test>\r\nIn-Reply-To: <1@b.test>"), ROOT);
  const many = Array.from({ length: 5_000 }, (_, i) => `<${i}@c.test>`).join("\r\n ");
  assert(REFERENCES_MAX < 5_000);
  assertEquals(idOf(`Message-ID: <3@b.test>\r\nReferences: <root@a.test>\r\n ${many}`), ROOT);
  assertNotEquals(idOf("Message-ID: <other@a.test>"), ROOT);
  assertNotEquals(idOf("Message-ID: <ROOT@a.test>"), ROOT);
});

Deno.test("a message without an id is a conversation of its own, the same for its copies", () => {
  assertEquals(idOf("Subject: x", "M3-1a"), "TM3-1a");
  assertEquals(idOf("Message-ID: nothing", "M3-1b"), "TM3-1b");
});

Deno.test("an id stays what it is from one version of the program to the next", () => {
  assertEquals(ROOT, "T1moj6zl1dmfa851auxwhx0vapqu5");
});

Deno.test("ids are object ids, and different for different conversations (RFC 8474 §7, seeded)", () => {
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 30, unit: "binary" }), (messageId) => {
      const id = threadId({ references: [], inReplyTo: null, messageId }, "M0-1");
      assert(/^[A-Za-z0-9_-]{1,255}$/.test(id));
      assertEquals(seen.get(id) ?? messageId, messageId);
      seen.set(id, messageId);
    }),
    { seed: 3, numRuns: 5_000 },
  );
  const ids = Array.from({ length: 100_000 }, (_, i) => {
    return threadId({ references: [], inReplyTo: null, messageId: `${i}@x.test` }, "");
  });
  assertEquals(new Set(ids).size, ids.length);
});
