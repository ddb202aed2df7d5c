import { assertEquals } from "@std/assert";
import { entryMatcher, isEntryPattern } from "../../src/mail/message_annotation.ts";

Deno.test("wildcards stand for one or more characters of an entry's name, % for none that is a slash (RFC 5257 §4.3)", () => {
  const entries = ["/comment", "/altsubject", "/1/comment", "/1.2/flags/seen", "/vendor/x/label"];
  const matching = (pattern: string) => entries.filter(entryMatcher(pattern));
  assertEquals(matching("/*"), entries);
  assertEquals(matching("*"), entries);
  assertEquals(matching("/%"), ["/comment", "/altsubject"]);
  assertEquals(matching("/%/comment"), ["/1/comment"]);
  assertEquals(matching("*comment"), ["/comment", "/1/comment"]);
  assertEquals(matching("/comment*"), []);
  assertEquals(matching("/%/%/%"), ["/1.2/flags/seen", "/vendor/x/label"]);
  assertEquals(matching("/1*"), ["/1/comment", "/1.2/flags/seen"]);
  assertEquals(matching("/COMMENT"), []);
  assertEquals(matching("/comment"), ["/comment"]);
  assertEquals(matching(""), []);
  assertEquals(["/*", "/%", "/a"].map(isEntryPattern), [true, true, false]);
});

Deno.test("a pattern of wildcards takes no longer than its length times that of the name", () => {
  const matches = entryMatcher("*%".repeat(100));
  const began = performance.now();
  for (let i = 0; i < 100; i++) assertEquals(matches(`${"a".repeat(199)}/`), false);
  assertEquals(performance.now() - began < 5_000, true);
});
