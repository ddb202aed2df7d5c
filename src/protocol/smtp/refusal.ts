/** Said instead of the banner, or in the middle of a session, when the server has too much to do (RFC 5321 §3.8). */
export const OVERLOADED = "421 4.3.2 Too busy, try again later\r\n";

/**
 * Why a client is sent away, before the banner or later (RFC 5321 §3.8). Always by 421, bans included: a ban by mistake delays
 * mail and loses none, and only after 421 may the server close at once (RFC 5321 §3.1 has it wait for QUIT after 554).
 */
export const REFUSAL = {
  overloaded: OVERLOADED,
  banned: "421 4.7.1 Your address is banned\r\n",
  rate: "421 4.7.0 Too many connections from your network, try again later\r\n",
  errors: "421 4.7.0 Too many errors from your network, try again later\r\n",
  kicked: "421 4.3.2 Closed by the operator, try again later\r\n",
} as const;
