import { latin1 } from "../../base/mod.ts";

/** Octets of the header in which the field is looked for: most have it in their first lines. */
const LOOK_BYTES = [512, 4_096];
const MESSAGE_ID = /(?:^|\n)message-id:[ \t]{0,10}(<[^<>\r\n]{1,250}>)/i;

/** The Message-ID of a mail, with its brackets, for those who look for it; null when it does not begin with one. */
export function messageIdOf([first]: readonly Uint8Array[]): string | null {
  if (first === undefined) return null;
  for (const bytes of LOOK_BYTES) {
    const found = MESSAGE_ID.exec(latin1(first.subarray(0, bytes)))?.[1];
    if (found !== undefined) return found;
    if (first.length <= bytes) break;
  }
  return null;
}
