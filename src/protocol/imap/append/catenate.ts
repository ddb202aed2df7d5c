import { asFailure } from "../../../base/failure.ts";
import { PieceStore } from "../../../base/piece_store.ts";
import type { ByteRange } from "../../../mime/mod.ts";
import type { AppendMessage, AppendPart } from "../grammar/ast.ts";
import { type Completion, no } from "../completion.ts";
import type { Program } from "../effects.ts";
import { type MessageUrl, parseImapUrl } from "../url/imap_url.ts";
import { badUrlCode } from "../write/response_code.ts";
import type { Scene } from "../state.ts";
import { UrlReader } from "../url/url_reader.ts";

/** What a command may still take, in bytes: of the message at hand, and of all. */
export interface Room {
  message: number;
  total: number;
}

/** A URL of CATENATE as it is made bytes; `reader` is that of the URL before, which is often of the same message. */
export interface Catenating {
  readonly room: Room;
  reader: UrlReader | null;
}

/**
 * The bytes that a URL names, in pieces (RFC 4469 §3), or why the command fails: it names no message of the session's user or no
 * part of one, or they are too many. They count as held from here on.
 */
export function* readUrl(
  { url: text }: Extract<AppendPart, { readonly type: "url" }>,
  state: Catenating,
  scene: Scene,
): Program<readonly Uint8Array[] | Completion> {
  const url = parseOwn(text);
  if (url === null) return badUrl(text);
  try {
    return (yield* takeUrl(url, state, scene)) ?? badUrl(text);
  } catch (error) {
    const kind = asFailure(error)?.kind;
    if (kind === "refused" || kind === "not_found") return badUrl(text);
    throw error;
  }
}

/**
 * Why a message fails whose last part is still to come: one of the URLs right before that part can name nothing. So the client
 * learns it before it sends the text (RFC 4469 appendix A, example 4); what they do name is found out at the end.
 */
export function urlProblem({ parts }: AppendMessage): Completion | null {
  for (let at = parts.length - 2; at >= 0; at--) {
    const part = parts[at]!;
    if (part.type !== "url") return null;
    if (parseOwn(part.url) === null) return badUrl(part.url);
  }
  return null;
}

/** RFC 4469 §3: only relative URLs of messages are taken, and they name messages of the session's user. */
function parseOwn(text: string): MessageUrl | null {
  const url = parseImapUrl(text);
  return url?.type === "message" && url.server === null && url.authorization === null ? url : null;
}

function badUrl(text: string): Completion {
  return no("A URL names nothing that can be taken", badUrlCode(text));
}

function* takeUrl(
  url: MessageUrl,
  state: Catenating,
  scene: Scene,
): Program<readonly Uint8Array[] | Completion | null> {
  if (state.reader?.reads(url) !== true) state.reader = yield* UrlReader.open(url, "own", scene);
  const { reader, room } = state;
  const content = reader === null ? null : yield* reader.content(url);
  if (reader === null || content === null) return null;
  const length = content.type === "bytes" ? content.bytes.length : content.range.length;
  if (length > room.message) return no("Message too big", "TOOBIG"); // RFC 4469 §4.2.
  if (length > room.total) return no("Messages too big together", "TOOBIG");
  room.message -= length;
  room.total -= length;
  // A small piece must not keep the page alive that it was read with.
  const kept = new PieceStore();
  const before = scene.memory.readBytes;
  if (content.type === "bytes") kept.add(content.bytes, 0, length);
  else if (!(yield* readInto(kept, reader, content.range, scene))) return NO_ROOM;
  scene.memory.readBytes = before + kept.bytes;
  return kept.take();
}

/** Whether there was room for all of a range. */
function* readInto(
  kept: PieceStore,
  reader: UrlReader,
  { offset, length }: ByteRange,
  { limits, memory }: Scene,
): Program<boolean> {
  const before = memory.readBytes;
  for (let read = 0; read < length;) {
    if (memory.short) return false;
    const piece = yield* reader.piece(offset + read, Math.min(limits.readBytesMax, length - read));
    if (piece === null) throw reader.failure();
    kept.add(piece, 0, piece.length);
    read += piece.length;
    memory.readBytes = before + kept.bytes;
  }
  return true;
}

/** All sessions together hold too much. */
export const NO_ROOM: Completion = no("Too busy, try again later", "UNAVAILABLE");
