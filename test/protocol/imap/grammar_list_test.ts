import { assertEquals } from "@std/assert";
import { commandOf, parsed, problemOf } from "./support/parse.ts";

/** What a LIST says beyond the plainest one. */
function listed(text: string, options: { readonly utf8?: boolean } = {}): Record<string, unknown> {
  const { verb: _, selection, returns, ...rest } = commandOf(`LIST ${text}`, options) as Record<string, unknown>;
  const said = (flags: unknown) =>
    Object.fromEntries(
      Object.entries(flags as object).filter(([, value]) => value !== false && (value as unknown[]).length !== 0),
    );
  return { ...rest, ...said(selection), returns: said(returns) };
}

Deno.test("a plain LIST has a reference and a pattern (RFC 9051 §6.3.9)", () => {
  const plain = { extended: false, returns: {} };
  assertEquals(listed('"" ""'), { ...plain, reference: "", patterns: [""] });
  assertEquals(listed('"" *'), { ...plain, reference: "", patterns: ["*"] });
  assertEquals(listed("~/Mail/ %]x%"), { ...plain, reference: "~/Mail/", patterns: ["%]x%"] });
  assertEquals(listed('"" "Entw&APw-*"'), { ...plain, reference: "", patterns: ["Entwü*"] });
  assertEquals(listed('"" "Entw\xc3\xbc*"', { utf8: true }), { ...plain, reference: "", patterns: ["Entwü*"] });
  assertEquals(listed('"" {2+}\r\na%'), { ...plain, reference: "", patterns: ["a%"] });
});

Deno.test("what no name can be decoded from matches nothing", () => {
  assertEquals(listed('"" "a&b*"').patterns, []);
  assertEquals(listed('"a&" *').patterns, []);
  assertEquals(commandOf('LSUB "" "a&b"'), { verb: "LSUB", reference: "", pattern: "//" });
});

Deno.test("an extended LIST selects and returns more (RFC 5258, 5819, 6154, 8440, 9590)", () => {
  assertEquals(listed('(SUBSCRIBED recursivematch) "" "*"'), {
    extended: true,
    reference: "",
    patterns: ["*"],
    subscribed: true,
    recursiveMatch: true,
    returns: {},
  });
  assertEquals(listed('(REMOTE SPECIAL-USE) "" (a "b c" %)'), {
    extended: true,
    reference: "",
    patterns: ["a", "b c", "%"],
    remote: true,
    specialUse: true,
    returns: {},
  });
  assertEquals(listed('() "" % RETURN ()'), { extended: true, reference: "", patterns: ["%"], returns: {} });
  assertEquals(
    listed(
      '"" % RETURN (CHILDREN subscribed SPECIAL-USE MYRIGHTS STATUS (MESSAGES UNSEEN) METADATA ("/shared/x" /private/y))',
    ),
    {
      extended: true,
      reference: "",
      patterns: ["%"],
      returns: {
        children: true,
        subscribed: true,
        specialUse: true,
        myRights: true,
        status: ["MESSAGES", "UNSEEN"],
        metadata: ["/shared/x", "/private/y"],
      },
    },
  );
  assertEquals(commandOf('LSUB "#news." "comp.*"'), { verb: "LSUB", reference: "#news.", pattern: "comp.*" });
});

Deno.test("lists that are none are refused", () => {
  for (
    const text of [
      "",
      '""',
      '"" ',
      '"" ()',
      '"" (a',
      '(RECURSIVEMATCH) "" *',
      '(RECURSIVEMATCH REMOTE) "" *',
      '(FOO) "" *',
      '"" * RETURN',
      '"" * RETURN (FOO)',
      '"" * RETURN (STATUS)',
      '"" * RETURN (STATUS ())',
      '"" * RETURN (METADATA (x))',
      '"" * (CHILDREN)',
      '"" "a\xff"',
    ]
  ) assertEquals(parsed(`LIST ${text}`).type, "bad", text);
  assertEquals(problemOf(`LIST "" ${"x".repeat(1_001)}`), "limit: A pattern is too long");
  assertEquals(problemOf(`LIST "" (${"x ".repeat(100)}x)`), "limit: Too many patterns");
});
