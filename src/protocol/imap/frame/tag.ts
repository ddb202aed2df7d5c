/** Characters of a tag; long ones serve nobody, and are sent back. */
export const TAG_CHARACTERS_MAX = 128;

const TAG = /^[!#$&',\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]+$/;

/** tag = 1*<any ASTRING-CHAR except "+"> (RFC 9051 §9). */
export function isTag(text: string): boolean {
  return text.length <= TAG_CHARACTERS_MAX && TAG.test(text);
}

/** The tag that a command begins with, or null when it has none that could be sent back. */
export function readTag(command: string): string | null {
  const space = command.slice(0, TAG_CHARACTERS_MAX + 1).indexOf(" ");
  const tag = space < 0 ? command : command.slice(0, space);
  return isTag(tag) ? tag : null;
}
