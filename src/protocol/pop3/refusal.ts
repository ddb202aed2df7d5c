/** Said instead of the greeting when the server has too much to do (RFC 3206 §4: a temporary trouble of the system). */
export const OVERLOADED = "-ERR [SYS/TEMP] Too busy, try again later\r\n";

/** Why a client is sent away, before the greeting or later; none of it has to do with its password (RFC 3206 §4). */
export const REFUSAL = {
  overloaded: OVERLOADED,
  banned: "-ERR [SYS/TEMP] Your address is banned\r\n",
  rate: "-ERR [SYS/TEMP] Too many connections from your network, try again later\r\n",
  errors: "-ERR [SYS/TEMP] Too many errors from your network, try again later\r\n",
  kicked: "-ERR [SYS/TEMP] Closed by the operator\r\n",
} as const;
