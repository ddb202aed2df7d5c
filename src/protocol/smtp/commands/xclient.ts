import { isIPv4, isIPv6 } from "node:net";
import { assert } from "../../../base/assert.ts";
import { type Address, parseMailbox } from "../../../mail/address.ts";
import { parseDomain } from "../../../mail/domain.ts";
import type { ClientChange } from "../actions.ts";
import type { Command } from "../command.ts";
import { banner, REPLY } from "../replies.ts";
import { COMMAND, type Greeting, type SmtpContext, type SmtpState, type Step } from "../state.ts";
import { decodeXtext } from "../xtext.ts";
import { isClientName } from "./helo.ts";

/**
 * XCLIENT 1*( SP name=xtext ) (Postfix's XCLIENT_README): a proxy that is trusted says who its client is. The session begins
 * anew, with a greeting; what HELO and PROTO say stands until the next EHLO. To anybody else the command does not exist.
 */
export const xclient: Command = {
  argument: "optional",
  utf8: false,
  junk: true,
  listed: () => false,
  run(context, state, argument) {
    if (!context.xclient) return [state, REPLY.notImplemented];
    if (state.transaction !== null) return [state, REPLY.xclientNested];
    const words = argument.split(" ");
    const told: Told = { change: {}, helo: null, extended: true, login: null };
    const seen = new Set<string>();
    for (const word of words) {
      const equals = word.indexOf("=");
      const name = word.slice(0, Math.max(0, equals)).toUpperCase();
      const take = ATTRIBUTES.get(name);
      const value = decodeXtext(word.slice(equals + 1));
      if (take === undefined || value === null || seen.has(name)) return [state, REPLY.xclientSyntax];
      if (!take(UNKNOWN.has(value.toUpperCase()) ? null : value, told, context)) return [state, REPLY.xclientSyntax];
      seen.add(name);
    }
    return renewed(context, state, told);
  },
};

interface Told {
  change: ClientChange;
  helo: string | null;
  extended: boolean;
  login: Address | null;
}

/** Notes an attribute; null is a value that the proxy does not know. False when it is none of its kind. */
type Take = (value: string | null, told: Told, context: SmtpContext) => boolean;

const UNKNOWN: ReadonlySet<string> = new Set(["[UNAVAILABLE]", "[TEMPUNAVAIL]"]);

/** How each is taken. */
const ATTRIBUTES: ReadonlyMap<string, Take> = new Map<string, Take>([
  ["NAME", (value, told) => {
    told.change = { ...told.change, name: value };
    return value === null || parseDomain(value) !== null;
  }],
  ["ADDR", (value, told) => {
    const address = value === null ? null : parseAddress(value);
    told.change = { ...told.change, address };
    return value === null || address !== null;
  }],
  ["PORT", (value, told) => {
    told.change = { ...told.change, port: Number(value ?? 0) };
    return value === null || isPort(value);
  }],
  ["DESTADDR", (value, told) => {
    const destAddress = value === null ? null : parseAddress(value);
    told.change = { ...told.change, destAddress };
    return value === null || destAddress !== null;
  }],
  ["DESTPORT", (value, told) => {
    told.change = { ...told.change, destPort: Number(value ?? 0) };
    return value === null || isPort(value);
  }],
  ["LOGIN", (value, told, { submission }) => {
    told.login = value === null ? null : parseMailbox(value, { utf8: true });
    return submission !== null && (value === null || told.login !== null);
  }],
  ["PROTO", (value, told) => {
    told.extended = value?.toUpperCase() !== "SMTP";
    return value === null || /^E?SMTP$/i.test(value);
  }],
  ["HELO", (value, told, { quirks }) => {
    told.helo = value;
    return value === null || isClientName(value, quirks);
  }],
]);

function isPort(value: string): boolean {
  return /^(?:0|[1-9][0-9]{0,4})$/.test(value) && Number(value) <= 65_535;
}

/** An IPv4 address, or an IPv6 address with `IPV6:` before it. */
function parseAddress(value: string): string | null {
  if (isIPv4(value)) return value;
  const address = /^IPV6:/i.test(value) ? value.slice(5).toLowerCase() : "";
  return isIPv6(address) && !address.includes("%") ? address : null;
}

function renewed(context: SmtpContext, state: SmtpState, { change, helo, extended, login }: Told): Step {
  const greeting: Greeting | null = helo === null ? null : { name: helo, extended };
  const client = { type: "clientNamed", client: change } as const;
  const next = { ...state, greeting, user: null };
  if (login === null) return [next, client, banner(context.hostname, context.dialect)];
  return [{ ...next, phase: { type: "adopting" } }, client, { type: "adoptLogin", login }];
}

/** The answer to `adoptLogin`: the account's address, or null when nobody here has that login. */
export function loginAdopted(context: SmtpContext, state: SmtpState, user: string | null): Step {
  assert(state.phase.type === "adopting", "loginAdopted without a question");
  const reply = user === null ? REPLY.xclientLogin : banner(context.hostname, context.dialect);
  return [{ ...state, phase: COMMAND, user }, reply];
}
