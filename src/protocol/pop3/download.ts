import { assert } from "../../base/assert.ts";
import { decodeUtf8 } from "../../base/bytes.ts";
import type { FetchOutcome, MaildropEntry, Pop3Action } from "./actions.ts";
import { endOfMessage, latin1, stuffDots } from "./dot_stuffing.ts";
import { reply } from "./replies.ts";
import { closed, type Download, type Pop3Context, type Step, type Transaction } from "./state.ts";
import { cutTop, topStart } from "./top_cutter.ts";

/** Begins RETR (`lines` null) or TOP. */
export function startDownload(
  state: Transaction,
  entry: MaildropEntry,
  lines: number | null,
  context: Pop3Context,
): Step {
  const top = lines === null ? null : topStart(lines);
  const download: Download = { entry, offset: 0, stuffing: "lineStart", top };
  if (entry.size === 0) return [state, firstLine(download), { type: "send", data: endOfMessage("lineStart") }];
  return [{ ...state, download }, nextFetch(download, context)];
}

/** Takes what was read of the message. */
export function continueDownload(state: Transaction, outcome: FetchOutcome, context: Pop3Context): Step {
  const download = state.download;
  assert(download !== null, "fetched without a download");
  // Bytes that end too early are as bad as damaged ones.
  if (outcome.type === "failed") return stop(state, download, outcome.kind);
  if (outcome.bytes.length === 0) return stop(state, download, "corrupt");
  if (download.offset === 0 && needsUtf8(state, outcome.bytes, context)) {
    return [{ ...state, download: null }, reply.needsUtf8];
  }
  const cut = download.top === null ? null : cutTop(download.top, outcome.bytes);
  const [stuffing, data] = stuffDots(download.stuffing, cut?.shown ?? outcome.bytes);
  const offset = download.offset + outcome.bytes.length;
  assert(offset <= download.entry.size, "more bytes fetched than the message has");
  const actions: Pop3Action[] = download.offset === 0 ? [firstLine(download)] : [];
  if (data.length > 0) actions.push({ type: "send", data });
  if (cut?.done || offset === download.entry.size) {
    return [{ ...state, download: null }, ...actions, { type: "send", data: endOfMessage(stuffing) }];
  }
  const next: Download = { ...download, offset, stuffing, top: cut?.state ?? null };
  return [{ ...state, download: next }, ...actions, nextFetch(next, context)];
}

function stop(state: Transaction, download: Download, kind: "temporary" | "corrupt" | "gone"): Step {
  // Part of the message is out. A final dot would pass it off as whole, so the connection ends instead.
  if (download.offset > 0) return closed(state);
  const answers = {
    temporary: reply.messageTemporary,
    corrupt: reply.messageCorrupt,
    gone: reply.noSuchMessage,
  } as const;
  return [{ ...state, download: null }, answers[kind]];
}

function nextFetch({ entry, offset, top }: Download, { limits }: Pop3Context): Pop3Action {
  const chunkBytes = top === null ? limits.fetchBytesMax : limits.topFetchBytesMax;
  return { type: "fetch", uid: entry.uid, offset, length: Math.min(chunkBytes, entry.size - offset) };
}

function firstLine({ entry, top }: Download): Pop3Action {
  return top === null ? reply.retr(entry.size) : reply.top;
}

/** Whether the message must not be shown to a client that did not say UTF8 (RFC 6856 §2.1), as far as its first bytes tell. */
function needsUtf8(state: Transaction, bytes: Uint8Array, { options }: Pop3Context): boolean {
  if (state.utf8 || options.utf8Messages !== "refuse") return false;
  const end = latin1(bytes).indexOf("\r\n\r\n");
  const header = end < 0 ? bytes : bytes.subarray(0, end);
  // A read may end amid a character of up to four bytes.
  const spareMax = end < 0 ? 3 : 0;
  const isUtf8 = (spare: number) => decodeUtf8(header.subarray(0, Math.max(0, header.length - spare))) !== null;
  return header.some((byte) => byte >= 0x80) && [0, 1, 2, 3].some((spare) => spare <= spareMax && isUtf8(spare));
}
