import { type Networks, parseNetworks } from "../../net/mod.ts";
import type { HeaderRule, ScanSettings } from "../../policy/scan/mod.ts";

/** Which mail is shown to scanners, and what is junk, as a worker is told. */
export interface ContentConfig {
  /** Null: there are none. */
  readonly scanners: ScanSettings | null;
  /** Longest time that the policy actor may take for one mail, in ms. */
  readonly scanMsMax: number;
  /** Networks whose mail is not scanned, and whose word on spam is believed. */
  readonly exempt: readonly string[];
  /** Fields that make mail junk, where they are believed. */
  readonly rules: readonly HeaderRule[];
  /** Whether junk is filed as such. */
  readonly file: boolean;
}

/** The same, as sessions use it. */
export interface ContentPolicy extends Omit<ContentConfig, "exempt"> {
  readonly exempt: Networks;
}

/** No network: asked for each mail, it costs nothing. */
const NOBODY: Networks = { has: () => false };

/** Throws a Failure `invalid`. */
export function contentPolicy(config: ContentConfig): ContentPolicy {
  return { ...config, exempt: config.exempt.length === 0 ? NOBODY : parseNetworks(config.exempt) };
}
