import type { MailParameters, OutgoingRecipient } from "../../../mail/envelope.ts";
import type { ContentFacts } from "./content.ts";
import type { PeerExtensions } from "./extensions.ts";

/** What MAIL is made of. */
export interface MailCommand {
  /** Reverse-path without brackets; "" is the null reverse-path. */
  readonly sender: string;
  readonly parameters: MailParameters;
  readonly facts: ContentFacts;
  /** SMTPUTF8 must be asked for. */
  readonly utf8: boolean;
}

/** MAIL with the parameters that the peer has a use for, and no others (RFC 5321 §4.1.1.2). */
export function mailLine({ sender, parameters, facts, utf8 }: MailCommand, peer: PeerExtensions): string {
  let line = `MAIL FROM:<${sender}>`;
  if (peer.size) line += ` SIZE=${facts.bytes}`;
  if (parameters.body === "binarymime") line += " BODY=BINARYMIME";
  else if (facts.eightBit) line += " BODY=8BITMIME"; // RFC 6152 §2; without it, 7BIT is meant.
  if (utf8) line += " SMTPUTF8";
  if (peer.dsn && parameters.ret !== null) line += ` RET=${parameters.ret === "full" ? "FULL" : "HDRS"}`;
  if (peer.dsn && parameters.envid !== null) line += ` ENVID=${xtext(parameters.envid)}`;
  if (peer.requireTls && parameters.requireTls) line += " REQUIRETLS";
  if (peer.priority && parameters.priority !== 0) line += ` MT-PRIORITY=${parameters.priority}`;
  return `${line}\r\n`;
}

/** RCPT; what was asked by DSN is handed on unchanged, and nothing is added (RFC 3461 §5.2.1). */
export function recipientLine({ address, notify, orcpt }: OutgoingRecipient, peer: PeerExtensions): string {
  let line = `RCPT TO:<${address}>`;
  if (peer.dsn && notify !== null) line += ` NOTIFY=${notify.length === 0 ? "NEVER" : notify.join(",").toUpperCase()}`;
  if (peer.dsn && orcpt !== null) line += ` ORCPT=${originalRecipient(orcpt)}`;
  return `${line}\r\n`;
}

/** original-recipient-address = addr-type ";" xtext (RFC 3461 §4.2) */
function originalRecipient(orcpt: string): string {
  const semicolon = orcpt.indexOf(";");
  return `${orcpt.slice(0, semicolon + 1)}${xtext(orcpt.slice(semicolon + 1))}`;
}

/** Octets, one in each character, as xtext = *( xchar / hexchar ): printable ASCII but "+" and "=" stands for itself (RFC 3461 §4). */
function xtext(text: string): string {
  return text.replace(
    /[^!-*,-<>-~]/g,
    (octet) => `+${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/** Whether the text can stand between the brackets of a path: no control, and no space or bracket outside of quotes. */
export function isWireAddress(text: string): boolean {
  let quoted = false;
  let escaped = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0x2028 || code === 0x2029) return false;
    const character = text[i];
    if (escaped) escaped = false;
    else if (quoted && character === "\\") escaped = true;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && (character === " " || character === "<" || character === ">")) return false;
  }
  return !quoted && text.isWellFormed();
}

/** Whether a text can do without SMTPUTF8 (RFC 6531 §3.2). */
export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
