import { assert } from "../base/mod.ts";
import type { ClusterConfig, ScannerConfig } from "../config/mod.ts";
import { type HeaderRule, parseHeaderRule, type ScannerRules, type ScanSettings } from "../policy/scan/mod.ts";
import type { ContentConfig } from "./listener/content_policy.ts";
import type { ScannerPlace, ScannersConfig } from "./policy/mod.ts";

/** Mails that may wait to be scanned, and bytes of those that wait or are scanned. */
const WAITING_MAX = 256;
const BYTES_MAX = 128 * 1024 * 1024;

/** Unix sockets at which scanners are asked. */
export function scannerSockets({ scanners: { rspamd, clamav } }: ClusterConfig): string[] {
  return [rspamd, clamav].flatMap((scanner) => scanner?.socket == null ? [] : [scanner.socket]);
}

/** What the policy worker asks scanners with; null: there are none. `password` is what the config's reference stands for. */
export function scannersOf(config: ClusterConfig, password: string | null): ScannersConfig | null {
  const { rspamd, clamav, scansMax } = config.scanners;
  const settings = settingsOf(config);
  if (settings === null) return null;
  return {
    settings,
    rspamd: rspamd === null ? null : { ...placeOf(rspamd), password },
    clamav: clamav === null ? null : placeOf(clamav),
    gate: { checksMax: scansMax, waitingMax: WAITING_MAX, bytesMax: BYTES_MAX, waitMsMax: longestMs(config) },
  };
}

/** What listeners do about content. */
export function contentOf(config: ClusterConfig): ContentConfig {
  const { scanners: { exempt }, junk } = config;
  return {
    scanners: settingsOf(config),
    // Once in the queue for its turn, once with the scanner.
    scanMsMax: 2 * longestMs(config),
    exempt,
    rules: rulesOf(config),
    file: junk.file,
  };
}

function settingsOf(config: ClusterConfig): ScanSettings | null {
  const { hostname, scanners: { rspamd, clamav } } = config;
  if (rspamd === null && clamav === null) return null;
  return {
    hostname,
    rspamd: rspamd === null
      ? null
      : { ...mailOf(rspamd), rejectScore: rspamd.rejectScore, junkScore: rspamd.junkScore },
    clamav: clamav === null ? null : { ...mailOf(clamav), onVirus: clamav.onVirus },
    junk: rulesOf(config),
  };
}

function mailOf({ scan, bytesMax, onLarge, onFailure }: ScannerConfig): ScannerRules {
  return { scan, bytesMax, onLarge, onFailure };
}

function rulesOf({ junk }: ClusterConfig): HeaderRule[] {
  return junk.headers.map((text) => {
    const rule = parseHeaderRule(text);
    assert(rule !== null, "the config has valid rules");
    return rule;
  });
}

function placeOf({ host, port, socket, timeMsMax }: ScannerConfig): ScannerPlace {
  return { at: socket === null ? { host, port } : { socket }, timeMsMax };
}

function longestMs({ scanners: { rspamd, clamav } }: ClusterConfig): number {
  return Math.max(rspamd?.timeMsMax ?? 0, clamav?.timeMsMax ?? 0);
}
