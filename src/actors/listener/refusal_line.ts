import { REFUSAL as IMAP_REFUSAL } from "../../protocol/imap/refusal.ts";
import { REFUSAL as POP3_REFUSAL } from "../../protocol/pop3/refusal.ts";
import { REFUSAL as SMTP_REFUSAL } from "../../protocol/smtp/refusal.ts";

/** What a client is told that does not get in; beyond the limits of the listener itself the server is too busy. */
export function refusalLine(service: string, reason: string): string {
  const lines = service === "imap" ? IMAP_REFUSAL : service === "pop3" ? POP3_REFUSAL : SMTP_REFUSAL;
  return Object.hasOwn(lines, reason) ? lines[reason as keyof typeof lines] : lines.overloaded;
}
