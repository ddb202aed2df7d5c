import { assertEquals } from "@std/assert";
import { MAILBOX_LEVELS_MAX, MAILBOX_NAME_BYTES_MAX, parseMailboxName } from "../../src/mail/mailbox_name.ts";

Deno.test("a name has 400 octets at most, however few characters they are: keys of the store hold no more", () => {
  assertEquals(parseMailboxName("x".repeat(MAILBOX_NAME_BYTES_MAX))?.length, 400);
  assertEquals(parseMailboxName("x".repeat(MAILBOX_NAME_BYTES_MAX + 1)), null);
  assertEquals(parseMailboxName("\u00e9".repeat(200))?.length, 200);
  assertEquals(parseMailboxName(`${"\u00e9".repeat(200)}x`), null);
  assertEquals(parseMailboxName("\u4e2d".repeat(134)), null);
  // Composed, it is short enough; the other way round it would not be.
  assertEquals(parseMailboxName("e\u0301".repeat(200))?.length, 200);
});

Deno.test("a name has fifty levels at most, none of them empty, a dot or two, or with a wildcard or control character", () => {
  const levels = (count: number) => Array.from({ length: count }, () => "x").join("/");
  assertEquals(parseMailboxName(levels(MAILBOX_LEVELS_MAX))?.split("/").length, 50);
  assertEquals(parseMailboxName(levels(MAILBOX_LEVELS_MAX + 1)), null);
  for (
    const bad of [
      "",
      ".",
      "..",
      "a/../b",
      "a/.",
      "a//b",
      "/a",
      "a/",
      "a*",
      "%",
      "a\u0000",
      "a\r\nb",
      "\u0085",
      "\ud800",
    ]
  ) {
    assertEquals(parseMailboxName(bad), null, JSON.stringify(bad));
  }
  for (const good of ["...", "a.b", ".a", "__proto__", "../x".replace("/", ""), "~"]) {
    assertEquals(parseMailboxName(good), good);
  }
});

Deno.test("INBOX is one name in any case, and so is what lies below it", () => {
  assertEquals(["inbox", "InBox/Sub", "inboxes"].map(parseMailboxName), ["INBOX", "INBOX/Sub", "inboxes"] as never);
});
