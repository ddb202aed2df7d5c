/**
 * The client's side of the protocols: hands a letter in by SMTP, fetches one by POP3.
 * Only the files right below src import it.
 * It must never be used on the way of received mail.
 */
export { demoLetter, readLetter, sendLetter } from "./letter.ts";
