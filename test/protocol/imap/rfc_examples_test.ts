import { assert, assertEquals } from "@std/assert";
import { parsed, problemOf } from "./support/parse.ts";
import { RFC_EXAMPLES } from "./support/rfc_examples.ts";

/** RFCs whose examples are of sessions with UTF-8. */
const WITH_UTF8: ReadonlySet<string> = new Set(["9051"]);

Deno.test("every command of the examples in RFCs is taken", () => {
  let count = 0;
  for (const [rfc, lines] of Object.entries(RFC_EXAMPLES)) {
    for (const line of lines.trim().split("\n")) {
      const result = parsed(line, { utf8: WITH_UTF8.has(rfc) });
      assert(result.type === "command", `RFC ${rfc}: ${line}: ${result.type === "bad" ? result.problem.text : ""}`);
      count++;
    }
  }
  assert(count > 250, `${count} examples`);
});

Deno.test("examples that RFCs show to be wrong, or got wrong, are refused", () => {
  // RFC 4314 §3.1: upper case is reserved.
  assertEquals(problemOf("SETACL INBOX/Drafts John lrQswicda"), "Not rights");
  // RFC 5267 §4.3.1 forgets the sort criteria.
  assertEquals(problemOf("SORT RETURN (UPDATE) FLAGGED"), "Missing an opening parenthesis");
  // RFC 5464 §4.4.1 forgets the parentheses.
  assertEquals(
    problemOf('GETMETADATA "INBOX" /private/comment /shared/comment'),
    "Unexpected text after the arguments",
  );
  // RFC 5182 §2.3 shows a request without search keys.
  assertEquals(problemOf("SEARCH RETURN (MAX SAVE MIN COUNT)"), "Missing a space");
});
