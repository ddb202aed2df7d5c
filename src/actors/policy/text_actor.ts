import { type Clock, utf8 } from "../../base/mod.ts";
import type { TextProtocol } from "../../messages/mod.ts";
import { parseStructure, searchText } from "../../mime/mod.ts";
import { indexSteps } from "../../protocol/imap/mod.ts";
import { defineActor } from "../../runtime/define_actor.ts";
import { inTurns } from "../in_turns.ts";
import { mayAsk } from "../rights.ts";
import { type Accepts, fields } from "../shape.ts";

/** Name of the text actor, in the policy worker. */
export const TEXT_ACTOR = "text";

/** Bytes of one message, or of as much of it as is searched. */
const EXTRACT_BYTES_MAX = 16 * 1024 * 1024;

/** How long it reads before others of the worker have their turn, in ms: mail that comes in is checked here, too. */
const TURN_MS = 5;

/** Whether requests of other workers have the form their types promise. */
export const textAccepts: Accepts<TextProtocol> = {
  "text.extract": fields(({ bytes }) => bytes instanceof Uint8Array && bytes.length <= EXTRACT_BYTES_MAX),
  "text.index": fields(({ bytes }) => bytes instanceof Uint8Array && bytes.length <= EXTRACT_BYTES_MAX),
};

interface TextState {
  readonly clock: Clock;
  /** Time spent since the last pause, in ms. */
  busyMs: number;
}

/** Reads messages for those who write files and must not: what strangers wrote is taken apart where it can do no harm. */
export const textActor = defineActor<TextProtocol, TextState>({
  restart: "permanent",
  inboxMax: 1_000,
  accepts: textAccepts,
  mayAsk,
  init: (_args, { clock }) => ({ clock, busyMs: 0 }),
  receive: {
    "text.extract": (state, { bytes }, reply) =>
      answered(state, () => {
        const { header, body } = searchText(parseStructure(bytes));
        reply.ok({ header: utf8(`\n${header}`), body: utf8(body) });
      }),
    "text.index": (state, { bytes }, reply) =>
      answered(state, () => {
        const index = inTurns(indexSteps([bytes]), state.clock);
        if (index instanceof Promise) return index.then((index) => reply.ok({ index }));
        reply.ok({ index });
      }),
  },
});

/** Answers one request, and lets others of the worker go before the next when it has taken long. */
function answered(state: TextState, answer: () => void | Promise<void>): void | Promise<void> {
  const { clock } = state;
  const beganAt = clock.monotonicMs();
  const work = answer();
  state.busyMs += clock.monotonicMs() - beganAt;
  if (work instanceof Promise || state.busyMs < TURN_MS) return work;
  state.busyMs = 0;
  return new Promise((resolve) => void clock.after(0, resolve));
}
