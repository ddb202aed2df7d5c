import type { ContentPolicy } from "../../src/actors/listener/content_policy.ts";

/** Nothing is scanned, and nothing is junk for what is written on it. */
export const NO_SCANS: ContentPolicy = {
  scanners: null,
  scanMsMax: 0,
  exempt: { has: () => false },
  rules: [],
  file: true,
};
