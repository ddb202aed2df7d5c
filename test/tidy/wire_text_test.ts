import { assertEquals } from "@std/assert";
import { mask } from "./mask.ts";
import { assertNone, place, sources } from "./sources.ts";

/** Starts of protocol lines: POP3 replies, SMTP replies, IMAP untagged replies and commands of any of them. */
const WIRE_TEXT =
  /["'`](\+OK|-ERR|\* (BYE|OK|NO|BAD|PREAUTH)\b|[2-5][0-9]{2}[ -](?=[A-Z0-9])|[2-5][0-9]{2}[ -]["'`]|(EHLO|HELO|MAIL FROM|RCPT TO):?[ \\])/g;

function wireTexts(text: string): number[] {
  return [...mask(text, "codeAndStrings").matchAll(WIRE_TEXT)].map((match) => match.index);
}

Deno.test("wire text stands only in the codecs", () => {
  const findings: string[] = [];
  for (const source of sources(["src", "workers"])) {
    if (source.path.startsWith("src/protocol/")) continue;
    for (const at of wireTexts(source.text)) findings.push(`${place(source, at)}: ${source.text.slice(at, at + 30)}`);
  }
  assertNone(findings, "What goes over the wire is written under src/protocol only:");
});

Deno.test("the rule catches replies, and lets numbers and prose pass", () => {
  for (const text of ['"+OK x"', "`-ERR ${x}`", '"250 "', '"250-PIPELINING"', "'* BYE'", '"EHLO "', '"550 5.1.1 No"']) {
    assertEquals(wireTexts(text).length, 1, text);
  }
  for (const text of ['// "250 "', "250 - 1", '"250"', '"250 messages"', '"2026-11"', '"mail from"']) {
    assertEquals(wireTexts(text), [], text);
  }
});
