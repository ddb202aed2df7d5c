/** What FETCH shows of the messages of the corpus, beside what Dovecot shows of them. */
import { Buffer } from "node:buffer";
import { assertEquals } from "@std/assert";
import { latin1 } from "../../src/base/mod.ts";
import {
  decodeBody,
  findPart,
  type IndexedPart,
  locateSection,
  type MessageFacts,
  type MessageIndex,
  parseStructure,
  type Part,
  readIndex,
  type SearchText,
  searchText,
  selectFields,
} from "../../src/mime/mod.ts";
import { indexMessage } from "../../src/protocol/imap/fetch/message_index.ts";
import { DOVECOT_DIFFERENCES } from "../mime/dovecot_differences.ts";
import { dovecotMissing, dovecotSession, fetched, type ImapValue, imapValue } from "../support/dovecot_imap.ts";
import { mailCorpus } from "../support/mail_corpus.ts";

const corpus = mailCorpus();
const missing = dovecotMissing() ?? (corpus === null ? "../shared/corpus" : null);
const skipped = missing === null ? "" : ` (skipped: needs ${missing})`;

/** Places where two values differ: `1.0.2` is the third of the first of the second. Of lists of other lengths the place of the list. */
function differences(theirs: ImapValue, ours: ImapValue, place: string): string[] {
  if (Array.isArray(theirs) && Array.isArray(ours) && theirs.length === ours.length) {
    return theirs.flatMap((value, i) => differences(value, ours[i]!, `${place}.${i}`));
  }
  // Types, encodings and names of parameters have no case; we write them in lower case.
  const folded = (value: ImapValue) => JSON.stringify(value).toLowerCase();
  return folded(theirs) === folded(ours) ? [] : [place];
}

Deno.test({
  name:
    `ENVELOPE, BODY and BODYSTRUCTURE of the corpus are Dovecot's, but for the differences that are explained${skipped}`,
  ignore: missing !== null,
  async fn() {
    const messages = fetched(
      await dovecotSession(corpus!.map(({ bytes }) => bytes), ["FETCH 1:* (ENVELOPE BODYSTRUCTURE BODY)"]),
    );
    const found: Record<string, readonly string[]> = {};
    corpus!.forEach(({ name, bytes }, i) => {
      const theirs = messages.get(i + 1)!;
      const index = readIndex(indexMessage(bytes))!;
      const places = [
        ...differences(theirs.get("ENVELOPE")!, imapValue(latin1(index.envelope)), "ENVELOPE"),
        ...differences(theirs.get("BODYSTRUCTURE")!, imapValue(latin1(index.bodyStructure)), "BODYSTRUCTURE"),
      ];
      // BODY has no more places than BODYSTRUCTURE: where that is alike, it must be, too.
      if (places.every((place) => place.startsWith("ENVELOPE"))) {
        places.push(...differences(theirs.get("BODY")!, imapValue(latin1(index.body)), "BODY"));
      }
      if (places.length > 0) found[name] = places;
    });
    const explained = Object.fromEntries(DOVECOT_DIFFERENCES.map(({ message, places }) => [message, places]));
    assertEquals(found, explained);
  },
});

/** Numbers of all parts of a message, as sections name them. */
function partNumbers(message: IndexedPart): string[] {
  const numbers: string[] = [];
  const visit = (part: IndexedPart, prefix: string) => {
    const inner = part.kind === "message" ? part.children[0]! : part;
    const children = part.kind === "leaf" ? [] : inner.kind === "multipart" ? inner.children : [inner];
    children.forEach((child, i) => {
      numbers.push(`${prefix}${i + 1}`);
      if (child !== inner || child.kind === "message") visit(child, `${prefix}${i + 1}.`);
    });
  };
  visit({ ...message, kind: "message", children: [message] }, "");
  return numbers;
}

const FIELDS = ["FROM", "SUBJECT", "X-MAILER", "RECEIVED"];

/** Our bytes of a section as its name is written in an answer. */
function ourSection(index: MessageIndex, bytes: Uint8Array, name: string): string {
  const spec = /^BODY\[(.*)\]$/.exec(name)![1]!;
  const part = (/^[\d.]*/.exec(spec)![0].match(/\d+/g) ?? []).map(Number);
  const word = /[A-Z].*$/.exec(spec)?.[0] ?? "";
  const read = (want: "all" | "header" | "text" | "mime") => {
    const found = locateSection(index.parts()!, { part, want });
    return found === null ? null : bytes.subarray(found.offset, found.offset + found.length);
  };
  if (word.startsWith("HEADER.FIELDS")) {
    const header = read("header");
    if (header === null) return "";
    const ranges = selectFields(header, FIELDS, !word.startsWith("HEADER.FIELDS.NOT"));
    return ranges.map(({ offset, length }) => latin1(header.subarray(offset, offset + length))).join("");
  }
  const found = read(word === "" ? "all" : word === "HEADER" ? "header" : word === "TEXT" ? "text" : "mime");
  return found === null ? "" : latin1(found);
}

