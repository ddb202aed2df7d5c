import { assertEquals } from "@std/assert";
import { isWithin, scopeOf, SPECIAL_USES, specialUseValue } from "../../src/mail/mod.ts";

Deno.test("an entry is private or shared by its first step, in any case, or it is none (RFC 5464 §3.2)", () => {
  const cases: readonly [string, string | null][] = [
    ["/private", "private"],
    ["/Private/comment", "private"],
    ["/SHARED/vendor/x", "shared"],
    ["/sharedx", null],
    ["private/x", null],
    ["/other/private", null],
    ["", null],
    ["/__proto__", null],
  ];
  for (const [entry, scope] of cases) assertEquals(scopeOf(entry), scope, entry);
});

Deno.test("depth reaches the entry itself, those right below, or all below (RFC 5464 §4.2.2)", () => {
  const entries = ["/a", "/a/b", "/a/b/c", "/ab"];
  const within = (depth: "0" | "1" | "infinity") => entries.filter((entry) => isWithin(entry, "/a", depth));
  assertEquals(within("0"), ["/a"]);
  assertEquals(within("1"), ["/a", "/a/b"]);
  assertEquals(within("infinity"), ["/a", "/a/b", "/a/b/c"]);
});

Deno.test("special uses are annotated as LIST shows them (RFC 6154 §4)", () => {
  assertEquals(
    SPECIAL_USES.map(specialUseValue).join(" "),
    "\\All \\Archive \\Drafts \\Flagged \\Important \\Junk \\Sent \\Trash",
  );
});
