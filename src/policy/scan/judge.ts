import type { ClamdReply } from "./clamd.ts";
import {
  asHeader,
  foldedList,
  formatField,
  isScannersField,
  type NewField,
  SPAM_FIELDS,
  VIRUS_FIELDS,
} from "./fields.ts";
import { matchesRule } from "./header_rule.ts";
import type { RspamdAnswer } from "./rspamd.ts";
import {
  type ClamavRules,
  type RspamdRules,
  rulesFor,
  type ScanDirection,
  type ScannerRules,
  type ScanSettings,
} from "./settings.ts";

/** The scanner has not looked at the mail: it failed, or the mail is larger than it is shown any. */
export interface Unscanned {
  readonly type: "unscanned";
  readonly why: "failed" | "tooLarge";
}

/** What each scanner found; null where it was not to be asked. */
export interface ScanFindings {
  readonly rspamd: { readonly type: "answer"; readonly answer: RspamdAnswer } | Unscanned | null;
  readonly clamav: Exclude<ClamdReply, { type: "tooLarge" | "broken" }> | Unscanned | null;
}

/** What matters of a mail besides its content. */
export interface ScanScene {
  readonly direction: ScanDirection;
  /** Whether all its recipients have their mailboxes here. */
  readonly staysHere: boolean;
}

/** What is to be done with a mail; `text` is one line of printable ASCII for the client. */
export type ScanDisposition =
  | { readonly type: "accept" }
  /** Into the junk. */
  | { readonly type: "quarantine"; readonly text: string }
  /** 451. */
  | { readonly type: "defer"; readonly enhanced: string; readonly text: string }
  /** 550. */
  | { readonly type: "reject"; readonly enhanced: string; readonly text: string };

/** One word for counters. */
export type ScanResult = "clean" | "junk" | "spam" | "virus" | "deferred" | "tooLarge" | "unscanned";

/** What follows from all findings. */
export interface ScanVerdict {
  readonly disposition: ScanDisposition;
  readonly result: ScanResult;
  /** Fields with their CRLFs, to stand above the mail; "" for none. */
  readonly fields: string;
  /** Names in lower case of fields that are to be taken away. */
  readonly remove: readonly string[];
  /** What each scanner said, one printable line each, for the log. */
  readonly notes: readonly string[];
}

/** What one scanner says, before all are put together. */
interface Opinion {
  readonly disposition: ScanDisposition;
  readonly result: ScanResult;
  readonly fields: readonly NewField[];
  readonly remove: readonly string[];
  readonly note: string;
}

/** The later the weightier. */
const WEIGHT = { accept: 0, quarantine: 1, defer: 2, reject: 3 } as const;

/** Actions of rspamd by which mail goes on as spam. The subject is left as it is: what is signed stays whole. */
const SPAM_ACTIONS: ReadonlySet<string> = new Set(["add header", "rewrite subject", "quarantine"]);
/** Actions by which it does not go on. `discard` would lose mail that was acknowledged. */
const REJECT_ACTIONS: ReadonlySet<string> = new Set(["reject", "discard"]);

/**
 * One verdict from all findings; the weightiest disposition holds. Mail that stays bears fields of what was found, but that of our
 * own users: others need not know what we think of it.
 */
export function judgeScan(findings: ScanFindings, settings: ScanSettings, scene: ScanScene): ScanVerdict {
  const { direction } = scene;
  const opinions: Opinion[] = [];
  const clamav = rulesFor(settings.clamav, direction);
  if (clamav !== null && findings.clamav !== null) {
    opinions.push(ofClamav(findings.clamav, clamav, { settings, scene }));
  }
  const rspamd = rulesFor(settings.rspamd, direction);
  if (rspamd !== null && findings.rspamd !== null) opinions.push(ofRspamd(findings.rspamd, rspamd));
  const fields = direction === "incoming" ? opinions.flatMap((opinion) => opinion.fields) : [];
  const weightiest = opinions.reduce<Opinion | null>(
    (best, one) => best === null || WEIGHT[one.disposition.type] > WEIGHT[best.disposition.type] ? one : best,
    null,
  );
  const notes = opinions.map(({ note }) => note);
  const verdict = { fields: fields.map(formatField).join(""), remove: removed(opinions, settings, scene), notes };
  const disposition = weightiest?.disposition ?? { type: "accept" };
  if (disposition.type === "accept" && matchesRule(asHeader(fields), settings.junk)) {
    return { ...verdict, disposition: { type: "quarantine", text: "Taken for spam" }, result: "junk" };
  }
  const unscanned = opinions.find(({ result }) => result === "unscanned" || result === "tooLarge");
  const result = disposition.type === "accept" ? unscanned?.result ?? "clean" : weightiest!.result;
  return { ...verdict, disposition, result };
}

/** What nobody but scanners here may have written, and what a scanner wants gone. */
function removed(opinions: readonly Opinion[], { junk }: ScanSettings, { direction }: ScanScene): string[] {
  if (direction === "outgoing" || opinions.length === 0) return [];
  return [...new Set([...junk.map(({ name }) => name), ...opinions.flatMap(({ remove }) => remove)])];
}