Deno.test({
  name: `the sections of all parts of the corpus are, byte for byte, those that Dovecot sends${skipped}`,
  ignore: missing !== null,
  async fn() {
    const structural = new Set(
      DOVECOT_DIFFERENCES.filter(({ cut }) => cut).map(({ message }) => message),
    );
    const alike = corpus!.filter(({ name }) => !structural.has(name));
    const indices = alike.map(({ bytes }) => readIndex(indexMessage(bytes))!);
    const names = alike.map((_, i) => [
      "BODY[HEADER]",
      "BODY[TEXT]",
      `BODY[HEADER.FIELDS (${FIELDS.join(" ")})]`,
      `BODY[HEADER.FIELDS.NOT (${FIELDS.join(" ")})]`,
      ...partNumbers(indices[i]!.parts()!).flatMap((part) =>
        ["", ".MIME", ".HEADER", ".TEXT"].map((word) => `BODY[${part}${word}]`)
      ),
    ]);
    const commands = names.map((items, i) => `FETCH ${i + 1} (${items.join(" ").replaceAll("BODY[", "BODY.PEEK[")})`);
    const messages = fetched(await dovecotSession(alike.map(({ bytes }) => Buffer.from(bytes)), commands));
    for (const [i, { name, bytes }] of alike.entries()) {
      for (const item of names[i]!) {
        const theirs = (messages.get(i + 1)?.get(item) ?? "") as string;
        const ours = ourSection(indices[i]!, bytes, item);
        // Where nothing follows it, the empty line ends the header all the same (RFC 9051 §6.4.5.1); Dovecot leaves it to the boundary that
        // follows, or adds it to the fields where none is.
        if (/HEADER|MIME/.test(item) && [`${theirs}\r\n`, theirs.slice(0, -2)].includes(ours)) continue;
        // The line end between the last boundary of a multipart and the boundary around it belongs to that (RFC 2046 §5.1.1).
        if (theirs === `${ours}\r\n` && /--$/.test(ours)) continue;
        assertEquals(ours, theirs, `${name}: ${item}`);
      }
    }
  },
});

/** What a message is sorted by under each key of SORT (RFC 5256 §3, RFC 5957 §3). */
const SORT_KEYS: Readonly<Record<string, (facts: MessageFacts) => string | number>> = {
  DATE: ({ sentMs }) => sentMs ?? Infinity, // Those without a date came last: they were put in just now.
  SUBJECT: ({ baseSubject }) => baseSubject,
  FROM: ({ from }) => from.mailbox,
  TO: ({ to }) => to.mailbox,
  CC: ({ cc }) => cc.mailbox,
  DISPLAYFROM: ({ from }) => from.display,
  DISPLAYTO: ({ to }) => to.display,
};

/** Messages that Dovecot puts elsewhere. */
const SORTED_ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  // Before 1970, and in a year far away, Dovecot has no dates; without a valid time it has none either, and RFC 5256 §2.2 midnight.
  DATE: [
    "mail-rb/example04.eml",
    "mail-rb/example10.eml",
    "mail-rb/raw_email_bad_time.eml",
    "mail-rb/bad_date_header2.eml",
  ],
  // A mailbox that is missing is nothing; Dovecot sorts the word that it shows for it.
  FROM: ["mail-rb/mix_caps_content_type.eml"],
  TO: ["mail-rb/example13.eml", "mail-rb/weird_to_header.eml"],
  DISPLAYTO: ["mail-rb/weird_to_header.eml"],
};

Deno.test({
  name: `the corpus is sorted as Dovecot sorts it, by every key that asks for a field${skipped}`,
  ignore: missing !== null,
  async fn() {
    const keys = Object.keys(SORT_KEYS);
    const said = await dovecotSession(corpus!.map(({ bytes }) => bytes), keys.map((key) => `SORT (${key}) UTF-8 ALL`));
    const orders = [...said.matchAll(/^\* SORT((?: \d+)+)/gm)].map(([, list]) => list!.trim().split(" ").map(Number));
    assertEquals(orders.length, keys.length);
    const facts = corpus!.map(({ bytes }) => readIndex(indexMessage(bytes))!.facts()!);
    for (const [k, key] of keys.entries()) {
      const values = facts.map(SORT_KEYS[key]!);
      const order = values.map((_, i) => i + 1).sort((a, b) => {
        const [x, y] = [values[a - 1]!, values[b - 1]!];
        return x < y ? -1 : x > y ? 1 : a - b;
      });
      const shown = (list: readonly number[]) =>
        list.map((i) => `${corpus![i - 1]!.name} ${JSON.stringify(values[i - 1])}`)
          .filter((line) => !SORTED_ELSEWHERE[key]?.some((name) => line.startsWith(name)));
      assertEquals(shown(order), shown(orders[k]!), key);
    }
  },
});

