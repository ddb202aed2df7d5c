import type { Pop3Action } from "./actions.ts";

/** Languages there are texts in (RFC 6856 §3), each with its name in itself. */
export const POP3_LANGUAGES: ReadonlyMap<string, string> = new Map([["en", "English"], ["i-default", "English"]]);

/** Extended response codes in use (RFC 2449 §8, RFC 3206, RFC 6856 §5). */
export type ResponseCode = "AUTH" | "IN-USE" | "LOGIN-DELAY" | "SYS/TEMP" | "SYS/PERM" | "UTF8";

type Send = Extract<Pop3Action, { type: "send" }>;

const send = (data: string): Send => ({ type: "send", data });
const ok = (text: string): Send => send(`+OK ${text}\r\n`);
const err = (text: string): Send => send(`-ERR ${text}\r\n`);
const coded = (code: ResponseCode, text: string): Send => err(`[${code}] ${text}`);
/** No line given here may begin with a dot. */
const listing = (text: string, lines: readonly string[]): Send =>
  send(lines.length === 0 ? `+OK ${text}\r\n.\r\n` : `+OK ${text}\r\n${lines.join("\r\n")}\r\n.\r\n`);

/** Every text a POP3 client can get from us, messages apart. Nothing the client sent is repeated in it. */
export const reply = {
  // RFC 1939 §7: no timestamp, because APOP is not offered: it needs each password in readable form on the server.
  greeting: (hostname: string) => ok(`${hostname} POP3 ready`),
  bye: ok("Bye"),
  done: ok("Done"),

  unknownCommand: err("Unknown command"),
  notNow: err("Not in this state"),
  syntax: err("Wrong syntax"),
  badLine: err("Lines end in CRLF and hold no CR, LF or NUL"),
  notUtf8: err("Not UTF-8"),
  lineTooLong: err("Line too long"),
  wrongProtocol: err("This is POP3"),
  tooManyErrors: err("Too many errors"),
  shuttingDown: coded("SYS/TEMP", "Server is shutting down"),

  sendPass: ok("Send PASS"),
  sendUserFirst: err("Send USER first"),
  tlsFirst: coded("AUTH", "Start TLS first"),
  loginRefused: coded("AUTH", "Login refused"),
  tooManyLogins: coded("AUTH", "Login refused too often"),
  inUse: coded("IN-USE", "Another session has this maildrop open"),
  loginDelay: coded("LOGIN-DELAY", "Too soon after the last login"),
  loginTemporary: coded("SYS/TEMP", "Login is not possible now, try later"),
  opened: (count: number, size: number) => ok(`${count} messages (${size} octets)`),

  /** RFC 5034 §4: `+`, a space and base64, which may be empty. */
  challenge: (base64: string) => send(`+ ${base64}\r\n`),
  mechanisms: (names: readonly string[]) => listing("Mechanisms", names),
  unknownMechanism: err("Mechanism not offered"),
  badBase64: err("Not base64"),
  malformedAnswer: err("Malformed answer"),
  cancelled: err("Cancelled"),

  startTls: ok("Begin TLS"),
  tlsActive: err("TLS is active already"),
  tlsNotOffered: err("TLS is not offered here"),
  tlsAfterUtf8: err("STLS comes before UTF8"),

  capabilities: (lines: readonly string[]) => listing("Capabilities", lines),
  utf8On: ok("UTF-8 mode"),
  languages: (lines: readonly string[]) => listing("Languages", lines),
  /** RFC 6856 §3.2: the tag comes first. */
  languageSet: (tag: string) => ok(`${tag} Language changed`),
  unknownLanguage: err("Language not offered"),

  stat: (count: number, size: number) => ok(`${count} ${size}`),
  list: (count: number, size: number, lines: readonly string[]) => listing(`${count} messages (${size} octets)`, lines),
  listOne: (number: number, size: number) => ok(`${number} ${size}`),
  uidl: (lines: readonly string[]) => listing("Unique ids", lines),
  uidlOne: (number: number, id: string) => ok(`${number} ${id}`),
  noSuchMessage: err("No such message"),
  deleted: ok("Marked for removal"),
  reset: (count: number, size: number) => ok(`${count} messages (${size} octets)`),
  retr: (size: number) => ok(`${size} octets`),
  top: ok("Top of message follows"),
  messageTemporary: coded("SYS/TEMP", "Message cannot be read now, try later"),
  messageCorrupt: coded("SYS/PERM", "Message is damaged"),
  needsUtf8: coded("UTF8", "Message needs UTF8 mode"),
  notAllRemoved: coded("SYS/TEMP", "Some messages were not removed"),
} as const;
