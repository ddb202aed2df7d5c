import { type MailboxName, parseMailboxName } from "../../../mail/mailbox_name.ts";
import type { PartialBytes, Section } from "../grammar/ast_fetch.ts";
import { parseSection } from "../grammar/fetch.ts";
import { parseInternetTime } from "./internet_time.ts";
import { percentDecode } from "./percent.ts";
import { URL_CHARACTERS_MAX } from "../grammar/syntax_limits.ts";

/** iserver = [iuserinfo "@"] host [":" port] (RFC 5092 §11) */
export interface UrlServer {
  /** Whose mailboxes are meant; null when none is named. */
  readonly user: string | null;
  /** A SASL mechanism, or "*"; null when none is named. */
  readonly auth: string | null;
  readonly host: string;
  readonly port: number | null;
}

/** Who may use a URL with a token (RFC 5092 §6.1.2). */
export type UrlAccess =
  | { readonly type: "submit" | "user"; readonly user: string }
  | { readonly type: "authuser" | "anonymous" };

/** iurlauth, or iurlauth-rump, which has neither mechanism nor token (RFC 5092 §11). */
export interface UrlAuthorization {
  /** ms since 1970 UTC, the last moment; null: for good. */
  readonly expiresMs: number | null;
  readonly access: UrlAccess;
  /** The URL up to here, as it was sent: what the token vouches for (RFC 4467 §6). */
  readonly rump: string;
  /** `mechanism` in capitals, `token` in hexadecimal digits as sent; null of a rump. */
  readonly verifier: { readonly mechanism: string; readonly token: string } | null;
}

/** A message or a part of one, named by a URL. */
export interface MessageUrl {
  readonly type: "message";
  /** Null: the server at hand, and the mailboxes of whoever asks. */
  readonly server: UrlServer | null;
  readonly mailbox: MailboxName;
  readonly uidValidity: number | null;
  readonly uid: number;
  /** Null: the whole message. */
  readonly section: Section | null;
  /** `length` is Infinity where the URL does not say. */
  readonly partial: PartialBytes | null;
  readonly authorization: UrlAuthorization | null;
}

/** A server, a mailbox or what a search in one finds, named by a URL. */
export type OtherUrl =
  | { readonly type: "server"; readonly server: UrlServer | null }
  | {
    readonly type: "mailbox";
    readonly server: UrlServer | null;
    readonly mailbox: MailboxName;
    readonly uidValidity: number | null;
    /** A search program as IMAP writes it; null: all messages. */
    readonly search: string | null;
  };

export type ImapUrl = MessageUrl | OtherUrl;

