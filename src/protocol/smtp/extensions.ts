import { usableMechanisms } from "../sasl/mod.ts";
import { type MailOptions, mayLogIn, saslOffer, type SmtpContext, type SmtpState } from "./state.ts";
import { REPLY, type Reply } from "./replies.ts";

/** Takes one MAIL parameter into the options, or refuses it. */
type MailParameter = (value: string | null, options: MailOptions, context: SmtpContext) => MailOptions | Reply;

/** A service extension (RFC 5321 §2.2): what EHLO says of it, and what serves it. */
export interface Extension {
  readonly keyword: string;
  /** The EHLO line, or null while it is not on offer. */
  announce(context: SmtpContext, state: SmtpState): string | null;
  /** Parameters that it adds to MAIL. */
  readonly mail?: Readonly<Record<string, MailParameter>>;
  /** The verb that it adds; the command table must hold it. */
  readonly verb?: string;
}

/** What this server extends SMTP by. Nothing else is announced, and nothing is announced that is not here. */
export const EXTENSIONS: readonly Extension[] = [
  { keyword: "PIPELINING", announce: () => "PIPELINING" }, // RFC 2920: the framer keeps all input in order.
  { keyword: "SIZE", announce: ({ limits }) => `SIZE ${limits.messageBytesMax}`, mail: { SIZE: sizeParameter } },
  { keyword: "8BITMIME", announce: () => "8BITMIME", mail: { BODY: bodyParameter } },
  { keyword: "ENHANCEDSTATUSCODES", announce: () => "ENHANCEDSTATUSCODES" }, // RFC 2034: every reply has one.
  { keyword: "SMTPUTF8", announce: () => "SMTPUTF8", mail: { SMTPUTF8: smtpUtf8Parameter } },
  {
    keyword: "STARTTLS", // RFC 3207 §4.2: not on offer any more once TLS is active.
    announce: (_context, state) => state.tls === "available" ? "STARTTLS" : null,
    verb: "STARTTLS",
  },
  { keyword: "AUTH", announce: authLine, mail: { AUTH: authParameter }, verb: "AUTH" },
  { keyword: "HELP", announce: () => "HELP", verb: "HELP" },
];

/** MAIL's parameters by upper-case keyword. */
export const MAIL_PARAMETERS: ReadonlyMap<string, MailParameter> = new Map(
  EXTENSIONS.flatMap((extension) => Object.entries(extension.mail ?? {})),
);

/** The lines that EHLO lists. */
export function announced(context: SmtpContext, state: SmtpState): string[] {
  return EXTENSIONS.map((extension) => extension.announce(context, state)).filter((line) => line !== null);
}

/** SIZE=1*20DIGIT (RFC 1870 §5): the client's estimate, refused here when it is over the limit (§6.1). */
function sizeParameter(value: string | null, options: MailOptions, { limits }: SmtpContext): MailOptions | Reply {
  if (value === null || !isDigits(value)) return REPLY.parameterValue;
  const declaredSize = value.length > 20 ? Infinity : Number(value);
  return declaredSize > limits.messageBytesMax ? REPLY.messageTooBig : { ...options, declaredSize };
}

/** BODY=7BIT or 8BITMIME (RFC 6152 §2); the content is kept byte for byte either way. */
function bodyParameter(value: string | null, options: MailOptions): MailOptions | Reply {
  return value !== null && /^(7bit|8bitmime)$/i.test(value) ? options : REPLY.parameterValue;
}

/** SMTPUTF8 takes no value (RFC 6531 §3.1). */
function smtpUtf8Parameter(value: string | null, options: MailOptions): MailOptions | Reply {
  return value === null ? { ...options, smtpUtf8: true } : REPLY.parameterValue;
}

/** The mechanisms that can be used now; after a login there is no second one (RFC 4954 §4). */
function authLine(context: SmtpContext, state: SmtpState): string | null {
  if (state.user !== null) return null;
  const names = usableMechanisms(mayLogIn(context, state), saslOffer(context, state)).map(({ name }) => name);
  return names.length === 0 ? null : `AUTH ${names.join(" ")}`;
}

/** AUTH=<> or xtext (RFC 4954 §5): checked and not believed; who sends is known from the login. */
function authParameter(value: string | null, options: MailOptions, { submission }: SmtpContext): MailOptions | Reply {
  if (submission === null) return REPLY.parameterUnknown;
  return value !== null && (value === "<>" || isXtext(value)) ? options : REPLY.parameterValue;
}

/** xtext = *( xchar / hexchar ) (RFC 3461 §4) */
function isXtext(text: string): boolean {
  return /^[!-*,-<>-~]+$/.test(text.replaceAll(/\+[0-9A-F]{2}/g, "x"));
}

function isDigits(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 0x30 || text.charCodeAt(i) > 0x39) return false;
  return text.length > 0;
}
