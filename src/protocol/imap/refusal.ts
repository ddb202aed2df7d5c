/** Said instead of the greeting when the server has too much to do (RFC 9051 §7.1.5). */
export const OVERLOADED = "* BYE [UNAVAILABLE] Too busy, try again later\r\n";

/** Why a client is sent away, before the greeting or later; none of it has to do with its password (RFC 5530 §3). */
export const REFUSAL = {
  overloaded: OVERLOADED,
  banned: "* BYE [UNAVAILABLE] Your address is banned\r\n",
  rate: "* BYE [UNAVAILABLE] Too many connections from your network, try again later\r\n",
  errors: "* BYE [UNAVAILABLE] Too many errors from your network, try again later\r\n",
  kicked: "* BYE [UNAVAILABLE] Closed by the operator\r\n",
} as const;
