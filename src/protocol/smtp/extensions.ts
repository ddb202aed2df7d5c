import type { MailParameters, RecipientParameters } from "../../mail/envelope.ts";
import { usableMechanisms } from "../sasl/mod.ts";
import { parseEnvid, parseNotify, parseOrcpt, parseRet } from "./dsn.ts";
import { parseDeliverBy, parseHoldFor, parseHoldUntil, parsePriority } from "./hold.ts";
import { REPLY, type Reply } from "./replies.ts";
import { type MailOptions, mayLogIn, saslOffer, type SmtpContext, type SmtpState, type Transaction } from "./state.ts";

/** Takes one MAIL parameter into the options, or refuses it. */
type MailParameter = (value: string | null, options: MailOptions, context: SmtpContext) => MailOptions | Reply;

/** Takes one RCPT parameter into what is asked for the recipient, or refuses it. */
type RcptParameter = (
  value: string | null,
  asked: RecipientParameters,
  transaction: Transaction,
) => RecipientParameters | Reply;

/** A service extension (RFC 5321 §2.2): what EHLO says of it, and what serves it. */
export interface Extension {
  readonly keyword: string;
  /** The EHLO line, or null while it is not on offer. */
  announce(context: SmtpContext, state: SmtpState): string | null;
  /** Whether its parameters are taken; when absent, as long as EHLO lists it. */
  serves?(context: SmtpContext): boolean;
  /** Parameters that it adds to MAIL. */
  readonly mail?: Readonly<Record<string, MailParameter>>;
  /** Parameters that it adds to RCPT. */
  readonly rcpt?: Readonly<Record<string, RcptParameter>>;
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
  { keyword: "CHUNKING", announce: () => "CHUNKING", verb: "BDAT" },
  { keyword: "BINARYMIME", announce: () => "BINARYMIME" }, // RFC 3030 §3: a further value of 8BITMIME's BODY.
  {
    keyword: "DSN", // RFC 3461
    announce: () => "DSN",
    mail: { RET: retParameter, ENVID: envidParameter },
    rcpt: { NOTIFY: notifyParameter, ORCPT: orcptParameter },
  },
  {
    keyword: "REQUIRETLS", // RFC 8689 §2: only where the mail came over TLS itself.
    announce: (_context, state) => state.tls === "active" ? "REQUIRETLS" : null,
    mail: { REQUIRETLS: requireTlsParameter },
  },
  {
    keyword: "MT-PRIORITY", // RFC 6710: not for strangers, who would all be first (§5).
    announce: ({ submission }) => submission ? "MT-PRIORITY" : null,
    mail: { "MT-PRIORITY": priorityParameter },
  },
  {
    keyword: "DELIVERBY", // RFC 2852
    announce: ({ submission, limits }) => submission ? `DELIVERBY ${limits.deliverBySecondsMin}` : null,
    mail: { BY: deliverByParameter },
  },
  {
    keyword: "FUTURERELEASE", // RFC 4865 §3: an extension of submission only.
    announce: (context) => context.submission ? futureRelease(context) : null,
    mail: { HOLDFOR: holdForParameter, HOLDUNTIL: holdUntilParameter },
  },
  { keyword: "LIMITS", announce: ({ limits }) => `LIMITS RCPTMAX=${limits.recipientsMax}` }, // RFC 9422
  {
    keyword: "ETRN", // RFC 1985: to those who may ask.
    announce: ({ etrn }, state) => etrn?.(state.user) === true ? "ETRN" : null,
    verb: "ETRN",
  },
  {
    keyword: "XCLIENT",
    announce: (context) => context.xclient ? xclientLine(context) : null,
    verb: "XCLIENT",
  },
  {
    keyword: "STARTTLS", // RFC 3207 §4.2: not on offer any more once TLS is active.
    announce: (_context, state) => state.tls === "available" ? "STARTTLS" : null,
    verb: "STARTTLS",
  },
  {
    keyword: "AUTH", // RFC 4954 §3: not listed after a login, when its parameter comes.
    announce: authLine,
    serves: ({ submission }) => submission !== null,
    mail: { AUTH: authParameter },
    verb: "AUTH",
  },
  { keyword: "HELP", announce: () => "HELP", verb: "HELP" },
];

const MAIL_PARAMETERS = parametersOf((extension) => extension.mail);
const RCPT_PARAMETERS = parametersOf((extension) => extension.rcpt);

/** What takes MAIL's parameter `keyword` (in upper case), or null while no extension on offer has it. */
export function mailParameter(context: SmtpContext, state: SmtpState, keyword: string): MailParameter | null {
  return offered(context, state, MAIL_PARAMETERS.get(keyword));
}

/** What takes RCPT's parameter `keyword` (in upper case), or null while no extension on offer has it. */
export function rcptParameter(context: SmtpContext, state: SmtpState, keyword: string): RcptParameter | null {
  return offered(context, state, RCPT_PARAMETERS.get(keyword));
}

/** The lines that EHLO lists. */
export function announced(context: SmtpContext, state: SmtpState): string[] {
  return EXTENSIONS.map((extension) => extension.announce(context, state)).filter((line) => line !== null);
}

interface Owned<T> {
  readonly extension: Extension;
  readonly take: T;
}

function parametersOf<T>(
  of: (extension: Extension) => Readonly<Record<string, T>> | undefined,
): ReadonlyMap<string, Owned<T>> {
  return new Map(EXTENSIONS.flatMap((extension) => {
    return Object.entries(of(extension) ?? {}).map(([keyword, take]) => [keyword, { extension, take }] as const);
  }));
}

