import { assert } from "../../base/assert.ts";
import { byteLength } from "../../base/bytes.ts";
import type { AppendedMessage, AppendOutcome } from "../../mail/mailbox_ask.ts";
import type { MessageAnnotation, MessageAnnotationChange } from "../../mail/message_annotation.ts";
import type { MailboxName } from "../../mail/mailbox_name.ts";
import type { AppendCommand, AppendMessage } from "./ast.ts";
import { bad, type Completion, no } from "./completion.ts";
import { ask, type Program } from "./effects.ts";
import type { Uid } from "../../mail/uid.ts";
import { readIndex } from "../../mime/mod.ts";
import { lacksParts, partsNamed, refusedValues } from "./annotations.ts";
import { indexInSteps, keptIndex } from "./message_index.ts";
import { selectedOf } from "./selection.ts";
import type { Scene } from "./state.ts";

type Appended = Extract<AppendOutcome, { type: "appended" }>;

interface Target {
  readonly name: MailboxName;
  /** A message of the selected mailbox that goes in the same change (RFC 8508). */
  readonly replaces?: Uid;
}

/** Stores the messages that came with a command; all or none (RFC 3502 §6.3.11). */
export function* appendAll(
  { messages }: Pick<AppendCommand, "messages">,
  { name, replaces }: Target,
  scene: Scene,
): Program<Appended | Completion> {
  const { literals, memory } = scene;
  if (messages.some(({ catenate }) => catenate)) return bad("CATENATE is not offered");
  // They lie in memory until the owner has answered.
  memory.readBytes = literals.heldBytes;
  const bodies = literals.take();
  assert(bodies.length === messages.length, "each message of a command has come");
  const made: AppendedMessage[] = [];
  for (const [at, message] of messages.entries()) {
    const parts = bodies[at]!;
    const annotations = message.annotations ?? [];
    const problem = problemOf(message, parts) ?? refusedValues(annotations);
    if (problem !== null) return problem;
    const index = yield* indexInSteps(parts);
    const root = partsNamed(annotations).length === 0 ? null : readIndex(index)?.parts() ?? null;
    const lacking = lacksParts(root, annotations);
    if (lacking !== null) return lacking;
    made.push({
      flags: message.flags,
      keywords: message.keywords,
      internalDateMs: message.internalDateMs,
      parts,
      index: keptIndex(index),
      ...(annotations.length === 0 ? {} : { annotations: annotations.flatMap(valued) }),
    });
  }
  const old = replaces === undefined ? {} : { replaces: { view: selectedOf(scene).view, uid: replaces } };
  const outcome = yield* ask("mailbox.append", { name, messages: made, ...old });
  switch (outcome.type) {
    case "appended":
      // What came into the selected mailbox is told at once (RFC 9051 §6.3.12).
      if (scene.state.selected?.name === name) scene.state.selected.stirred = true;
      return outcome;
    case "missing":
      return no("No such mailbox", "TRYCREATE");
    case "full":
      return no("Not enough room", "OVERQUOTA");
    case "limit":
      return no("Too many keywords or annotations", "LIMIT");
    case "gone":
      return GONE;
  }
}

/** A new message has no annotations that could be taken away. */
function valued({ entry, scope, value }: MessageAnnotationChange): MessageAnnotation[] {
  return value === null ? [] : [{ entry, scope, value }];
}

/** What was to be replaced is not there. */
export const GONE = no("The message is gone", "EXPUNGEISSUED");

function problemOf({ parts: [part] }: AppendMessage, pieces: readonly Uint8Array[]): Completion | null {
  // RFC 3502 §6.3.11: by an empty message a client gives up.
  if (byteLength(pieces) === 0) return no("An empty message is none", "CANNOT");
  const binary = part?.type === "literal" && part.binary;
  // RFC 9051 §9: CHAR8 is not NUL; a literal8 may hold it (RFC 3516 §4.4).
  if (!binary && pieces.some((piece) => piece.includes(0))) return no("The message holds NUL", "CANNOT");
  return null;
}
