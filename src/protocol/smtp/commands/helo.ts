import { parseLiteral } from "../../../mail/address.ts";
import { parseDomain } from "../../../mail/domain.ts";
import type { Command } from "../command.ts";
import type { QuirkName } from "../quirks.ts";
import { hello, REPLY } from "../replies.ts";

/** HELO SP Domain (RFC 5321 §4.1.1.1): greets without extensions, and resets like RSET (§4.1.4). */
export const helo: Command = {
  dialect: "smtp",
  argument: "needed",
  utf8: false,
  junk: true,
  listed: () => true,
  run(context, state, argument) {
    if (!isClientName(argument, context.quirks)) return [state, REPLY.heloName];
    return [{ ...state, greeting: { name: argument, extended: false }, transaction: null }, hello(context.hostname)];
  },
};

/** Longest name a client may call itself, in octets (RFC 5321 §4.5.3.1.2). */
const NAME_BYTES_MAX = 255;

/** What a looser name may be made of: nothing that could end a field of ours. */
const LOOSE_NAME = /^[A-Za-z0-9._:[\]-]+$/;

/** Domain / address-literal, not looked up: a wrong name must not be refused (RFC 5321 §4.1.4). */
export function isClientName(text: string, quirks: ReadonlySet<QuirkName>): boolean {
  if (text.length > NAME_BYTES_MAX) return false;
  if (parseDomain(text) !== null) return true;
  if (text.startsWith("[") && text.endsWith("]") && parseLiteral(text.slice(1, -1)) !== null) return true;
  return quirks.has("looseHeloName") && LOOSE_NAME.test(text);
}
