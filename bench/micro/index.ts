import { Buffer } from "node:buffer";
import PostalMime from "postal-mime";
import { parseStructure, readIndex } from "../../src/mime/mod.ts";
import { indexMessage } from "../../src/protocol/imap/fetch/message_index.ts";
import { type BenchContext, figure, type Findings, noFindings } from "../figures.ts";
import { Letter } from "../load/letter.ts";
import { compare, effort } from "./compare.ts";

const REFERENCE = "postal-mime";

/** The index of a message that is made once at delivery, and its parts alone, beside a MIME parser on the same message. */
export async function benchIndex(context: BenchContext): Promise<Findings> {
  const findings = noFindings();
  for (const [label, message] of messages()) {
    context.note(`index: ${label}`);
    const times = await compare([
      { name: "parts", run: () => void parseStructure(message) },
      { name: "index", run: () => void indexMessage(message) },
      { name: REFERENCE, run: () => PostalMime.parse(message) },
    ], effort(context.quick));
    const reference = { name: REFERENCE, rounds: times.get(REFERENCE)! };
    for (const name of ["parts", "index"]) {
      const rounds = times.get(name)!;
      findings.figures.push(figure(`index/${name} of ${label}`, { unit: "µs", better: "lower", rounds }, reference));
    }
    const index = readIndex(indexMessage(message));
    if (index?.parts()?.bodyEnd !== message.length) {
      findings.errors.push(`index: the parts of ${label} are not read back`);
    }
  }
  return findings;
}

/** Plain letters of two sizes, and one as people send it: encoded words, two texts, an attachment. */
function messages(): (readonly [label: string, message: Uint8Array])[] {
  const plain = (messageBytes: number) => {
    const { bytes } = new Letter({ messageBytes, domain: "bench.test", idPrefix: "index" });
    return bytes.subarray(0, bytes.length - 3);
  };
  return [["plain 4KB", plain(4_096)], ["plain 100KB", plain(102_400)], ["multipart 100KB", multipart()]];
}

function multipart(): Uint8Array {
  const head = [
    "From: =?utf-8?Q?J=C3=BCrgen?= Load <load@bench.test>",
    'To: Anna <anna@bench.test>, "Team, The" <team@bench.test>',
    "Subject: Re: [load] =?utf-8?B?R3LDvMOfZQ==?=",
    "Date: Thu, 01 Jan 2026 00:00:00 +0100",
    "Message-ID: <index@load.bench.test>",
    "References: <1@load.bench.test> <2@load.bench.test>",
    "MIME-Version: 1.0",
    "Content-Type: multipart/mixed; boundary=outer",
    "",
    "--outer",
    "Content-Type: multipart/alternative; boundary=inner",
    "",
  ];
  const text = (subtype: string, line: string) => [
    "--inner",
    `Content-Type: text/${subtype}; charset=utf-8`,
    "Content-Transfer-Encoding: quoted-printable",
    "",
    ...Array<string>(20).fill(line),
  ];
  const attachment = [
    "--inner--",
    "--outer",
    "Content-Type: application/pdf; name=load.pdf",
    "Content-Transfer-Encoding: base64",
    "Content-Disposition: attachment; filename=load.pdf",
    "",
    ...Array<string>(1_270).fill("QUJD".repeat(19)),
    "--outer--",
    "",
  ];
  const lines = [
    ...head,
    ...text("plain", "A line of a letter."),
    ...text("html", "<p>A line of a letter.</p>"),
    ...attachment,
  ];
  return Buffer.from(lines.join("\r\n"), "latin1");
}
