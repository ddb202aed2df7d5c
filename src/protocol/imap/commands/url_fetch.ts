import { asFailure } from "../../../base/failure.ts";
import type { ByteRange } from "../../../mime/mod.ts";
import { type Command, LOGGED_IN } from "../command.ts";
import { ok } from "../completion.ts";
import type { Program } from "../effects.ts";
import { type MessageUrl, parseImapUrl } from "../url/imap_url.ts";
import { type Scene, speaksUtf8 } from "../state.ts";
import { rightByUrl } from "../url/url_access.ts";
import { type UrlContent, UrlReader } from "../url/url_reader.ts";
import { writeAstring } from "../write/write.ts";

/** URLFETCH (RFC 4467 §7): NIL for whatever is wrong with a URL, so that nobody learns what. */
export const urlFetch: Command<"URLFETCH"> = {
  verb: "URLFETCH",
  phases: LOGGED_IN,
  news: "all",
  *run({ urls }, scene) {
    for (const url of urls) yield* tell(url, scene);
    return ok();
  },
};

function* tell(text: string, scene: Scene): Program<void> {
  const { output, state } = scene;
  const found = yield* find(text, scene);
  const label = `* URLFETCH ${writeAstring(text, speaksUtf8(state))} `;
  if (found === null) return yield* output.send(`${label}NIL\r\n`);
  // RFC 4467 §8: a part that is not there is empty, not NIL.
  if (found.content === null) return yield* output.send(`${label}""\r\n`);
  output.open = true;
  if (found.content.type === "bytes") yield* tellBytes(label, found.content.bytes, scene);
  else yield* tellRange(label, found.reader, { ...found, range: found.content.range }, scene);
  output.push("\r\n");
  output.open = false;
}

interface Found {
  readonly reader: UrlReader;
  /** Null: the message has no such part. */
  readonly content: UrlContent | null;
  /** The first piece of a range. */
  readonly first: Uint8Array;
}

/** What a URL names, when its token is right and was made for whoever asks; null else. */
function* find(text: string, scene: Scene): Program<Found | null> {
  const url = parseImapUrl(text);
  const right = url?.type === "message" ? rightByUrl(url, scene) : null;
  if (right === null) return null;
  try {
    const reader = yield* UrlReader.open(url as MessageUrl, right, scene);
    if (reader === null) return null;
    const content = yield* reader.content(url as MessageUrl);
    return { reader, content, first: yield* firstOf(reader, content, scene) };
  } catch (error) {
    if (asFailure(error)?.kind === "not_found") return null;
    throw error;
  }
}

const EMPTY: Uint8Array = new Uint8Array(0);

function* firstOf(reader: UrlReader, content: UrlContent | null, { limits }: Scene): Program<Uint8Array> {
  if (content?.type !== "range" || content.range.length === 0) return EMPTY;
  const { offset, length } = content.range;
  const first = yield* reader.piece(offset, Math.min(limits.readBytesMax, length));
  if (first === null) throw reader.failure();
  return first;
}

function* tellBytes(label: string, bytes: Uint8Array, { output, limits: { readBytesMax } }: Scene): Program<void> {
  output.push(`${label}{${bytes.length}}\r\n`);
  for (let at = 0; at < bytes.length; at += readBytesMax) yield* output.send(bytes.subarray(at, at + readBytesMax));
}

function* tellRange(
  label: string,
  reader: UrlReader,
  { first, range: { offset, length } }: { readonly first: Uint8Array; readonly range: ByteRange },
  { output, limits: { readBytesMax } }: Scene,
): Program<void> {
  yield* output.send(`${label}{${length}}\r\n`);
  yield* output.send(first);
  for (let sent = first.length; sent < length;) {
    const piece = yield* reader.piece(offset + sent, Math.min(readBytesMax, length - sent));
    // Its length was announced: what would follow would be taken for the rest of it.
    if (piece === null) return void (yield { type: "close" });
    yield* output.send(piece);
    sent += piece.length;
  }
}
