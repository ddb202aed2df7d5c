import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { concat, latin1, utf8 } from "../../../src/base/mod.ts";
import { readMessage } from "../../../src/policy/header/mod.ts";
import {
  composeLetter,
  distributed,
  isAutomatic,
  isBulk,
  type ListHead,
  notPosted,
} from "../../../src/policy/list/mod.ts";

const LIST: ListHead = {
  address: "cats@smith.test",
  title: "",
  post: "members",
  join: "open",
  replyTo: "author",
  subjectPrefix: "",
  verp: false,
  unsubscribeUrl: null,
  archiveUrl: null,
};

const FIELDS = [
  "List-Id: <cats.smith.test>",
  "List-Help: <mailto:cats-request@smith.test?subject=help>",
  "List-Unsubscribe: <mailto:cats-request@smith.test?subject=unsubscribe>",
  "List-Subscribe: <mailto:cats-request@smith.test?subject=subscribe>",
  "List-Post: <mailto:cats@smith.test>",
  "List-Owner: <mailto:cats-owner@smith.test>",
  "Precedence: list",
  "X-BeenThere: cats@smith.test",
  "",
].join("\r\n");

function sent(text: string, more: Partial<ListHead> = {}): string {
  return latin1(concat(distributed(readMessage([utf8(text)]), { ...LIST, ...more })));
}

Deno.test("a post goes on byte for byte below the list's own fields", () => {
  const post =
    "Received: from a\r\n\tby b\r\nDKIM-Signature: v=1; b=abc\r\nX-Odd :\t x\r\nno field\r\n\r\n\r\n.\r\nend without line";
  assertEquals(sent(post), FIELDS + post);
});

Deno.test("fields that lists write are taken out, wherever they came from", () => {
  const forged = "list-ID: <other.test>\r\nLIST-UNSUBSCRIBE: <mailto:evil@x.test>\r\n\t,<http://x.test>\r\n" +
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nPrecedence: bulk\r\nReturn-Path: <a@b.test>\r\n";
  assertEquals(sent(`${forged}Subject: hi\r\n\r\nbody\r\n`), `${FIELDS}Subject: hi\r\n\r\nbody\r\n`);
  const archive = "List-Archive: <https://other.test/>\r\n";
  assert(!sent(`${archive}Subject: hi\r\n\r\n`).includes("List-Archive"), "nobody but a list may write it");
  assertStringIncludes(sent(`List-Id: <pets.test>\r\n${archive}\r\n`), archive);
  const own = sent(`List-Id: <pets.test>\r\n${archive}\r\n`, { archiveUrl: "https://smith.test/cats" });
  assertEquals(own.match(/^List-Archive: .*$/gm), ["List-Archive: <https://smith.test/cats>"]);
});

Deno.test("title, closed doors and announcements stand in the fields", () => {
  const text = sent("\r\n", { title: 'All "cats" \\ more', join: "closed", post: "moderators" });
  assertStringIncludes(text, 'List-Id: "All \\"cats\\" \\\\ more" <cats.smith.test>\r\n');
  assertStringIncludes(text, "List-Post: NO (only its moderators post)\r\n");
  assert(!text.includes("List-Subscribe"));
});

Deno.test("one click needs an address that is each member's own (RFC 8058)", () => {
  const unsubscribeUrl = "https://smith.test/u/";
  assert(!sent("\r\n", { unsubscribeUrl }).includes("Unsubscribe-Post"), "not where members share a mail");
  const text = sent("List-Unsubscribe-Post: x\r\n\r\n", { unsubscribeUrl, verp: true });
  assertEquals(text.match(/^List-Unsubscribe.*(\r\n\t.*)?$/gm), [
    "List-Unsubscribe: <https://smith.test/u/{member}>,\r\n\t<mailto:cats-request@smith.test?subject=unsubscribe>",
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
  ]);
});

Deno.test("answers go to the list where it wants them, and the author's wish is taken out", () => {
  const text = sent("Reply-To: me@x.test\r\nSubject: a\r\n\r\n", { replyTo: "list" });
  assertEquals(text, `${FIELDS}Reply-To: <cats@smith.test>\r\nSubject: a\r\n\r\n`);
});

Deno.test("the prefix comes once, also when there is no subject", () => {
  const subject = (line: string) =>
    sent(`${line}\r\n`, { subjectPrefix: "[cats]" }).match(/^Subject: .*(\r\n\t.*)*$/gm);
  assertEquals(subject("Subject:   hi\r\n"), ["Subject: [cats] hi"]);
  assertEquals(subject("SUBJECT: a\r\n\tb\r\n"), ["Subject: [cats] a\r\n\tb"]);
  assertEquals(subject("Subject: Re: [cats] hi\r\n"), ["Subject: Re: [cats] hi"]);
  assertEquals(subject("X: y\r\n"), ["Subject: [cats]"]);
});

Deno.test("reports, what programs wrote, and what came back are no posts; vacation programs do not answer to a list", () => {
  const why = (head: string, sender = "ann@x.test") =>
    notPosted(readMessage([utf8(`${head}\r\n\r\nbody`)]), { sender, list: "cats@smith.test" });
  assertEquals(why("Subject: hi"), null);
  assertEquals(why("Subject: hi", ""), "report");
  assertEquals(why("Auto-Submitted: no"), null);
  assertEquals(why("auto-submitted: No (really)"), null);
  assertEquals(why("Auto-Submitted: auto-replied; owner-email=x"), "automatic");
  assertEquals(why("Auto-Submitted: no\r\nAuto-Submitted: auto-generated"), "automatic");
  assertEquals(why("Auto-Submitted:"), "automatic");
  assertEquals(why('List-Id: "Cats" <CATS.smith.test>'), "loop");
  assertEquals(
    why("List-Id: <pets.smith.test>\r\nX-BeenThere: pets@smith.test\r\nX-BeenThere: Cats@smith.test"),
    "loop",
  );
  assertEquals(why("List-Id: <pets.smith.test>"), null, "a list may be a member of another");
  const bulk = (head: string) => isBulk(readMessage([utf8(`${head}\r\n\r\n`)]));
  assertEquals(["Precedence: Bulk", "Precedence: list", "List-Id: <a.b>", "Precedence: first-class"].map(bulk), [
    true,
    true,
    true,
    false,
  ]);
});

Deno.test("a letter of the list is marked, names the list, and nothing in it can end a line", () => {
  const letter = composeLetter({
    to: "bea@x.test\r\nBcc: evil@x.test",
    subject: "hi\r\n\r\nbody",
    lines: ["a\r\n.\r\nb", "grün"],
    id: "m1",
    nowMs: 0,
    inReplyTo: "<x@y>\r\nBcc: z",
  }, LIST);
  const text = new TextDecoder().decode(letter);
  const message = readMessage([letter]);
  assert(isAutomatic(message) && isBulk(message));
  assertEquals(message.fields.filter(({ name }) => name === "bcc" || name === "in-reply-to"), []);
  assert(text.endsWith("\r\n\r\na  .  b\r\ngrün\r\n"), text);
  assertStringIncludes(text, "\r\nFrom: <cats-request@smith.test>\r\nTo: <bea@x.test  Bcc: evil@x.test>\r\n");
});
