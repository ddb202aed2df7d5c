/**
 * Messages on their way in: literals as they arrive, parts that URLs name, and the question to the owner that stores them.
 * APPEND and REPLACE import it, and the session, to which the literals come.
 * It must never hold more than the limits of one command.
 */
export { appendAll } from "./append.ts";
export { AppendLiterals } from "./append_literals.ts";
