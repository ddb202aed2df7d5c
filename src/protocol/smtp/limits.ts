/** What one session may cost. Every field has its unit in its name. */
export interface SmtpLimits {
  /** Longest command line with its CRLF, in bytes. RFC 5321 §4.5.3.1.4 asks 512, MAIL's extensions and SMTPUTF8 about 1,000 more. */
  readonly lineBytesMax: number;
  /** Longest AUTH command or response of an exchange with its CRLF, in bytes: RFC 4954 §4 asks for 12,288. */
  readonly authLineBytesMax: number;
  /** Bytes of an over-long command line thrown away while looking for its end; then the session is closed. */
  readonly lineSkipBytesMax: number;
  /** Input held back while a question waits for its answer, in bytes. The pump stops reading long before. */
  readonly inputBytesMax: number;
  /** Recipients of one transaction; RFC 5321 §4.5.3.1.8 asks 100 at least. As many again may be refused by 452 before that counts as an error. */
  readonly recipientsMax: number;
  /** Content of a message after unstuffing, in bytes; announced by SIZE (RFC 1870). */
  readonly messageBytesMax: number;
  /** Bytes read and thrown away of a message that is refused already; then the session is closed. */
  readonly messageSkipBytesMax: number;
  /** Header section, in bytes: a reader of headers must hold it all. */
  readonly headerBytesMax: number;
  /** Lines of the header section, folded ones included: bounds the work of every parser behind. */
  readonly headerLinesMax: number;
  /** Longest content line with its CRLF, in bytes. RFC 5321 §4.5.3.1.6 says 1,000, yet real mail has whole HTML pages on one line. */
  readonly contentLineBytesMax: number;
  /** Received fields: more mean that the message goes round in a circle (RFC 5321 §6.3 asks 100 to be allowed at most). */
  readonly receivedFieldsMax: number;
  /** Longest time that a mail may be held back (FUTURERELEASE, RFC 4865), in seconds; 0 does not offer it. */
  readonly holdSecondsMax: number;
  /** Shortest time in which a mail may have to be delivered or returned, in seconds, told to clients by DELIVERBY (RFC 2852 §3). */
  readonly deliverBySecondsMin: number;
  /** Parameters of one MAIL or RCPT; far more than exist. */
  readonly parametersMax: number;
  /** Refused commands (5xx) since the last accepted message before 421 ends the session. */
  readonly errorsMax: number;
  /** Refused commands after which each one is followed by a growing pause. */
  readonly errorsFreeMax: number;
  /** The pause grows by this per error beyond the free ones, in milliseconds. */
  readonly pauseStepMs: number;
  /** Longest pause, in milliseconds. */
  readonly pauseMsMax: number;
  /** Refused logins before the session ends: enough for a typing error, few for a guesser. */
  readonly loginFailuresMax: number;
  /** Pause before the first refused login is answered, in ms; doubled with each further one. */
  readonly loginPauseMs: number;
  /** Longest such pause, in ms. */
  readonly loginPauseMsMax: number;
  /** Commands since the last accepted message that move no mail (NOOP, RSET, VRFY, HELP, EHLO …); each further one is an error. */
  readonly junkCommandsMax: number;
  /** Commands of one session, good or bad: no session lives for ever. */
  readonly commandsMax: number;
}

/** Defaults for a server that listens to the world. */
export const SMTP_LIMITS: SmtpLimits = {
  lineBytesMax: 2_048,
  authLineBytesMax: 12_288,
  lineSkipBytesMax: 1_048_576,
  inputBytesMax: 262_144,
  recipientsMax: 1_000,
  messageBytesMax: 52_428_800,
  messageSkipBytesMax: 52_428_800,
  headerBytesMax: 262_144,
  headerLinesMax: 10_000,
  contentLineBytesMax: 2_097_152,
  receivedFieldsMax: 50,
  holdSecondsMax: 31 * 86_400,
  deliverBySecondsMin: 60,
  parametersMax: 20,
  errorsMax: 20,
  errorsFreeMax: 10,
  pauseStepMs: 1_000,
  pauseMsMax: 10_000,
  loginFailuresMax: 3,
  loginPauseMs: 1_000,
  loginPauseMsMax: 8_000,
  junkCommandsMax: 100,
  commandsMax: 1_000_000,
};