/** Unreserved, gen-delims but "#", sub-delims and "%" (RFC 3986 §2): what a URL may consist of. */
const URL_CHARACTERS = /^[A-Za-z0-9\-._~:/?[\]@!$&'()*+,;=%]+$/;
/** achar and bchar (RFC 5092 §11), percent signs looked at later. */
const ACHARS = /^[A-Za-z0-9\-._~!$'()*+,%&=]+$/;
const BCHARS = /^[A-Za-z0-9\-._~!$'()*+,%&=:@/]+$/;
/** enc-search: a "?" more is allowed in a query (RFC 3986 §3.4). */
const QUERY = /^[A-Za-z0-9\-._~!$'()*+,%&=:@/?]+$/;
const HOST = /^(?:\[[0-9A-Fa-f:.]{2,64}\]|[A-Za-z0-9\-._~]{1,255})$/;
const MECHANISM = /^[A-Za-z0-9.-]{1,64}$/;
/** 32*HEXDIG, within reason. */
const TOKEN = /^[0-9A-Fa-f]{32,512}$/;

/** The parameters of a path in the order in which they may stand (RFC 5092 §11). */
const PARAMETERS = ["UIDVALIDITY", "UID", "SECTION", "PARTIAL", "EXPIRE", "URLAUTH"] as const;
type Parameter = typeof PARAMETERS[number];
/** Those behind a slash, which is not of what stands before. */
const BEHIND_SLASH: ReadonlySet<Parameter> = new Set<Parameter>(["UID", "SECTION", "PARTIAL"]);

/**
 * Reads an IMAP URL (RFC 5092 §11): absolute, or relative with an absolute path; null when it is none. Paths that are relative
 * themselves must not be taken (RFC 5092 §7.2). "." and ".." as levels name nothing here, as no mailbox is called so.
 */
export function parseImapUrl(text: string): ImapUrl | null {
  if (text.length > URL_CHARACTERS_MAX || !URL_CHARACTERS.test(text)) return null;
  const authority = /^imap:\/\//i.test(text) ? 7 : text.startsWith("//") ? 2 : 0;
  if (authority === 0) return text.startsWith("/") ? parseCommand(text, 1, null) : null;
  const slash = text.indexOf("/", authority);
  const server = parseServer(text.slice(authority, slash < 0 ? text.length : slash));
  if (server === null) return null;
  return slash < 0 ? { type: "server", server } : parseCommand(text, slash + 1, server);
}

function parseServer(authority: string): UrlServer | null {
  const at = authority.lastIndexOf("@");
  const info = at < 0 ? { user: null, auth: null } : parseUserInfo(authority.slice(0, at));
  const hostPort = authority.slice(at + 1);
  // What follows the colons of an IPv6 address stands behind its bracket.
  const colon = hostPort.indexOf(":", hostPort.lastIndexOf("]") + 1);
  const [host, port] = colon < 0 ? [hostPort, null] : [hostPort.slice(0, colon), hostPort.slice(colon + 1)];
  if (info === null || !HOST.test(host) || (port !== null && !isPort(port))) return null;
  return { ...info, host, port: port === null ? null : Number(port) };
}

function isPort(text: string): boolean {
  return /^[0-9]{1,5}$/.test(text) && Number(text) <= 65_535;
}

/** iuserinfo = enc-user [iauth] / [enc-user] iauth */
function parseUserInfo(text: string): Pick<UrlServer, "user" | "auth"> | null {
  const semicolon = text.indexOf(";");
  const user = semicolon < 0 ? text : text.slice(0, semicolon);
  const iauth = semicolon < 0 ? "" : text.slice(semicolon + 1);
  if (user !== "" && decoded(user, ACHARS) === null) return null;
  if (semicolon < 0) return user === "" ? null : { user: decoded(user, ACHARS), auth: null };
  const auth = /^AUTH=/i.test(iauth) ? decoded(iauth.slice(5), ACHARS) : null;
  return auth === null ? null : { user: user === "" ? null : decoded(user, ACHARS), auth };
}

/** [icommand], from `start` on. */
function parseCommand(text: string, start: number, server: UrlServer | null): ImapUrl | null {
  if (start === text.length) return { type: "server", server };
  const query = text.indexOf("?", start);
  const path = parsePath(text.slice(start, query < 0 ? text.length : query));
  const name = path === null ? null : decoded(path.base, BCHARS);
  // enc-mailbox is in UTF-8, unlike names in commands (RFC 5092 §8).
  const mailbox = name === null ? null : parseMailboxName(name);
  if (path === null || mailbox === null) return null;
  const { given } = path;
  const uidValidity = nzNumber(given.get("UIDVALIDITY"));
  if (uidValidity === undefined) return null;
  if (given.has("UID")) return query < 0 ? parseMessage(text, given, { server, mailbox, uidValidity }) : null;
  const search = query < 0 ? null : decoded(text.slice(query + 1), QUERY);
  if (given.size > (uidValidity === null ? 0 : 1) || (query >= 0 && search === null)) return null;
  return { type: "mailbox", server, mailbox, uidValidity, search };
}

/** imessagepart [iurlauth] */
function parseMessage(
  text: string,
  given: ReadonlyMap<Parameter, string>,
  of: Pick<MessageUrl, "server" | "mailbox" | "uidValidity">,
): MessageUrl | null {
  const uid = nzNumber(given.get("UID"));
  const section = given.has("SECTION") ? parseEncodedSection(given.get("SECTION")!) : null;
  const partial = given.has("PARTIAL") ? parsePartial(given.get("PARTIAL")!) : null;
  const authorization = given.has("URLAUTH") ? parseAuthorization(text, given) : null;
  if (uid === undefined || uid === null || section === undefined || partial === undefined) return null;
  // An expiry without a token is none (RFC 5092 §11 iurlauth-rump).
  if (authorization === undefined || (authorization === null && given.has("EXPIRE"))) return null;
  return { type: "message", ...of, uid, section, partial, authorization };
}

/** Takes a path apart; null when a parameter is unknown, or not in its place. */
function parsePath(path: string): { readonly base: string; readonly given: ReadonlyMap<Parameter, string> } | null {
  const pieces = path.split(";", PARAMETERS.length + 2);
  const given = new Map<Parameter, string>();
  let base = pieces[0]!;
  let last: Parameter | null = null;
  for (const piece of pieces.slice(1)) {
    const equals = piece.indexOf("=");
    const name: Parameter | undefined = PARAMETERS.find((each) => each === piece.slice(0, equals).toUpperCase());
    if (name === undefined || (last !== null && PARAMETERS.indexOf(name) <= PARAMETERS.indexOf(last))) return null;
    if (BEHIND_SLASH.has(name)) {
      const before: string = last === null ? base : given.get(last)!;
      if (!before.endsWith("/")) return null;
      if (last === null) base = before.slice(0, -1);
      else given.set(last, before.slice(0, -1));
    }
    given.set(name, piece.slice(equals + 1));
    last = name;
  }
  return { base, given };
}

/** nz-number; null when absent, undefined when it is none. */
function nzNumber(text: string | undefined): number | null | undefined {
  if (text === undefined) return null;
  return /^[1-9][0-9]{0,9}$/.test(text) && Number(text) <= 0xffff_ffff ? Number(text) : undefined;
}

function parseEncodedSection(text: string): Section | undefined {
  const spec = decoded(text, BCHARS);
  return (spec === null ? null : parseSection(spec)) ?? undefined;
}

/** partial-range = number ["." nz-number] */
function parsePartial(text: string): PartialBytes | undefined {
  const match = /^([0-9]{1,10})(?:\.([1-9][0-9]{0,9}))?$/.exec(text);
  return match === null ? undefined : { offset: Number(match[1]), length: Number(match[2] ?? Infinity) };
}

/** iurlauth = [expire] ";URLAUTH=" access [":" uauth-mechanism ":" enc-urlauth] */
function parseAuthorization(text: string, given: ReadonlyMap<Parameter, string>): UrlAuthorization | undefined {
  const [who = "", mechanism, token, ...more] = given.get("URLAUTH")!.split(":", 4);
  const access = parseAccess(who);
  const expiresMs = given.has("EXPIRE") ? parseInternetTime(given.get("EXPIRE")!) : null;
  if (access === null || more.length > 0 || (given.has("EXPIRE") && expiresMs === null)) return undefined;
  if (mechanism === undefined) return { expiresMs, access, rump: text, verifier: null };
  if (token === undefined || !MECHANISM.test(mechanism) || !TOKEN.test(token)) return undefined;
  // Cutting off is all that may be done to it (RFC 4467 §6).
  const rump = text.slice(0, text.length - mechanism.length - token.length - 2);
  return { expiresMs, access, rump, verifier: { mechanism: mechanism.toUpperCase(), token } };
}

function parseAccess(text: string): UrlAccess | null {
  const plus = text.indexOf("+");
  const name = text.slice(0, plus < 0 ? text.length : plus).toLowerCase();
  if (plus < 0) return name === "authuser" || name === "anonymous" ? { type: name } : null;
  const user = decoded(text.slice(plus + 1), ACHARS);
  return user !== null && (name === "user" || name === "submit") ? { type: name, user } : null;
}

/** What percent signs stand for, of a text of these characters. */
function decoded(text: string, characters: RegExp): string | null {
  return characters.test(text) ? percentDecode(text) : null;
}
