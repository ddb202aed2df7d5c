import type { ViewRow } from "../../../mail/mailbox_view.ts";
import {
  type MessageFacts,
  type Thread,
  threadByReferences,
  threadByRefs,
  threadBySubject,
  type ThreadedMessage,
} from "../../../mime/mod.ts";
import { collect } from "../search/collect.ts";
import { type Command, SELECTED } from "../command.ts";
import { bad, ok } from "../completion.ts";
import { writeThread } from "../write/write_results.ts";

/** The algorithms (RFC 5256 §3, draft-ietf-morg-inthread-01 §4), by name. */
export const ALGORITHMS: ReadonlyMap<string, (messages: readonly ThreadedMessage[]) => Thread[]> = new Map([
  ["ORDEREDSUBJECT", threadBySubject],
  ["REFERENCES", threadByReferences],
  ["REFS", threadByRefs],
]);

/** THREAD (RFC 5256 §3), UID THREAD. */
export const thread: Command<"THREAD"> = {
  verb: "THREAD",
  phases: SELECTED,
  news: ({ uid }) => uid ? "all" : "withoutExpunges",
  brings: [...ALGORITHMS.keys()].map((name) => `THREAD=${name}`),
  *run({ uid, algorithm, criteria }, scene) {
    const threads = ALGORITHMS.get(algorithm);
    if (threads === undefined) return bad("Threading algorithm not offered");
    const of = (row: ViewRow, facts: MessageFacts | null) => threaded(uid ? row.uid : row.sequence, row, facts);
    const collected = yield* collect({ keys: criteria.keys, facts: true, of }, scene);
    if (!("items" in collected)) return collected;
    yield* scene.output.send(writeThread(threads(collected.items)));
    return ok();
  },
};

/** What threading asks of a message that arrived then; without facts it stands alone. */
export function threaded(
  number: number,
  { internalDateMs: arrivedMs }: Pick<ViewRow, "internalDateMs">,
  facts: MessageFacts | null,
): ThreadedMessage {
  const { sentMs = null, baseSubject = "", reply = false, messageId = null } = facts ?? {};
  return {
    number,
    sentMs: sentMs ?? arrivedMs,
    arrivedMs,
    baseSubject,
    reply,
    messageId,
    references: parentsIn(facts),
  };
}

/** References, or the first id of In-Reply-To where there are none. */
function parentsIn(facts: MessageFacts | null): readonly string[] {
  if (facts === null) return [];
  if (facts.references.length > 0 || facts.inReplyTo === null) return facts.references;
  return [facts.inReplyTo];
}
