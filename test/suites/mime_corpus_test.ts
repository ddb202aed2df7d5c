/** The messages of the corpus as postal-mime reads them, and as we do. */
import { Buffer } from "node:buffer";
import { assertEquals } from "@std/assert";
import PostalMime from "postal-mime";
import {
  decodeBody,
  decodeWords,
  parseStructure,
  type Part,
  readAddresses,
  readEncoding,
  readIndex,
  searchText,
} from "../../src/mime/mod.ts";
import { indexMessage } from "../../src/protocol/imap/fetch/message_index.ts";
import { type CorpusMessage, mailCorpus } from "../support/mail_corpus.ts";

const corpus = mailCorpus();
const skipped = corpus === null ? " (skipped: needs ../shared/corpus)" : "";

/** What differs, and why. */
const DIFFERENT: Readonly<Record<string, string>> = {
  "mail-rb/invalid_subject_characters.eml subject": "raw UTF-8 in a header is UTF-8 (RFC 6532 §3.2)",
  "mail-rb/example10.eml from": "comments are no part of an address",
  "mail-rb/example13.eml from": "comments are no part of an address",
  "mail-rb/mix_caps_content_type.eml from": "a name without angle brackets leaves no address, as with Dovecot",
  "mimetools/multi-frag.msg attachment 1": "what stands behind base64 is read as far as its characters are of it",
  "mimetools/re-fwd.msg from": "one word is a mailbox without a host, as with Dovecot",
  "mimetools/uu-zeegee.msg from": "one word is a mailbox without a host, as with Dovecot",
};

/** What an address lacks is no text in postal-mime. */
function address(field: string | null): string {
  const first = field === null ? undefined : readAddresses(field).find(({ host }) => host !== null);
  return first === undefined ? "" : decodeWords(`${first.mailbox}@${first.host}`);
}

function oneSpaced(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function leaves(part: Part): Part[] {
  return [...(part.kind === "multipart" ? [] : [part]), ...part.children.flatMap(leaves)];
}

/** Bodies of all parts, decoded, line ends as LF, the last ones away: postal-mime changes those of texts. */
function contents(bytes: Uint8Array): Set<string> {
  return new Set(
    leaves(parseStructure(bytes).root).map(({ bodyStart, bodyEnd, fields }) => {
      const body = bytes.subarray(bodyStart, bodyEnd);
      return comparable(decodeBody(body, readEncoding(fields.contentTransferEncoding)) ?? body);
    }),
  );
}

function comparable(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1").replace(/\r/g, "").replace(/\n+$/, "").replace(/^\n/, "");
}

async function differences({ name, bytes }: CorpusMessage): Promise<string[]> {
  const theirs = await PostalMime.parse(bytes, { rfc822Attachments: true });
  const { fields } = parseStructure(bytes).root;
  const found: string[] = [];
  if (oneSpaced(theirs.subject ?? "") !== oneSpaced(decodeWords(fields.subject ?? ""))) found.push(`${name} subject`);
  if ((theirs.from?.address ?? "") !== address(fields.from)) found.push(`${name} from`);
  const ours = contents(bytes);
  theirs.attachments.forEach(({ content }, i) => {
    if (!ours.has(comparable(new Uint8Array(content as ArrayBuffer)))) found.push(`${name} attachment ${i}`);
  });
  return found;
}

Deno.test({
  name:
    `subjects, authors and attachments of the corpus are those of postal-mime, but for the differences that are explained${skipped}`,
  ignore: corpus === null,
  async fn() {
    const found = (await Promise.all(corpus!.map(differences))).flat();
    assertEquals(found.sort(), Object.keys(DIFFERENT).sort());
  },
});

Deno.test({
  name: `ATTACKS M8: the corpus is indexed and searched, cut off anywhere, and no object gains a property${skipped}`,
  ignore: corpus === null,
  fn() {
    const before = Reflect.ownKeys(Object.prototype);
    for (const { name, bytes } of corpus!) {
      for (const part of [1, 0.9, 0.5, 0.1]) {
        const message = bytes.subarray(0, Math.ceil(bytes.length * part));
        const index = readIndex(indexMessage(message));
        assertEquals(
          [index?.size, index?.parts() === null, index?.facts() === null],
          [message.length, false, false],
          name,
        );
        assertEquals(searchText(parseStructure(message)).complete, true);
      }
    }
    assertEquals(Reflect.ownKeys(Object.prototype), before);
  },
});
