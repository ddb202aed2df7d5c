/** Said instead of the banner, or in the middle of a session, when the server has too much to do (RFC 5321 §3.8). */
export const OVERLOADED = "421 4.3.2 Too busy, try again later\r\n";
