import type { HeaderRule } from "./header_rule.ts";

/** Mail from other servers, or of our own users. */
export type ScanDirection = "incoming" | "outgoing";

/** Which mail a scanner sees, and what becomes of mail that it could not look at. */
export interface ScannerRules {
  readonly scan: ScanDirection | "both";
  /** Largest mail that it is shown, in bytes. */
  readonly bytesMax: number;
  /** What becomes of larger mail: it goes on with a field that says so, or is refused (550). */
  readonly onLarge: "accept" | "refuse";
  /** What becomes of mail when the scanner fails: it goes on with a field that says so, or comes again (451). */
  readonly onFailure: "accept" | "defer";
}

/** How answers of rspamd count. */
export interface RspamdRules extends ScannerRules {
  /** Score from which mail is refused besides what rspamd's actions ask for; null: none. */
  readonly rejectScore: number | null;
  /** Score from which mail is spam besides what rspamd's actions say; null: none. */
  readonly junkScore: number | null;
}

/** How answers of clamd count. */
export interface ClamavRules extends ScannerRules {
  readonly onVirus: "refuse" | "junk";
}

/** How all answers are judged. */
export interface ScanSettings {
  /** Named in X-Virus-Scanned. */
  readonly hostname: string;
  readonly rspamd: RspamdRules | null;
  readonly clamav: ClamavRules | null;
  /** Fields that make mail junk. */
  readonly junk: readonly HeaderRule[];
}

/** Those rules that hold for mail of this direction. */
export function rulesFor<T extends ScannerRules>(rules: T | null, direction: ScanDirection): T | null {
  return rules !== null && (rules.scan === "both" || rules.scan === direction) ? rules : null;
}
