/** xtext (RFC 3461 §4) as the text it stands for, or null. Each character of the result is one octet. */
export function decodeXtext(text: string): string | null {
  if (!XTEXT.test(text)) return null;
  return text.replace(HEXCHAR, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

/** Octets, one in each character, as xtext. Throws a RangeError for a character that is no octet. */
export function encodeXtext(text: string): string {
  return text.replace(NOT_XCHAR, (character) => {
    const code = character.charCodeAt(0);
    if (code > 0xff) throw new RangeError("xtext is made of octets");
    return `+${code.toString(16).toUpperCase().padStart(2, "0")}`;
  });
}

/** xtext = *( xchar / hexchar ): ASCII without "+" and "=", and "+" with two upper-case hexadecimal digits. */
const XTEXT = /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/;
const HEXCHAR = /\+([0-9A-F]{2})/g;
const NOT_XCHAR = /[^!-*,-<>-~]/g;
