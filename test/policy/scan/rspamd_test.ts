import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { readRspamdAnswer, rspamdFields, type RspamdQuestion } from "../../../src/policy/scan/mod.ts";

const QUESTION: RspamdQuestion = {
  ip: "192.0.2.1",
  helo: "h.test",
  hostname: "mail.there.test",
  sender: "a@there.test",
  recipients: ["b@here.test"],
  user: null,
  id: "q1",
  server: "mx.here.test",
  password: null,
};

/** As rspamd 3.4 answers. */
const ANSWER = {
  is_skipped: false,
  score: 7.5,
  required_score: 15,
  action: "add header",
  symbols: {
    SMALL: { name: "SMALL", score: -0.5, metric_score: -0.5 },
    BIG: { name: "BIG", score: 8, options: ["x"] },
  },
  messages: {},
  "message-id": "1@b.test",
  milter: { add_headers: { "X-Spam": { value: "Yes", order: 0 } }, remove_headers: { "X-Spam": 0 } },
};

const read = (changes: object) => readRspamdAnswer(JSON.stringify({ ...ANSWER, ...changes }));

Deno.test("rspamd is told the envelope, the client and the user, each recipient in a field of its own", () => {
  assertEquals(rspamdFields(QUESTION), [
    ["From", "a@there.test"],
    ["Rcpt", "b@here.test"],
    ["Deliver-To", "b@here.test"],
    ["IP", "192.0.2.1"],
    ["Helo", "h.test"],
    ["Hostname", "mail.there.test"],
    ["Queue-Id", "q1"],
    ["MTA-Name", "mx.here.test"],
  ]);
  const other = { sender: "", recipients: ["b@here.test", "c@here.test"], ip: null, hostname: null };
  assertEquals(rspamdFields({ ...QUESTION, ...other, user: "d@here.test", password: "s3cret" }), [
    ["From", "<>"],
    ["Rcpt", "b@here.test"],
    ["Rcpt", "c@here.test"],
    ["Helo", "h.test"],
    ["User", "d@here.test"],
    ["Queue-Id", "q1"],
    ["MTA-Name", "mx.here.test"],
    ["Password", "s3cret"],
  ]);
  const many = rspamdFields({ ...QUESTION, recipients: new Array(1_001).fill("b@here.test") });
  assertEquals(many.filter(([name]) => name === "Rcpt").length, 1_000);
});

Deno.test("an answer is read with its symbols by weight and the fields it wants changed", () => {
  assertEquals(read({}), {
    action: "add header",
    score: 7.5,
    requiredScore: 15,
    symbols: ["BIG", "SMALL"],
    text: null,
    add: [["X-Spam", "Yes"]],
    remove: ["X-Spam"],
  });
  assertEquals(read({ messages: { smtp_message: " Try\r\nlater " } })?.text, "Try??later");
  const add = { "X-A": "1", "X-B": [{ value: "2", order: 1 }, "3", 4, { value: "" }], "bad name": "5", "X-C": null };
  assertEquals(read({ milter: { add_headers: add } })?.add, [["X-A", "1"], ["X-B", "2"], ["X-B", "3"]]);
  assertEquals(read({ symbols: null, milter: undefined })?.symbols, []);
});

Deno.test("what is no answer of rspamd is none, whatever else it holds", () => {
  for (const text of ["", "null", "[]", '"x"', "{", '{"error":"failed"}', "[".repeat(100_000)]) {
    assertEquals(readRspamdAnswer(text), null, text.slice(0, 20));
  }
  for (const action of [undefined, null, "", 1, {}]) assertEquals(read({ action }), null);
  for (const score of ["7", 1e7, -1e7, {}]) {
    assertEquals([read({ score }), read({ required_score: score })], [null, null]);
  }
  for (const score of [undefined, null]) {
    assertEquals(read({ score }), null);
    assertEquals(read({ required_score: score })?.requiredScore, null, "no action waits for a score");
  }
  assertEquals(readRspamdAnswer(JSON.stringify(ANSWER).replace("7.5", "1e999")), null);
});

Deno.test("every limit of an answer holds at its value and not one beyond", () => {
  const symbols = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`S${i}`, { score: 1 }]));
  assertEquals(read({ symbols: symbols(40) })?.symbols.length, 40);
  assertEquals(read({ symbols: symbols(41) })?.symbols.length, 40);
  const [name] = read({ symbols: { [`${"A".repeat(64)}B`]: {} } })!.symbols;
  assertEquals(name, "A".repeat(64));
  const add = (count: number) => ({ add_headers: { "X-A": new Array(count).fill("1") } });
  assertEquals([read({ milter: add(50) })?.add.length, read({ milter: add(51) })?.add.length], [50, 50]);
  const remove = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`X-${i}`, 0]));
  assertEquals(read({ milter: { remove_headers: remove } })?.remove.length, 50);
  assertEquals(read({ milter: { add_headers: { "X-A": "v".repeat(8_193) } } })?.add[0]?.[1].length, 8_192);
  assertEquals(read({ messages: { smtp_message: "m".repeat(201) } })?.text?.length, 200);
});

Deno.test("no JSON makes the reader throw or let a line end through", () => {
  fc.assert(
    fc.property(fc.json(), fc.string(), fc.jsonValue(), (json, name, value) => {
      readRspamdAnswer(json);
      const answer = read({
        action: name || "x",
        symbols: { [name]: value },
        messages: { smtp_message: name },
        milter: { add_headers: { [name]: value, "X-A": value }, remove_headers: { [name]: value } },
      })!;
      const words = [answer.action, ...answer.symbols, answer.text ?? "", ...answer.add.map(([name]) => name)];
      for (const word of [...words, ...answer.remove]) assert(/^[ -~]*$/.test(word), JSON.stringify(word));
    }),
    { seed: 11_333, numRuns: 2_000 },
  );
  assertEquals(Object.hasOwn(Object.prototype, "X-A"), false);
});
