import type { ViewRow } from "../../../mail/mailbox_view.ts";
import { type MessageFacts, threadByReferences, threadBySubject, type ThreadedMessage } from "../../../mime/mod.ts";
import { collect } from "../search/collect.ts";
import { type Command, SELECTED } from "../command.ts";
import { bad, ok } from "../completion.ts";
import { writeThread } from "../write/write_results.ts";

/** The algorithms (RFC 5256 §3), by name. */
const ALGORITHMS = new Map([
  ["ORDEREDSUBJECT", threadBySubject],
  ["REFERENCES", threadByReferences],
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

function threaded(number: number, row: ViewRow, facts: MessageFacts | null): ThreadedMessage {
  const { sentMs = null, baseSubject = "", reply = false, messageId = null } = facts ?? {};
  return { number, sentMs: sentMs ?? row.internalDateMs, baseSubject, reply, messageId, references: parentsIn(facts) };
}

/** References, or the first id of In-Reply-To where there are none. */
function parentsIn(facts: MessageFacts | null): readonly string[] {
  if (facts === null) return [];
  if (facts.references.length > 0 || facts.inReplyTo === null) return facts.references;
  return [facts.inReplyTo];
}
