import { byteLength } from "../../../base/bytes.ts";
import { PieceStore } from "../../../base/piece_store.ts";
import { APPENDS_MAX, type AppendWish, type NewsOfView } from "../../../mail/mailbox_ask.ts";
import type { AppendOutcome } from "../../../mail/mailbox_view.ts";
import { isOthers } from "../../../mail/other_users.ts";
import type { ImapAsks } from "../actions.ts";
import { askEach, made } from "../ask_each.ts";
import { ask, type Program } from "../effects.ts";
import { indexMessage, keptIndex } from "../fetch/message_index.ts";
import type { AppendCommand } from "../grammar/ast.ts";
import { bring } from "../news.ts";
import type { MessageAhead } from "../pipeline.ts";
import { type Scene, speaksUtf8, tellsSelected } from "../state.ts";

/** A command that waits, and what it asks for. */
interface Behind {
  readonly command: AppendCommand;
  readonly wish: AppendWish;
}

/**
 * Stores what an APPEND brings. Those that wait behind it and have come as a whole are asked for along with it (RFC 9051 §5.5): all are
 * durable by one flush. Each is told in its turn, as it would have been; what is news is told behind the last of them. Throws a
 * `Failure` when this one cannot be stored.
 */
export function* appendWithOthers(wish: AppendWish, scene: Scene): Program<AppendOutcome> {
  const behind = appendsBehind(wish, scene);
  if (behind.length === 0) return yield* ask("mailbox.append", { ...wish, ...newsWanted([wish], scene) });
  const appends = [wish, ...behind.map((each) => each.wish)];
  const { answers, news } = yield* askEach(
    ask("mailbox.appendEach", { appends, ...newsWanted(appends, scene) }),
    (failed): ImapAsks["mailbox.appendEach"]["reply"] => ({ answers: appends.map(() => failed) }),
  );
  const { selected } = scene.state;
  if (selected !== null) bring(news, selected);
  scene.pipeline.appends.note(behind.map(({ command }, i) => ({ command, answer: answers[i + 1]! })));
  return made(answers[0]!);
}

/** News of the selected mailbox is wanted where something comes into it, if the client wants to be told. */
export function newsWanted(
  appends: readonly AppendWish[],
  { state }: Scene,
): { readonly news?: NewsOfView } {
  const { selected } = state;
  if (selected === null || !tellsSelected(state) || !appends.some(({ name }) => name === selected.name)) return {};
  return { news: { view: selected.view, expunges: true } };
}

/** The commands behind an APPEND that may be asked for with it. Their messages count as held from here on. */
function appendsBehind(first: AppendWish, scene: Scene): Behind[] {
  const { pipeline, memory, limits, state } = scene;
  const { appendsAtOnceBytesMax, commandsAtOnceMax } = limits;
  const behind: Behind[] = [];
  // After NOTIFY what a session does itself is told apart from what others do, change by change.
  if (state.notify !== null || isOthers(first.name)) return behind;
  let room = appendsAtOnceBytesMax - first.messages.reduce((sum, { parts }) => sum + byteLength(parts), 0);
  const fits = (ahead: MessageAhead) => ahead.bytes.length <= room && isPlain(ahead, limits.appendBytesMax);
  while (room > 0 && !memory.short && behind.length + 1 < Math.min(commandsAtOnceMax, APPENDS_MAX)) {
    const ahead = pipeline.lookAheadMessage(speaksUtf8(state), fits);
    if (ahead === null) break;
    room -= ahead.bytes.length;
    memory.readBytes += ahead.bytes.length;
    behind.push({ command: ahead.command, wish: wishOf(ahead) });
  }
  return behind;
}

/** Whether a command is one message and nothing else, which can be taken as it is. */
function isPlain({ command, bytes }: MessageAhead, bytesMax: number): boolean {
  const { mailbox, messages: [message, ...others] } = command;
  if (mailbox === null || isOthers(mailbox) || message === undefined || others.length > 0) return false;
  const [part] = message.parts;
  if (message.catenate || message.annotations !== undefined || part?.type !== "literal" || part.utf8) return false;
  return bytes.length > 0 && bytes.length <= bytesMax && (part.binary || !bytes.includes(0));
}

/** The message keeps no more of the input than itself. */
function wishOf({ command: { mailbox, messages }, bytes }: MessageAhead): AppendWish {
  const { flags, keywords, internalDateMs } = messages[0]!;
  const kept = new PieceStore();
  kept.add(bytes, 0, bytes.length);
  const parts = kept.take();
  const message = { flags, keywords, internalDateMs, parts, index: keptIndex(indexMessage(parts)) };
  return { name: mailbox!, messages: [message] };
}
