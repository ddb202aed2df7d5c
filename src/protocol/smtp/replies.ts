import type { DeliveryOutcome, ListedClient, QueueNode, QueueTurn, RecipientVerdict } from "./actions.ts";

/** A reply as a value: its code and its text on the wire (RFC 5321 §4.2, RFC 2034). */
export interface Reply {
  readonly type: "reply";
  readonly code: number;
  readonly wire: string;
}

/** One line: code, enhanced status code (RFC 3463), text. */
function line(code: number, enhanced: string, text: string): Reply {
  return { type: "reply", code, wire: `${code} ${enhanced} ${text}\r\n` };
}

/** The greeting; it and the answers to HELO and EHLO carry no enhanced code (RFC 2034 §4). */
export function banner(hostname: string, dialect: "smtp" | "lmtp" = "smtp"): Reply {
  return { type: "reply", code: 220, wire: `220 ${hostname} ${dialect === "lmtp" ? "LMTP" : "ESMTP"}\r\n` };
}

/** The answer to HELO. */
export function hello(hostname: string): Reply {
  return { type: "reply", code: 250, wire: `250 ${hostname}\r\n` };
}

/** The answer to EHLO: one line per extension. */
export function ehlo(hostname: string, extensions: readonly string[]): Reply {
  const lines = [hostname, ...extensions];
  const wire = lines.map((text, i) => `250${i === lines.length - 1 ? " " : "-"}${text}\r\n`).join("");
  return { type: "reply", code: 250, wire };
}

/** The commands on one line. */
export function help(verbs: readonly string[]): Reply {
  return line(214, "2.0.0", `Commands: ${verbs.join(" ")}`);
}

/** What the client is told once its message is durable; `id` finds it in the log. */
export function accepted(id: string): Reply {
  return line(250, "2.0.0", `Accepted ${id.replace(/[^\x21-\x7e]/g, "?").slice(0, 100)}`);
}

/** A mail or recipient that is refused for what is known of its sender or client. Whatever the text is made of, it stays one line. */
export function refusedMail(code: 550 | 451, enhanced: string, text: string): Reply {
  return line(code, enhanced, text.replace(/[^\x20-\x7e]/g, "?").slice(0, REPLY_TEXT_CHARS_MAX));
}

/** With code and line end it stays within 512 octets (RFC 5321 §4.5.3.1.5). */
const REPLY_TEXT_CHARS_MAX = 480;

/** The answer to a BDAT that is not the last. */
export function chunkTaken(octets: number): Reply {
  return line(250, "2.0.0", `${octets} octets received`);
}

/** The answer to ETRN (RFC 1985 §5.3). */
export function queueTurned({ text: node }: QueueNode, turn: QueueTurn): Reply {
  switch (turn.type) {
    case "counted":
      return line(253, "2.0.0", `OK, ${turn.mails} pending messages for node ${node} started`);
    case "pending":
      return line(252, "2.0.0", `OK, pending messages for node ${node} started`);
    case "none":
      return line(251, "2.0.0", `OK, no messages waiting for node ${node}`);
    case "started":
      return line(250, "2.0.0", `OK, queuing for node ${node} started`);
    case "unable":
      return line(458, "4.3.0", `Unable to queue messages for node ${node}`);
    case "notAllowed":
      return line(459, "4.7.1", `Node ${node} not allowed: it is not yours to ask for`);
  }
}

/** Several replies, sent as one thing. */
export function joined(replies: readonly Reply[]): Reply {
  const wire = replies.map((reply) => reply.wire).join("");
  return { type: "reply", code: Math.max(0, ...replies.map(({ code }) => code)), wire };
}

/** A SASL challenge (RFC 4954 §4): base64, which may be empty. */
export function challenge(base64: string): Reply {
  return { type: "reply", code: 334, wire: `334 ${base64}\r\n` };
}

