/** Every limit of a POP3 session. All can be overridden by configuration. */
export interface Pop3Limits {
  /** Octets of a command line with its CRLF: RFC 2449 §4 asks for exactly 255. */
  readonly lineBytesMax: number;
  /** Octets of an AUTH, USER or PASS line and of a SASL answer, CRLF included: RFC 4954 §4 sets 12,288 for base64 answers. */
  readonly credentialLineBytesMax: number;
  /** Input held while a question is open, in bytes: past it the peer ignores back-pressure, and the session closes. */
  readonly heldBytesMax: number;
  /** Replies made in one go, in bytes, before the session asks for a pause of 0 ms so that they can leave. */
  readonly outputBytesMax: number;
  /** Bytes of one RETR read: large enough for one read per usual message, small enough for 1,000 sessions at once. */
  readonly fetchBytesMax: number;
  /** Bytes of one TOP read: headers are seldom longer. */
  readonly topFetchBytesMax: number;
  /** Commands that made no sense, in all, before the session closes: people mistype, programs do not. */
  readonly errorsMax: number;
  /** Refused logins before the session closes: enough for a typing error, few for a guesser. */
  readonly loginFailuresMax: number;
  /** Pause before the first refused login is answered, in ms; doubled with each further one. */
  readonly loginPauseMs: number;
  /** Longest such pause, in ms. */
  readonly loginPauseMsMax: number;
}

export const DEFAULT_POP3_LIMITS: Pop3Limits = {
  lineBytesMax: 255,
  credentialLineBytesMax: 12_288,
  heldBytesMax: 262_144,
  outputBytesMax: 262_144,
  fetchBytesMax: 262_144,
  topFetchBytesMax: 16_384,
  errorsMax: 10,
  loginFailuresMax: 3,
  loginPauseMs: 1_000,
  loginPauseMsMax: 8_000,
};
