import { assertEquals } from "@std/assert";
import { decodeBase64, type SaslQuestion } from "../../../src/protocol/sasl/mod.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { Client, say } from "./support.ts";

const HEADER = [
  "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)",
  "From: Terry Gray <gray@cac.washington.edu>",
  "Subject: IMAP4rev2 WG mtg summary and minutes",
  "To: imap@cac.washington.edu",
  "cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>",
  "Message-Id: <B27397-0100000@cac.washington.ed>",
  "MIME-Version: 1.0",
  "Content-Type: TEXT/PLAIN; CHARSET=US-ASCII",
];

/** 3,028 octets in 92 lines, as the sample says. */
const BODY = `${"x".repeat(31)}\r\n`.repeat(91) + `${"x".repeat(3_028 - 91 * 33 - 2)}\r\n`;

/** The directory of the sample's user, whose password is "pencil". */
function directory(question: SaslQuestion) {
  if (question.type === "scramStart") {
    const [nonce, salt] = ["%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", decodeBase64("W22ZaJ0SNY7soEsUEjb6gQ==")!];
    return { type: "scramStart", salt, iterations: 4_096, nonce } as const;
  }
  assertEquals(question.type === "scramProof" && question.user, "user");
  const signature = decodeBase64("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
  return { type: "accepted", user: "user", signature } as const;
}

Deno.test("the connection of RFC 9051 §8 goes as it stands there", () => {
  const mailboxes = new FakeMailboxes();
  for (let i = 1; i < 12; i++) mailboxes.deliver("INBOX", "A: b\r\n\r\nc\r\n");
  const date = Date.UTC(1996, 6, 17, 9, 44, 25);
  mailboxes.deliver("INBOX", [...HEADER, "", BODY].join("\r\n"), 1, date);
  for (let i = 13; i <= 18; i++) mailboxes.deliver("INBOX", "A: b\r\n\r\nc\r\n");
  const client = new Client(mailboxes, { tls: "available", directory });
  client.perform(client.session.open());
  assertEquals(say(client)[0]?.includes("STARTTLS LOGINDISABLED"), true);
  assertEquals(say(client, "a000 starttls"), ["a000 OK Begin TLS"]);
  assertEquals(say(client, "A001 AUTHENTICATE SCRAM-SHA-256 biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8="), [
    "+ cj1yT3ByTkdmd0ViZVJXZ2JORWtxTyVodllEcFdVYTJSYVRDQWZ1eEZJbGopaE" +
    "5sRiRrMCxzPVcyMlphSjBTTlk3c29Fc1VFamI2Z1E9PSxpPTQwOTY=",
  ]);
  assertEquals(
    say(
      client,
      "Yz1iaXdzLHI9ck9wck5HZndFYmVSV2diTkVrcU8laHZZRHBXVWEyUmFUQ0FmdXhG" +
        "SWxqKWhObEYkazAscD1kSHpiWmFwV0lrNGpVaE4rVXRlOXl0YWc5empmTUhnc3FtbWl6N0FuZFZRPQ==",
    ),
    ["+ dj02cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJzamw5NUc0PQ=="],
  );
  assertEquals(say(client, "")[0]?.slice(0, 21), "A001 OK [CAPABILITY I");
  assertEquals(say(client, "babc ENABLE IMAP4rev2"), ["* ENABLED IMAP4rev2", "babc OK Done"]);
  const selected = say(client, "a002 select inbox");
  for (
    const line of ["* 18 EXISTS", "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)", '* LIST () "/" INBOX']
  ) {
    assertEquals(selected.includes(line), true, line);
  }
  assertEquals(selected.at(-1), "a002 OK [READ-WRITE] Selected");
  const gray = '(("Terry Gray" NIL "gray" "cac.washington.edu"))';
  assertEquals(say(client, "a003 fetch 12 full"), [
    '* 12 FETCH (FLAGS (\\Seen) INTERNALDATE "17-Jul-1996 09:44:25 +0000" ' +
    `RFC822.SIZE ${[...HEADER, "", BODY].join("\r\n").length} ENVELOPE (` +
    '"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" ' +
    `${gray} ${gray} ${gray} ((NIL NIL "imap" "cac.washington.edu")) ` +
    '((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL ' +
    '"<B27397-0100000@cac.washington.ed>") ' +
    'BODY ("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" 3028 92))',
    "a003 OK Done",
  ]);
  const octets = [...HEADER, "", ""].join("\r\n").length;
  assertEquals(say(client, "a004 fetch 12 body[header]"), [
    `* 12 FETCH (BODY[HEADER] {${octets}}`,
    ...HEADER,
    "",
    ")",
    "a004 OK Done",
  ]);
  assertEquals(say(client, "a005 store 12 +flags \\deleted"), [
    "* 12 FETCH (FLAGS (\\Deleted \\Seen))",
    "a005 OK Done",
  ]);
  assertEquals(say(client, "a006 logout"), ["* BYE Logging out", "a006 OK Done"]);
});
