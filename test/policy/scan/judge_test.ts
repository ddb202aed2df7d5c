import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../../../src/base/mod.ts";
import { readMessage } from "../../../src/policy/header/mod.ts";
import {
  formatField,
  judgeScan,
  parseHeaderRule,
  type RspamdAnswer,
  type ScanFindings,
  type ScannerRules,
  type ScanScene,
  type ScanSettings,
} from "../../../src/policy/scan/mod.ts";

const RULES: ScannerRules = { scan: "both", bytesMax: 1_000, onLarge: "accept", onFailure: "accept" };
const STRICT = { ...RULES, onLarge: "refuse", onFailure: "defer" } as const;
const FLAG = [parseHeaderRule("X-Spam-Flag: YES")!];
const FAILED = { type: "unscanned", why: "failed" } as const;
const LARGE = { type: "unscanned", why: "tooLarge" } as const;
const CLEAN = { type: "clean" } as const;
const VIRUS = { type: "virus", name: "Eicar" } as const;

const settings = (over: Partial<ScanSettings> = {}): ScanSettings => ({
  hostname: "mx.test",
  rspamd: { ...RULES, rejectScore: null, junkScore: null },
  clamav: { ...RULES, onVirus: "refuse" },
  junk: FLAG,
  ...over,
});
const answered = (over: Partial<RspamdAnswer> = {}) => ({
  type: "answer" as const,
  answer: {
    action: "no action",
    score: 1.25,
    requiredScore: 15,
    symbols: [],
    text: null,
    add: [],
    remove: [],
    ...over,
  } satisfies RspamdAnswer,
});
const judge = (findings: Partial<ScanFindings>, of = settings(), scene: Partial<ScanScene> = {}) =>
  judgeScan({ rspamd: null, clamav: null, ...findings }, of, { direction: "incoming", staysHere: true, ...scene });
/** What is done, in words. */
const done = (...args: Parameters<typeof judge>) => {
  const { disposition, result } = judge(...args);
  const code = "enhanced" in disposition ? ` ${disposition.enhanced} ${disposition.text}` : "";
  return `${result}: ${disposition.type}${code}`;
};

Deno.test("clean mail bears what was found, as SpamAssassin and the milter of ClamAV write it", () => {
  const { disposition, fields, remove, notes } = judge({ rspamd: answered({ symbols: ["A", "B"] }), clamav: CLEAN });
  assertEquals(disposition, { type: "accept" });
  assertEquals(
    fields,
    "X-Virus-Scanned: ClamAV at mx.test\r\nX-Virus-Status: Clean\r\n" +
      "X-Spam-Status: No, score=1.25 required=15.00\r\n\ttests=A,B\r\n" +
      "X-Spam-Score: 1.25\r\nX-Spam-Level: *\r\nX-Rspamd-Action: no action\r\n",
  );
  const free = judge({ rspamd: answered({ requiredScore: null }) });
  assert(free.fields.startsWith("X-Spam-Status: No, score=1.25\r\n"));
  assertEquals(free.notes, ["rspamd: no action 1.25/-"]);
  assert(["x-spam-flag", "x-spam-status", "x-virus-scanned", "x-virus-status"].every((name) => remove.includes(name)));
  assertEquals(notes, ["clamav: clean", "rspamd: no action 1.25/15.00 A,B"]);
});

Deno.test("rspamd's actions and the scores of the config decide: on, junk, not now, never", () => {
  const of = (over: Partial<RspamdAnswer>, rules = {}) =>
    done(
      { rspamd: answered(over) },
      settings({ rspamd: { ...RULES, rejectScore: null, junkScore: null, ...rules } }),
    );
  assertEquals(of({ action: "no action" }), "clean: accept");
  assertEquals(of({ action: "greylist" }), "clean: accept", "only rspamd's own greylist can put off, by soft reject");
  assertEquals(of({ action: "of the operator" }), "clean: accept");
  for (const action of ["add header", "rewrite subject", "quarantine"]) {
    assertEquals(of({ action }), "junk: quarantine");
  }
  assertEquals(of({ action: "soft reject" }), "deferred: defer 4.7.1 Try again later");
  assertEquals(of({ action: "soft reject", text: "Too fast" }), "deferred: defer 4.7.1 Too fast");
  assertEquals(of({ action: "reject", text: "Gtube pattern" }), "spam: reject 5.7.1 Gtube pattern");
  assertEquals(of({ action: "discard" }), "spam: reject 5.7.1 Rejected as spam", "nothing acknowledged is thrown away");
  assertEquals(of({ score: 9.99 }, { rejectScore: 10, junkScore: 10 }), "clean: accept");
  assertEquals(of({ score: 10 }, { rejectScore: null, junkScore: 10 }), "junk: quarantine");
  assertEquals(of({ score: 10, text: "x" }, { rejectScore: 10, junkScore: 5 }), "spam: reject 5.7.1 Rejected as spam");
});

Deno.test("a virus is refused, or filed as junk where that is wanted and the mail stays here", () => {
  const junk = settings({ clamav: { ...RULES, onVirus: "junk" } });
  assertEquals(done({ clamav: VIRUS }), "virus: reject 5.7.1 Virus found: Eicar");
  assertEquals(done({ clamav: VIRUS }, junk), "virus: quarantine");
  assert(judge({ clamav: VIRUS }, junk).fields.includes("X-Virus-Status: Infected (Eicar)\r\n"));
  assertEquals(done({ clamav: VIRUS }, junk, { staysHere: false }), "virus: reject 5.7.1 Virus found: Eicar");
  assertEquals(done({ clamav: VIRUS }, junk, { direction: "outgoing" }), "virus: reject 5.7.1 Virus found: Eicar");
});

