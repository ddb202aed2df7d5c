/** Said instead of the greeting when the server has too much to do (RFC 3206 §4: a temporary trouble of the system). */
export const OVERLOADED = "-ERR [SYS/TEMP] Too busy, try again later\r\n";
