import PostalMime from "postal-mime";
import { parseDomain } from "../../src/mail/mod.ts";
import { createSmtpSession, type SmtpAction, type SmtpSession } from "../../src/protocol/smtp/mod.ts";
import { type BenchContext, figure, type Findings, noFindings } from "../figures.ts";
import { Letter } from "../load/letter.ts";
import { compare, effort } from "./compare.ts";

const ENVELOPE = new TextEncoder().encode(
  "MAIL FROM:<load@bench.test>\r\nRCPT TO:<u7@bench.test>\r\nDATA\r\n",
);
/** What a socket hands over at once. */
const CHUNK_BYTES = 65_536;
const REFERENCE = "postal-mime";

/** One SMTP transaction through the session, from MAIL to 250, beside a MIME parser on the same message. */
export async function benchParse(context: BenchContext): Promise<Findings> {
  const findings = noFindings();
  for (const [label, messageBytes] of [["4KB", 4_096], ["100KB", 102_400]] as const) {
    context.note(`parse: ${label}`);
    const letter = new Letter({ messageBytes, domain: "bench.test", idPrefix: "parse" });
    const session = readySession();
    const content = letter.bytes.subarray(0, letter.bytes.length - 3);
    const times = await compare([
      { name: "session", run: () => void transaction(session, letter.bytes) },
      { name: REFERENCE, run: () => PostalMime.parse(content) },
    ], effort(context.quick));
    findings.figures.push(
      figure(`parse/SMTP transaction ${label}`, { unit: "µs", better: "lower", rounds: times.get("session")! }, {
        name: REFERENCE,
        rounds: times.get(REFERENCE)!,
      }),
    );
    const kept = transaction(session, letter.bytes);
    if (kept !== messageBytes) findings.errors.push(`parse: the session kept ${kept} of ${messageBytes} bytes`);
  }
  return findings;
}

function readySession(): SmtpSession {
  const session = createSmtpSession({
    hostname: "mail.bench.test",
    postmasterDomain: parseDomain("bench.test")!,
    tls: "none",
  });
  session.open();
  session.receive(new TextEncoder().encode("EHLO load.bench.test\r\n"), 0);
  return session;
}

/** Bytes of the content that the session handed on, or -1 when it did not. Chunks are copies: the session keeps them. */
function transaction(session: SmtpSession, letter: Uint8Array): number {
  let actions = session.receive(ENVELOPE.slice(), 0);
  actions = actions.concat(session.recipientChecked("accepted"));
  for (let at = 0; at < letter.length; at += CHUNK_BYTES) {
    actions = session.receive(letter.slice(at, at + CHUNK_BYTES), 0);
  }
  const deliver = actions.find((action): action is SmtpAction & { type: "deliver" } => action.type === "deliver");
  session.delivered({ type: "accepted", id: "bench" });
  return deliver?.mail.size ?? -1;
}