/** Extensions exist only after EHLO (RFC 5321 §2.2.1), and only those that it listed. */
function offered<T>(context: SmtpContext, state: SmtpState, owned: Owned<T> | undefined): T | null {
  if (owned === undefined || !state.greeting?.extended) return null;
  const { extension, take } = owned;
  return extension.serves?.(context) ?? extension.announce(context, state) !== null ? take : null;
}

function asking(options: MailOptions, parameters: Partial<MailParameters>): MailOptions {
  return { ...options, parameters: { ...options.parameters, ...parameters } };
}

/** SIZE=1*20DIGIT (RFC 1870 §5): the client's estimate, refused here when it is over the limit (§6.1). */
function sizeParameter(value: string | null, options: MailOptions, { limits }: SmtpContext): MailOptions | Reply {
  if (value === null || !isDigits(value)) return REPLY.parameterValue;
  const declaredSize = value.length > 20 ? Infinity : Number(value);
  return declaredSize > limits.messageBytesMax ? REPLY.messageTooBig : { ...options, declaredSize };
}

/** BODY=7BIT, 8BITMIME (RFC 6152 §2) or BINARYMIME (RFC 3030 §3); the content is kept byte for byte in any case. */
function bodyParameter(value: string | null, options: MailOptions): MailOptions | Reply {
  const body = value !== null && /^(?:7bit|8bitmime|binarymime)$/i.test(value) ? value.toLowerCase() : null;
  return body === null ? REPLY.parameterValue : asking(options, { body: body as MailParameters["body"] });
}

/** SMTPUTF8 takes no value (RFC 6531 §3.1). */
function smtpUtf8Parameter(value: string | null, options: MailOptions): MailOptions | Reply {
  return value === null ? asking(options, { smtpUtf8: true }) : REPLY.parameterValue;
}

/** REQUIRETLS takes no value (RFC 8689 §2). */
function requireTlsParameter(value: string | null, options: MailOptions): MailOptions | Reply {
  return value === null ? asking(options, { requireTls: true }) : REPLY.parameterValue;
}

function retParameter(value: string | null, options: MailOptions): MailOptions | Reply {
  const ret = parseRet(value);
  return ret === null ? REPLY.parameterValue : asking(options, { ret });
}

function envidParameter(value: string | null, options: MailOptions): MailOptions | Reply {
  const envid = parseEnvid(value);
  return envid === null ? REPLY.parameterValue : asking(options, { envid });
}

function notifyParameter(value: string | null, asked: RecipientParameters): RecipientParameters | Reply {
  const notify = parseNotify(value);
  return notify === null ? REPLY.parameterValue : { ...asked, notify };
}

function orcptParameter(
  value: string | null,
  asked: RecipientParameters,
  { parameters }: Transaction,
): RecipientParameters | Reply {
  const orcpt = parseOrcpt(value, parameters);
  return orcpt === null ? REPLY.parameterValue : { ...asked, orcpt };
}

function priorityParameter(value: string | null, options: MailOptions): MailOptions | Reply {
  const priority = parsePriority(value);
  return priority === null ? REPLY.parameterValue : asking(options, { priority });
}

function deliverByParameter(value: string | null, options: MailOptions, context: SmtpContext): MailOptions | Reply {
  const by = parseDeliverBy(value);
  if (by === null) return REPLY.parameterValue;
  const { seconds, mode, trace } = by;
  if (mode === "return" && seconds < context.limits.deliverBySecondsMin) return REPLY.deliverByTooSoon;
  return asking(options, { deliverBy: { atMs: context.wallMs + seconds * 1_000, mode, trace } });
}

function holdForParameter(value: string | null, options: MailOptions, context: SmtpContext): MailOptions | Reply {
  const holdMs = parseHoldFor(value);
  return holdMs === null ? REPLY.parameterValue : held(context.wallMs + holdMs, options, context);
}

function holdUntilParameter(value: string | null, options: MailOptions, context: SmtpContext): MailOptions | Reply {
  const atMs = parseHoldUntil(value);
  return atMs === null ? REPLY.parameterValue : held(atMs, options, context);
}

/** HOLDFOR and HOLDUNTIL exclude each other (RFC 4865 §4); a time that has passed by then releases the mail at once. */
function held(releaseAtMs: number, options: MailOptions, { wallMs, limits }: SmtpContext): MailOptions | Reply {
  if (options.parameters.releaseAtMs !== null) return REPLY.parameterTwice;
  if (releaseAtMs - wallMs > limits.holdSecondsMax * 1_000) return REPLY.holdTooLong;
  return asking(options, { releaseAtMs });
}

/** The longest time and the last moment that a mail may be held until (RFC 4865 §3). */
function futureRelease({ wallMs, limits }: SmtpContext): string | null {
  const seconds = limits.holdSecondsMax;
  if (seconds === 0) return null;
  const last = new Date(wallMs + seconds * 1_000).toISOString().replace(/\.[0-9]+Z$/, "Z");
  return `FUTURERELEASE ${seconds} ${last}`;
}

/** The mechanisms that can be used now; after a login there is no second one (RFC 4954 §4). */
function authLine(context: SmtpContext, state: SmtpState): string | null {
  if (state.user !== null) return null;
  const names = usableMechanisms(mayLogIn(context, state), saslOffer(context, state)).map(({ name }) => name);
  return names.length === 0 ? null : `AUTH ${names.join(" ")}`;
}

/** AUTH=<> or xtext (RFC 4954 §5): checked and not believed; who sends is known from the login. */
function authParameter(value: string | null, options: MailOptions): MailOptions | Reply {
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

/** What a proxy may say of its client: LOGIN only where people log in. */
function xclientLine({ submission }: SmtpContext): string {
  return `XCLIENT NAME ADDR PORT PROTO HELO${submission === null ? "" : " LOGIN"} DESTADDR DESTPORT`;
}
