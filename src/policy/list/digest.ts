import { concat, latin1, utf8 } from "../../base/mod.ts";
import { formatDate } from "../../mime/mod.ts";
import { listFields, type ListHead } from "./header.ts";
import { roleAddress } from "./name.ts";

/** Posts of a list that go out as one mail. */
export interface Digest {
  /** Identity: its Message-ID, and with it what parts its parts, so it must not be known before. Letters, digits, dots. */
  readonly id: string;
  readonly nowMs: number;
  /** Whole messages. */
  readonly posts: readonly Uint8Array[];
}

/** A mail of the type multipart/digest: its parts are messages unless they say otherwise, and they do not (RFC 2046 §5.1.5). */
export function composeDigest({ id, nowMs, posts }: Digest, list: ListHead): Uint8Array {
  const boundary = `=_digest_${id}`;
  const name = list.title === "" ? list.address : list.title;
  const isPlain = posts.every((post) => isAscii(latin1(post)));
  const head = [
    `From: <${roleAddress(list.address, "request")}>`,
    `To: <${list.address}>`,
    `Subject: ${name}: ${posts.length} ${posts.length === 1 ? "post" : "posts"}`,
    `Date: ${formatDate(nowMs)}`,
    `Message-ID: <${id}.digest@${list.address.slice(list.address.lastIndexOf("@") + 1)}>`,
    "Auto-Submitted: auto-generated", // RFC 3834 §5.1
    "MIME-Version: 1.0",
    `Content-Type: multipart/digest; boundary="${boundary}"`,
    ...(isPlain ? [] : ["Content-Transfer-Encoding: 8bit"]),
    "",
    "",
  ];
  return concat([
    utf8(listFields(list) + head.join("\r\n")),
    // The CRLF before a boundary is the boundary's own (§5.1.1).
    ...posts.flatMap((post) => [utf8(`--${boundary}\r\n\r\n`), post, utf8("\r\n")]),
    utf8(`--${boundary}--\r\n`),
  ]);
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
