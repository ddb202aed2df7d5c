import { assertEquals } from "@std/assert";
import { utf8 } from "../../../src/base/mod.ts";
import { readMessage } from "../../../src/policy/header/mod.ts";
import { matchesRule, parseHeaderRule } from "../../../src/policy/scan/mod.ts";

const matches = (rule: string, header: string) =>
  matchesRule(readMessage([utf8(`${header}\r\n\r\nX-Spam-Flag: YES\r\n`)]).fields, [parseHeaderRule(rule)!]);

Deno.test("a rule is a field and its value, or how that begins", () => {
  assertEquals(parseHeaderRule("X-Spam-Flag: YES"), { name: "x-spam-flag", value: "yes", prefix: false });
  assertEquals(parseHeaderRule("X-Spam-Status:Yes*"), { name: "x-spam-status", value: "yes", prefix: true });
  for (const text of ["", "X-Spam", "X-Spam:", "X-Spam: ", "X-Spam: *", "X Spam: yes", ": yes", "X: a\r\nb", "X: é"]) {
    assertEquals(parseHeaderRule(text), null, text);
  }
});

Deno.test("a field fulfils a rule whatever the case and the folds, its value as a whole unless the rule ends in a star", () => {
  assertEquals(matches("X-Spam-Flag: YES", "x-spam-FLAG:  yes "), true);
  assertEquals(matches("X-Spam-Flag: YES", "From: a@b.test\r\nX-Spam-Flag:\r\n\tYES"), true);
  assertEquals(matches("X-Spam-Flag: YES", "X-Spam-Flag: YES, really"), false);
  assertEquals(matches("X-Spam-Flag: YES", "X-Spam-Flags: YES"), false);
  assertEquals(matches("X-Spam-Flag: YES", "Subject: X-Spam-Flag: YES"), false, "nor does the body count");
  assertEquals(matches("X-Spam-Status: Yes*", "X-Spam-Status: yes, score=7\r\n\trequired=5"), true);
  assertEquals(matches("X-Spam-Status: Yes*", "X-Spam-Status: No, yes"), false);
});
