/** Searches kept by name (FILTERS, RFC 5466). */
import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../../src/base/bytes.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { loggedIn, say } from "./support.ts";

/** Four letters, the odd ones seen. */
function selected(filters: Readonly<Record<string, string>> = {}) {
  const mailboxes = new FakeMailboxes();
  for (let i = 1; i <= 4; i++) mailboxes.deliver("INBOX", `Subject: letter ${i} Grüße\r\n\r\nbody ${i}\r\n`, i % 2);
  const values = Object.entries(filters).map(([name, value]) => ({
    entry: name.startsWith("/") ? name : `/private/filters/values/${name}`,
    value: utf8(value),
  }));
  for (const value of values) mailboxes.answer("mailbox.setMetadata", { name: "", values: [value] });
  const client = loggedIn(mailboxes);
  say(client, "s SELECT INBOX");
  return { mailboxes, client };
}

Deno.test("a filter that is kept stands for its keys, in any search", () => {
  const { client } = selected();
  assertEquals(
    say(
      client,
      '1 SETMETADATA "" (/private/filters/values/On-The-Road "OR SUBJECT \\"letter 1\\" SUBJECT \\"letter 4\\"")',
    ),
    ["1 OK Done"],
  );
  assertEquals(say(client, "2 SEARCH FILTER on-the-road")[0], "* SEARCH 1 4");
  assertEquals(say(client, "3 SEARCH NOT FILTER ON-THE-ROAD SEEN")[0], "* SEARCH 3");
  assertEquals(say(client, "4 SORT (REVERSE ARRIVAL) UTF-8 OR FILTER on-the-road 2")[0], "* SORT 4 2 1");
  assertEquals(
    say(client, "5 ESEARCH IN (inboxes) RETURN (COUNT) FILTER on-the-road")[0],
    '* ESEARCH (TAG "5" MAILBOX INBOX UIDVALIDITY 1001) UID COUNT 2',
  );
  assertEquals(say(client, "6 THREAD ORDEREDSUBJECT UTF-8 FILTER none"), [
    "6 NO [UNDEFINED-FILTER none] No such filter",
  ]);
});

Deno.test("texts of a filter are UTF-8, in quotes or as literals", () => {
  const { client } = selected({
    quoted: 'TEXT "Grüße" 1',
    literal: "TEXT {7}\r\nGrüße 2",
    broken: "SUBJECT {9}\r\nx",
  });
  assertEquals(say(client, "1 SEARCH FILTER quoted")[0], "* SEARCH 1");
  assertEquals(say(client, "2 SEARCH FILTER literal")[0], "* SEARCH 2");
  assertEquals(say(client, "3 SEARCH FILTER broken")[0], "3 NO [UNDEFINED-FILTER broken] No such filter");
});

Deno.test("the user's own filter goes before one for all", () => {
  const { client } = selected({ "/shared/filters/values/mine": "1", mine: "2", "/shared/filters/values/all": "3" });
  assertEquals(say(client, "1 SEARCH FILTER mine")[0], "* SEARCH 2");
  assertEquals(say(client, "2 SEARCH FILTER all")[0], "* SEARCH 3");
});

Deno.test("filters may name filters three deep; a loop is as good as none", () => {
  const { client } = selected({
    ...{ a: "FILTER b", b: "FILTER c", c: "SEEN", d: "FILTER a" },
    ...{ loop: "FILTER loop", one: "SEEN FILTER two", two: "FILTER one" },
  });
  assertEquals(say(client, "1 SEARCH FILTER a")[0], "* SEARCH 1 3");
  assertEquals(say(client, "2 SEARCH FILTER d")[0], "2 NO [UNDEFINED-FILTER c] No such filter");
  assertEquals(say(client, "3 SEARCH FILTER loop")[0], "3 NO [UNDEFINED-FILTER loop] No such filter");
  assertEquals(say(client, "4 SEARCH FILTER one")[0]?.slice(0, 23), "4 NO [UNDEFINED-FILTER ");
});

Deno.test("what is no filter is not kept", () => {
  const { client } = selected();
  const set = (name: string, value: string) =>
    say(client, `1 SETMETADATA "" ("/private/filters/values/${name}" ${value})`)[0];
  for (const value of ['"OR SMALLER"', '"SEEN "', '""', '"SEEN)"', '"CHARSET UTF-8 SEEN"']) {
    assertEquals(set("x", value), "1 NO Not search keys, or not the name of a filter", value);
  }
  assertEquals(set("a/b", '"SEEN"'), "1 NO Not search keys, or not the name of a filter");
  assertEquals(set("x", '"SEEN (UNDELETED)"'), "1 OK Done");
  assertEquals(set("x", "NIL"), "1 OK Done");
  assertEquals(say(client, "2 SEARCH FILTER x"), ["2 NO [UNDEFINED-FILTER x] No such filter"]);
  assertEquals(say(client, "3 SEARCH FILTER a/b")[0]?.slice(0, 5), "3 BAD");
  // Descriptions may say anything.
  assertEquals(say(client, '4 SETMETADATA "" (/private/filters/descriptions/x "on the road")'), ["4 OK Done"]);
});

Deno.test("filters that would become too many keys are refused before they are made", () => {
  const many = (name: string) => Array(1_900).fill(`FILTER ${name}`).join(" ");
  const { client, mailboxes } = selected({ a: many("b"), b: many("c"), c: many("d"), d: "SEEN", few: "SEEN SEEN" });
  const before = performance.now();
  assertEquals(say(client, "1 SEARCH FILTER a"), ["1 NO [LIMIT] Too many search keys"]);
  assertEquals(say(client, `2 SEARCH ${many("few")}`), ["2 NO [LIMIT] Too many search keys"]);
  assertEquals(say(client, `3 SEARCH ${Array.from({ length: 101 }, (_, i) => `FILTER n${i}`).join(" ")}`), [
    "3 NO [LIMIT] Too many search keys",
  ]);
  assert(performance.now() - before < 2_000);
  assertEquals(mailboxes.asked.filter((name) => name === "mailbox.search"), []);
});

Deno.test("RELEVANCY and MODSEQ in a filter count as if they stood in the search", () => {
  const { client } = selected({ fuzzy: "FUZZY SUBJECT letter", modseq: "MODSEQ 4" });
  assertEquals(
    say(client, "1 SEARCH RETURN (RELEVANCY ALL) FILTER fuzzy")[0],
    '* ESEARCH (TAG "1") ALL 1:4 RELEVANCY (10 11 12 13)',
  );
  assertEquals(say(client, "2 SEARCH FILTER modseq")[0], "* SEARCH 3 4 (MODSEQ 5)");
});

Deno.test("a filter that names sequence numbers is none for who knows UIDs only (RFC 9586 §3.2)", () => {
  const { mailboxes, client } = selected({ first: "NOT 2:*", uid: "UID 1" });
  assertEquals(say(client, "1 UID SEARCH FILTER first")[0], "* SEARCH 1");
  const other = loggedIn(mailboxes);
  say(other, "e ENABLE UIDONLY", "s SELECT INBOX");
  assertEquals(say(other, "2 UID SEARCH FILTER uid")[0], "* SEARCH 1");
  assertEquals(say(other, "3 UID SEARCH FILTER first").at(-1)?.slice(0, 21), "3 BAD [UIDREQUIRED] O");
});
