import { NO_PARAMETERS } from "../../mail/mod.ts";
import { composeLetter } from "../../policy/list/mod.ts";
import type { ListServices, SignedList } from "./services.ts";
import { withSignatures } from "./signing.ts";

/** A letter of a list to one address. */
export interface Letter {
  readonly to: string;
  readonly subject: string;
  readonly lines: readonly string[];
  /** The same for the same event: asked again, the letter is written once. */
  readonly id: string;
  readonly inReplyTo?: string | null;
}

/** Hands a letter to the queue; durable when it resolves. From nobody, so that nothing ever comes back for it. */
export async function sendLetter(
  { to, subject, lines, id, inReplyTo = null }: Letter,
  list: SignedList,
  services: ListServices,
): Promise<void> {
  const { queue, clock } = services;
  const letter = composeLetter({ to, subject, lines, id, inReplyTo, nowMs: clock.wallMs() }, list);
  // deno-lint-ignore no-control-regex -- every character above 127 is meant.
  const smtpUtf8 = /[^\x00-\x7f]/.test(to);
  await queue.ask("queue.enqueue", {
    opId: id,
    envelope: { ...NO_PARAMETERS, id, smtpUtf8, sender: "", account: null },
    recipients: [{ address: to, notify: [], orcpt: null }],
    parts: await withSignatures([letter], { id, list }, services),
  });
}
