import type { UrlCommand } from "./ast.ts";
import { LIST_ELEMENTS_MAX } from "./syntax_limits.ts";
import { readMailbox } from "./arguments.ts";
import type { Reader } from "./reader.ts";

const SPACE = 0x20;

/** "GENURLAUTH" 1*(SP url-rump SP mechanism) (RFC 4467 §9) */
export function readGenUrlAuth(reader: Reader): UrlCommand {
  const url = () => {
    const url = reader.astring("a URL");
    reader.space();
    return { url, mechanism: reader.word("a mechanism") };
  };
  return { verb: "GENURLAUTH", urls: readSome(reader, url) };
}

/** "URLFETCH" 1*(SP url-full) (RFC 4467 §9) */
export function readUrlFetch(reader: Reader): UrlCommand {
  return { verb: "URLFETCH", urls: readSome(reader, () => reader.astring("a URL")) };
}

/** "RESETKEY" [SP mailbox *(SP mechanism)] (RFC 4467 §9) */
export function readResetKey(reader: Reader): UrlCommand {
  if (!reader.take(SPACE)) return { verb: "RESETKEY", mechanisms: [] };
  const mailbox = readMailbox(reader);
  const mechanisms = reader.peek() === SPACE ? readSome(reader, () => reader.word("a mechanism")) : [];
  return { verb: "RESETKEY", mailbox, mechanisms };
}

/** 1*(SP element) */
function readSome<T>(reader: Reader, element: () => T): T[] {
  const elements: T[] = [];
  do {
    reader.space();
    elements.push(element());
    reader.bounded(elements.length, LIST_ELEMENTS_MAX, "arguments");
  } while (reader.peek() === SPACE);
  return elements;
}