function unscannedOpinion(
  { why }: Unscanned,
  { onLarge, onFailure }: ScannerRules,
  scanner: { readonly name: string; readonly field: string; readonly remove: readonly string[] },
): Opinion {
  const shown = why === "tooLarge" ? "too large" : "scanner failed";
  const disposition: ScanDisposition = why === "tooLarge"
    ? onLarge === "accept" ? { type: "accept" } : { type: "reject", enhanced: "5.3.4", text: "Too large to be scanned" }
    : onFailure === "accept"
    ? { type: "accept" }
    : { type: "defer", enhanced: "4.7.1", text: "Cannot be scanned now, try again later" };
  const value = scanner.field === "X-Spam-Status" ? `No, unscanned (${shown})` : `Unscanned (${shown})`;
  return {
    disposition,
    result: disposition.type === "defer" ? "deferred" : why === "tooLarge" ? "tooLarge" : "unscanned",
    fields: [[scanner.field, value]],
    remove: scanner.remove,
    note: `${scanner.name}: unscanned (${shown})`,
  };
}

function ofClamav(
  finding: NonNullable<ScanFindings["clamav"]>,
  rules: ClamavRules,
  { settings, scene }: { readonly settings: ScanSettings; readonly scene: ScanScene },
): Opinion {
  if (finding.type === "unscanned") {
    return unscannedOpinion(finding, rules, { name: "clamav", field: "X-Virus-Status", remove: VIRUS_FIELDS });
  }
  // As the milter of ClamAV writes it.
  const scanned: NewField = ["X-Virus-Scanned", `ClamAV at ${settings.hostname}`];
  if (finding.type === "clean") {
    const fields: NewField[] = [scanned, ["X-Virus-Status", "Clean"]];
    return { disposition: { type: "accept" }, result: "clean", fields, remove: VIRUS_FIELDS, note: "clamav: clean" };
  }
  // Nothing is kept back here of what goes on to others.
  const kept = rules.onVirus === "junk" && scene.staysHere && scene.direction === "incoming";
  const text = `Virus found: ${finding.name}`;
  return {
    disposition: kept ? { type: "quarantine", text } : { type: "reject", enhanced: "5.7.1", text },
    result: "virus",
    fields: [scanned, ["X-Virus-Status", `Infected (${finding.name})`]],
    remove: VIRUS_FIELDS,
    note: `clamav: ${finding.name}`,
  };
}

function ofRspamd(finding: NonNullable<ScanFindings["rspamd"]>, rules: RspamdRules): Opinion {
  if (finding.type === "unscanned") {
    return unscannedOpinion(finding, rules, { name: "rspamd", field: "X-Spam-Status", remove: SPAM_FIELDS });
  }
  const { answer } = finding;
  const { action, score, requiredScore, symbols, text } = answer;
  const shown = `${score.toFixed(2)}/${requiredScore?.toFixed(2) ?? "-"}`;
  const added = answer.add.filter(([name]) => isScannersField(name));
  const names = new Set(added.map(([name]) => name.toLowerCase()));
  const isSpam = SPAM_ACTIONS.has(action) || isFrom(score, rules.junkScore);
  return {
    ...rspamdDecides(answer, rules, text),
    // What rspamd is configured to write itself comes in the place of ours.
    fields: [...ownFields(answer, isSpam).filter(([name]) => !names.has(name.toLowerCase())), ...added],
    remove: [...SPAM_FIELDS, ...names, ...answer.remove.map((name) => name.toLowerCase()).filter(isScannersField)],
    note: `rspamd: ${action} ${shown}${symbols.length === 0 ? "" : ` ${symbols.slice(0, 10).join(",")}`}`,
  };
}

/** A greylist of rspamd says `soft reject` where it puts mail off; the bare action `greylist` is only a wish that nobody remembers. */
function rspamdDecides(
  { action, score }: RspamdAnswer,
  { rejectScore }: RspamdRules,
  text: string | null,
): Pick<Opinion, "disposition" | "result"> {
  if (REJECT_ACTIONS.has(action) || isFrom(score, rejectScore)) {
    const why = REJECT_ACTIONS.has(action) ? text : null;
    return { disposition: { type: "reject", enhanced: "5.7.1", text: why ?? "Rejected as spam" }, result: "spam" };
  }
  if (action === "soft reject") {
    return {
      disposition: { type: "defer", enhanced: "4.7.1", text: text ?? "Try again later" },
      result: "deferred",
    };
  }
  return { disposition: { type: "accept" }, result: "clean" };
}

function isFrom(score: number, least: number | null): boolean {
  return least !== null && score >= least;
}

/** As SpamAssassin and rspamd's milter have taught readers and Sieve scripts to look for. */
function ownFields({ action, score, requiredScore, symbols }: RspamdAnswer, isSpam: boolean): NewField[] {
  const required = requiredScore === null ? "" : ` required=${requiredScore.toFixed(2)}`;
  const status = `${isSpam ? "Yes" : "No"}, score=${score.toFixed(2)}${required}`;
  const stars = Math.max(0, Math.min(50, Math.floor(score)));
  return [
    ...(isSpam ? [["X-Spam-Flag", "YES"] as const] : []),
    ["X-Spam-Status", symbols.length === 0 ? status : `${status}\r\n\ttests=${foldedList(symbols, 7)}`],
    ["X-Spam-Score", score.toFixed(2)],
    ...(stars > 0 ? [["X-Spam-Level", "*".repeat(stars)] as const] : []),
    ["X-Rspamd-Action", action],
  ];
}