/** Base64 that breaks off: Dovecot says BYE. We send what could be read. */
const BINARY_ENDS_SESSION = new Set(["mimetools/frag.msg"]);

Deno.test({
  name: `the parts of the corpus are decoded as Dovecot decodes them for BINARY${skipped}`,
  ignore: missing !== null,
  async fn() {
    const asked = corpus!.flatMap(({ name, bytes }, i) => {
      if (BINARY_ENDS_SESSION.has(name)) return [];
      const message = readIndex(indexMessage(bytes))!.parts()!;
      return partNumbers(message).flatMap((number) => {
        const part = findPart(message, number.split(".").map(Number))!;
        const encoded = part.kind === "leaf" && ["base64", "quoted-printable"].includes(part.encoding);
        return encoded ? [{ name, number, part, bytes, message: i + 1 }] : [];
      });
    });
    const commands = asked.map(({ message, number }) => `FETCH ${message} BINARY.PEEK[${number}]`);
    const messages = fetched(await dovecotSession(corpus!.map(({ bytes }) => bytes), commands));
    const refused: string[] = [];
    for (const { name, number, part, bytes, message } of asked) {
      const theirs = messages.get(message)?.get(`BINARY[${number}]`);
      if (theirs === undefined) {
        refused.push(`${name} ${number}`);
        continue;
      }
      const decoded = decodeBody(bytes.subarray(part.bodyStart, part.bodyEnd), part.encoding);
      assertEquals(latin1(decoded!), theirs, `${name} ${number}`);
    }
    // Of what is malformed Dovecot sends nothing at all.
    assertEquals(refused, ["mail-rb/content_transfer_encoding_with_semi_colon.eml 2", "mimetools/multi-frag.msg 3.2"]);
  },
});

/** Two words of each text, which are in other messages, too. */
function wordsOf(texts: readonly SearchText[]): string[] {
  const words = new Set<string>();
  let at = 0;
  for (const { header, body } of texts) {
    for (const found of [header.match(/[A-Z]{5,12}/g) ?? [], body.match(/[A-Z]{5,12}/g) ?? []]) {
      for (let i = 0; i < 2 && found.length > 0; i++) words.add(found[(at += 7_919) % found.length]!);
    }
  }
  return [...words];
}

function allParts(part: Part): Part[] {
  return [part, ...part.children.flatMap(allParts)];
}

Deno.test({
  name: `words are found in the messages of the corpus in which Dovecot finds them${skipped}`,
  ignore: missing !== null,
  async fn() {
    const structural = new Set(DOVECOT_DIFFERENCES.filter(({ cut }) => cut).map(({ message }) => message));
    // Of HTML Dovecot searches the tags, too; of messages within a message it searches no header for BODY.
    const comparable = corpus!.filter(({ name, bytes }) =>
      !structural.has(name) &&
      allParts(parseStructure(bytes).root).every(({ kind, subtype }) => kind !== "message" && subtype !== "html")
    );
    const texts = comparable.map(({ bytes }) => searchText(parseStructure(bytes)));
    const words = wordsOf(texts);
    const commands = words.flatMap((word) => [`SEARCH TEXT "${word}"`, `SEARCH BODY "${word}"`]);
    const said = await dovecotSession(comparable.map(({ bytes }) => bytes), commands);
    const answers = [...said.matchAll(/^\* SEARCH((?: \d+)*)/gm)].map(([, list]) => list!.match(/\d+/g) ?? []);
    assertEquals(answers.length, commands.length);
    const names = (numbers: readonly string[]) => numbers.map((number) => comparable[Number(number) - 1]!.name);
    const ours = (test: (text: SearchText) => boolean) =>
      comparable.filter((_, i) => test(texts[i]!)).map(({ name }) => name);
    for (const [i, word] of words.entries()) {
      const inText = ours(({ header, body }) => header.includes(word) || body.includes(word));
      assertEquals(inText, names(answers[2 * i]!), `TEXT ${word}`);
      // Names of files are in the body for us only.
      const inBody = new Set(ours(({ body }) => body.includes(word)));
      assertEquals(names(answers[2 * i + 1]!).filter((name) => !inBody.has(name)), [], `BODY ${word}`);
    }
  },
});
