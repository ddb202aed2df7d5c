import type { CopyOutcome } from "../../../mail/mailbox_view.ts";
import { type Command, type Given, SELECTED } from "../command.ts";
import { bad, type Completion, no, ok, untaggedStatus } from "../completion.ts";
import { ask, type Program } from "../effects.ts";
import { announcedMax } from "../limits.ts";
import { tellLimit, withinLimit } from "../message_limit.ts";
import { isBeyond } from "../message_set.ts";
import { noteOwn, tellNews } from "../news.ts";
import { arrivalRefusal } from "../write/arrival_reply.ts";
import { copyUidCode, saveLimitCode } from "../write/response_code.ts";
import { selectedOf } from "../selection.ts";
import type { Scene } from "../state.ts";

/** COPY (RFC 9051 §6.4.7), UID COPY. */
export const copy: Command<"COPY"> = {
  verb: "COPY",
  phases: SELECTED,
  news: "all",
  // RFC 9738 §3: one of the two, to those who can use it.
  capabilities: ({ state, limits }) => {
    const messagesMax = announcedMax(limits);
    if (state.login === null || messagesMax === 0) return [];
    return [`${limits.commandMessagesMax > 0 ? "MESSAGELIMIT" : "SAVELIMIT"}=${messagesMax}`];
  },
  *run(given, scene) {
    const outcome = yield* transfer(given, scene, false);
    return "from" in outcome ? ok("Copied", copyUid(outcome)) : outcome;
  },
};

/** MOVE (RFC 9051 §6.4.8, RFC 6851), UID MOVE: COPYUID comes before the removals, not with the OK. */
export const move: Command<"MOVE"> = {
  verb: "MOVE",
  phases: SELECTED,
  news: "none",
  brings: ["MOVE"],
  *run(given, scene) {
    if (selectedOf(scene).readOnly) return no("Mailbox is read-only", "CANNOT");
    if (isBeyond(given.set, selectedOf(scene).exists)) return bad("No such message");
    const { set, lowest } = yield* withinLimit(given.set, scene);
    const outcome = yield* transfer({ ...given, set }, scene, true);
    if (!("from" in outcome)) return outcome;
    const code = copyUid(outcome);
    if (code !== undefined) scene.output.push(untaggedStatus("ok", "Moved", code));
    yield* tellNews(scene, true);
    return tellLimit(ok("Moved"), lowest, scene);
  },
};

type Copied = Extract<CopyOutcome, { type: "copied" }>;

function* transfer(
  { mailbox, set }: Given<"COPY"> | Given<"MOVE">,
  scene: Scene,
  move: boolean,
): Program<Copied | Completion> {
  const selected = selectedOf(scene);
  if (isBeyond(set, selected.exists)) return bad("No such message");
  if (mailbox === null) return no("No such mailbox", "CANNOT");
  const messagesMax = announcedMax(scene.limits);
  const most = move || messagesMax === 0 ? {} : { messagesMax };
  const outcome = yield* ask("mailbox.copy", { view: selected.view, set, to: mailbox, move, ...most });
  switch (outcome.type) {
    case "copied":
      // What came into the selected mailbox itself is told at once.
      if (mailbox === selected.name) {
        selected.stirred = true;
        noteOwn(outcome.to, scene);
      }
      return outcome;
    case "tooMany":
      return no("Too many messages at once", saveLimitCode(outcome.messagesMax, scene.limits));
    default:
      return arrivalRefusal(outcome.type);
  }
}

/** RFC 4315 §3: nothing is told of nothing. */
function copyUid({ uidValidity, from, to }: Copied): string | undefined {
  return from.length === 0 ? undefined : copyUidCode(uidValidity, from, to);
}
