/** Characters of a subject of which the base is taken. */
export const SUBJECT_CHARS_MAX = 2_048;

/** What a subject is about, without what replies and forwards put around it. */
export interface BaseSubject {
  readonly text: string;
  /** Whether something of a reply or forward was taken off (RFC 5256 §3, REFERENCES, step 5). */
  readonly reply: boolean;
}

/** The base subject (RFC 5256 §2.1) of a decoded one. Linear. */
export function baseSubject(decoded: string): BaseSubject {
  let text = decoded.slice(0, SUBJECT_CHARS_MAX).replace(/[ \t\r\n]+/g, " ");
  let reply = false;
  while (true) {
    const trimmed = withoutTrailer(text);
    const led = withoutLeaders(trimmed.text);
    reply ||= trimmed.reply || led.reply;
    text = led.text;
    // subj-fwd = subj-fwd-hdr subj-base subj-fwd-trl: "[fwd:" … "]"
    if (!/^\[fwd:/i.test(text) || !text.endsWith("]")) return { text, reply };
    text = text.slice("[fwd:".length, -1);
    reply = true;
  }
}

/** subj-trailer = "(fwd)" / WSP */
function withoutTrailer(text: string): BaseSubject {
  let end = text.length;
  let reply = false;
  while (true) {
    while (end > 0 && text[end - 1] === " ") end--;
    if (end < 5 || text.slice(end - 5, end).toLowerCase() !== "(fwd)") return { text: text.slice(0, end), reply };
    end -= 5;
    reply = true;
  }
}

/** Takes off subj-leader and subj-blob from the front as long as something is left. */
function withoutLeaders(text: string): BaseSubject {
  let at = 0;
  let reply = false;
  while (true) {
    while (text[at] === " ") at++;
    // subj-leader = (*subj-blob subj-refwd) / WSP
    let behind = at;
    let last = at;
    for (let blob = blobEnd(text, behind); blob >= 0; blob = blobEnd(text, behind)) [last, behind] = [behind, blob];
    const refwd = refwdEnd(text, behind);
    if (refwd >= 0) {
      at = refwd;
      reply = true;
      continue;
    }
    // Blobs go, but the last one stays when nothing would be left.
    return { text: text.slice(behind < text.length ? behind : last), reply };
  }
}

/** subj-blob = "[" *BLOBCHAR "]" *WSP: where one that begins at `at` ends, or -1. */
function blobEnd(text: string, at: number): number {
  if (text[at] !== "[") return -1;
  let end = at + 1;
  while (end < text.length && text[end] !== "[" && text[end] !== "]") end++;
  if (text[end] !== "]") return -1;
  end++;
  while (text[end] === " ") end++;
  return end;
}

/** subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":": where one that begins at `at` ends, or -1. */
function refwdEnd(text: string, at: number): number {
  const word = /^(re|fwd?)/i.exec(text.slice(at, at + 3))?.[0];
  if (word === undefined) return -1;
  let end = at + word.length;
  while (text[end] === " ") end++;
  const blob = blobEnd(text, end);
  if (blob >= 0) end = blob;
  return text[end] === ":" ? end + 1 : -1;
}