Deno.test("a scanner that failed lets mail on with a field that says so, or has it come again; likewise one too large", () => {
  const strict = settings({ clamav: { ...STRICT, onVirus: "refuse" } });
  assertEquals(done({ clamav: FAILED, rspamd: FAILED }), "unscanned: accept");
  assertEquals(
    judge({ clamav: FAILED, rspamd: LARGE }).fields,
    "X-Virus-Status: Unscanned (scanner failed)\r\nX-Spam-Status: No, unscanned (too large)\r\n",
  );
  assertEquals(done({ clamav: LARGE, rspamd: answered() }), "tooLarge: accept");
  assertEquals(done({ clamav: FAILED }, strict), "deferred: defer 4.7.1 Cannot be scanned now, try again later");
  assertEquals(done({ clamav: LARGE }, strict), "tooLarge: reject 5.3.4 Too large to be scanned");
});

Deno.test("the weightiest verdict holds: refused, then not now, then junk", () => {
  const strict = settings({ clamav: { ...STRICT, onVirus: "refuse" } });
  const spam = answered({ action: "add header" });
  assertEquals(
    done({ rspamd: spam, clamav: FAILED }, strict),
    "deferred: defer 4.7.1 Cannot be scanned now, try again later",
  );
  assertEquals(
    done({ rspamd: answered({ action: "reject" }), clamav: FAILED }, strict),
    "spam: reject 5.7.1 Rejected as spam",
  );
  assertEquals(done({ rspamd: spam, clamav: VIRUS }, strict), "virus: reject 5.7.1 Virus found: Eicar");
  assertEquals(done({ rspamd: spam, clamav: CLEAN }, strict), "junk: quarantine");
});

Deno.test("only fields of scanners are put on and taken away, and rspamd's come in the place of ours", () => {
  const add = [["X-Spam", "Yes"], ["x-spam-status", "mine"], ["From", "evil@x.test"], ["Received", "x"]] as const;
  const { fields, remove } = judge({ rspamd: answered({ action: "add header", add, remove: ["X-Php", "Date"] }) });
  assertEquals(
    fields,
    "X-Spam-Flag: YES\r\nX-Spam-Score: 1.25\r\nX-Spam-Level: *\r\nX-Rspamd-Action: add header\r\nX-Spam: Yes\r\nx-spam-status: mine\r\n",
  );
  assert(remove.includes("x-php") && remove.includes("x-spam"));
  assert(remove.every((name) => name.startsWith("x-")));
});

Deno.test("mail is junk by the rules of the config, and by nothing where there are none", () => {
  const spam = { rspamd: answered({ action: "add header", add: [["X-Bar", "+++"]] }) };
  assertEquals(done(spam, settings({ junk: [] })), "clean: accept");
  assertEquals(done(spam, settings({ junk: [parseHeaderRule("X-Bar: +*")!] })), "junk: quarantine");
  assertEquals(done(spam, settings({ junk: [parseHeaderRule("X-Other: +*")!] })), "clean: accept");
  assert(judge(spam, settings({ junk: [parseHeaderRule("X-Other: 1")!] })).remove.includes("x-other"));
});

Deno.test("mail of our own users is refused or deferred like any, but bears nothing and is never junk", () => {
  const outgoing = { direction: "outgoing" } as const;
  const spam = { rspamd: answered({ action: "add header" }), clamav: CLEAN };
  const { fields, remove } = judge(spam, settings(), outgoing);
  assertEquals([fields, remove], ["", []]);
  assertEquals(done(spam, settings(), outgoing), "clean: accept");
  assertEquals(
    done({ rspamd: answered({ action: "reject" }) }, settings(), outgoing),
    "spam: reject 5.7.1 Rejected as spam",
  );
  const incoming = settings({ rspamd: { ...RULES, scan: "incoming", rejectScore: null, junkScore: null } });
  assertEquals(done({ rspamd: answered({ action: "reject" }) }, incoming, outgoing), "clean: accept");
});

Deno.test("whatever a field is made of, it stays one field of printable lines that are short enough", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 3_000 }), (value) => {
      const raw = formatField(["X-A", `v${value}`]);
      assertEquals(readMessage([utf8(`${raw}\r\n`)]).fields.length, 1);
      assert(/^[\x20-\x7e\r\n\t]*$/.test(raw));
      assert(raw.split("\r\n").every((line) => line.length <= 998 && !/^[ \t]+$/.test(line)));
    }),
    { seed: 25, numRuns: 1_000 },
  );
  assertEquals(formatField(["X-A", "one\n\ttwo\r\n three"]), "X-A: one\r\n\ttwo\r\n\tthree\r\n");
  assertEquals(formatField(["X-A", "a\n".repeat(200)]).split("\r\n").length, 101);
});

Deno.test("a long list of tests is folded", () => {
  const symbols = Array.from({ length: 40 }, (_, i) => `SYMBOL_NUMBER_${i}`);
  const lines = judge({ rspamd: answered({ symbols }) }).fields.split("\r\n");
  assert(lines.every((line) => line.length <= 78), lines.find((line) => line.length > 78));
  const status = lines.slice(0, lines.findIndex((line) => line.startsWith("X-Spam-Score"))).join("");
  assertEquals(status.replaceAll("\t", "").split("tests=")[1], symbols.join(","));
});