/** Every reply that is always the same. */
export const REPLY = {
  ok: line(250, "2.0.0", "OK"),
  senderOk: line(250, "2.1.0", "Sender OK"),
  recipientOk: line(250, "2.1.5", "Recipient OK"),
  startData: { type: "reply", code: 354, wire: "354 End data with <CRLF>.<CRLF>\r\n" } as Reply,
  bye: line(221, "2.0.0", "Bye"),
  readyForTls: line(220, "2.0.0", "Ready to start TLS"),
  cannotVerify: line(252, "2.5.0", "Will not say, but will try to deliver"),

  lineTooLong: line(500, "5.5.2", "Line too long"),
  lineEnding: line(500, "5.5.2", "Lines must end in CRLF and hold no other CR or LF"),
  lineNul: line(500, "5.5.2", "NUL is not allowed"),
  lineNotUtf8: line(500, "5.5.2", "Not valid UTF-8"),
  lineNotAscii: line(500, "5.5.2", "Only ASCII is allowed here"),
  lineControl: line(500, "5.5.2", "Control characters are not allowed"),
  unknownCommand: line(500, "5.5.1", "Unknown command"),
  notImplemented: line(502, "5.5.1", "Command not implemented"),
  noArgument: line(501, "5.5.4", "This command takes no argument"),
  needsArgument: line(501, "5.5.4", "This command needs an argument"),
  heloName: line(501, "5.5.4", "A domain or address literal is needed"),
  mailSyntax: line(501, "5.5.4", "Syntax: MAIL FROM:<address> [parameters]"),
  rcptSyntax: line(501, "5.5.4", "Syntax: RCPT TO:<address> [parameters]"),
  senderSyntax: line(501, "5.1.7", "Bad sender address syntax"),
  recipientSyntax: line(501, "5.1.3", "Bad recipient address syntax"),
  senderNotAscii: line(553, "5.6.7", "A non-ASCII sender needs SMTPUTF8"),
  recipientNotAscii: line(553, "5.6.7", "A non-ASCII recipient needs SMTPUTF8"),
  parameterSyntax: line(501, "5.5.4", "Bad parameter syntax"),
  parameterTwice: line(501, "5.5.4", "Parameter given twice"),
  parameterValue: line(501, "5.5.4", "Bad parameter value"),
  deliverByTooSoon: line(555, "5.5.4", "Cannot deliver in so short a time"),
  holdTooLong: line(501, "5.5.4", "Cannot hold a message for so long"),
  bdatSyntax: line(501, "5.5.4", "Syntax: BDAT size [LAST]"),
  parameterUnknown: line(555, "5.5.4", "Parameter not recognized"),

  heloFirst: line(503, "5.5.1", "Send HELO or EHLO first"),
  ehloFirst: line(503, "5.5.1", "Send EHLO first"),
  lhloFirst: line(503, "5.5.1", "Send LHLO first"),
  mailNested: line(503, "5.5.1", "A transaction is open already"),
  mailFirst: line(503, "5.5.1", "Send MAIL first"),
  rcptFirst: line(503, "5.5.1", "Send RCPT first"),
  chunksBegun: line(503, "5.5.1", "The message has begun by BDAT"),
  chunkFailed: line(503, "5.5.1", "An earlier chunk was refused, send RSET"),
  binaryNeedsBdat: line(503, "5.5.1", "BODY=BINARYMIME needs BDAT"),
  noValidRecipients: line(554, "5.5.1", "No valid recipients"),
  xclientNested: line(503, "5.5.1", "Not in a mail transaction"),
  etrnNested: line(503, "5.5.1", "Not in a mail transaction"),
  etrnSyntax: line(501, "5.5.4", "Syntax: ETRN [@ or #]domain"),
  xclientLogin: line(550, "5.7.8", "Nobody here has that login"),
  xclientSyntax: line(501, "5.5.4", "Bad XCLIENT attribute"),
  tlsActive: line(503, "5.5.1", "TLS is active already"),

  loggedIn: line(235, "2.7.0", "Logged in"),
  loggedInAlready: line(503, "5.5.1", "Logged in already"),
  notInTransaction: line(503, "5.5.1", "Not in a transaction"),
  loginFirst: line(530, "5.7.0", "Log in first"),
  tlsFirst: line(530, "5.7.0", "Start TLS first"),
  loginNeedsTls: line(538, "5.7.11", "Start TLS first"),
  mechanismUnknown: line(504, "5.5.4", "Mechanism not offered"),
  authSyntax: line(501, "5.5.4", "Syntax: AUTH mechanism [initial-response]"),
  authBase64: line(501, "5.5.2", "Not base64"),
  authMalformed: line(501, "5.5.2", "Malformed answer"),
  authCancelled: line(501, "5.7.0", "Cancelled"),
  authLineTooLong: line(500, "5.5.6", "Line too long"),
  loginRefused: line(535, "5.7.8", "Login refused"),
  loginTemporary: line(454, "4.7.0", "Login is not possible now, try later"),
  tooManyLogins: line(421, "4.7.0", "Login refused too often"),
  senderNotYours: line(550, "5.7.1", "Not an address of yours"),

  tooManyRecipients: line(452, "4.5.3", "Too many recipients"),
  messageTooBig: line(552, "5.3.4", "Message too big"),
  headerTooBig: line(552, "5.3.4", "Message header too big"),
  contentLineTooLong: line(554, "5.6.0", "Message line too long"),
  bareNewline: line(554, "5.6.0", "Message has a CR or LF that is not part of CRLF"),
  mailLoop: line(554, "5.4.6", "Too many Received fields: mail loop"),

  earlyTalker: line(554, "5.5.1", "You spoke before the greeting"),
  tooManyErrors: line(421, "4.7.0", "Too many errors"),
  tooManyCommands: line(421, "4.7.0", "Too many commands, connect again"),
  tooMuchInput: line(421, "4.7.0", "Too much input"),
  notHttp: line(421, "4.7.0", "This is a mail server"),
  timedOut: line(421, "4.4.2", "Timed out"),
  shuttingDown: line(421, "4.3.2", "Shutting down, connect again"),
} as const satisfies Record<string, Reply>;

/** The reply for each verdict on a recipient. */
export const VERDICT_REPLY: Readonly<Record<RecipientVerdict, Reply>> = {
  accepted: REPLY.recipientOk,
  relayDenied: line(550, "5.7.1", "Relaying denied"),
  unknownUser: line(550, "5.1.1", "No such user here"),
  mailboxFull: line(452, "4.2.2", "Mailbox full"),
  disabled: line(450, "4.2.1", "Mailbox disabled"),
  loop: line(550, "5.4.6", "Alias loop"),
  limited: line(450, "4.7.1", "Too much mail from you, try again later"),
  greylisted: line(450, "4.7.1", "Greylisted, try again in some minutes"),
  busy: line(451, "4.3.2", "Busy, try again later"),
};

/** The answer to each recipient of a client that a block list names; the list is told, as its operator can take the client off. */
export function listed({ listedBy, text }: ListedClient): Reply {
  return refusedMail(550, "5.7.1", `Your address is listed by ${listedBy}${text === null ? "" : `: ${text}`}`);
}

/** The reply for each end of a delivery but the good one. */
export const FAILURE_REPLY: Readonly<Record<Exclude<DeliveryOutcome["type"], "accepted" | "refused">, Reply>> = {
  mailboxFull: VERDICT_REPLY.mailboxFull,
  diskFull: line(452, "4.3.1", "Insufficient storage"),
  busy: VERDICT_REPLY.busy,
  limited: VERDICT_REPLY.limited,
  failed: line(451, "4.3.0", "Temporary failure, try again later"),
};
