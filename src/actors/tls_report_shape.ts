import { parseDomain } from "../mail/mod.ts";
import { fieldsOf, isCount, isListOf, isName, isText, isWhole } from "./shape.ts";

const LINE_CHARS_MAX = 140_000; // A TLSA record may hold a whole certificate, in hex.
const WORD_CHARS_MAX = 2_048;
const DAY_MS_MAX = 8.64e15;
const MAX = { policies: 100, lines: 2_000, details: 1_000 };

/** Whether that is what became of TLS with a domain on one day. */
export function isTlsReport(value: unknown): boolean {
  const report = fieldsOf(value);
  return report !== null && isTlsDay(value) && isListOf(report["policies"], MAX.policies, isPolicy);
}

/** Whether that names a domain and a day. */
export function isTlsDay(value: unknown): boolean {
  const day = fieldsOf(value);
  const domain = day?.["domain"];
  return day !== null && typeof domain === "string" && parseDomain(domain) === domain &&
    isWhole(day["dayMs"], 0, DAY_MS_MAX);
}

function isPolicy(value: unknown): boolean {
  const summary = fieldsOf(value);
  const policy = fieldsOf(summary?.["policy"]);
  const isLine = (line: unknown) => isText(line, LINE_CHARS_MAX);
  return summary !== null && policy !== null && isName(policy["type"], WORD_CHARS_MAX) &&
    isListOf(policy["lines"], MAX.lines, isLine) && isListOf(policy["hosts"], MAX.lines, isLine) &&
    isCount(summary["successes"]) && isCount(summary["failures"]) &&
    isListOf(summary["details"], MAX.details, isDetail);
}

function isDetail(value: unknown): boolean {
  const detail = fieldsOf(value);
  const isWord = (word: unknown) => word === null || isText(word, WORD_CHARS_MAX);
  return detail !== null && isName(detail["result"], WORD_CHARS_MAX) && isCount(detail["count"]) &&
    ["host", "sourceAddress", "address", "reason"].every((key) => isWord(detail[key]));
}
