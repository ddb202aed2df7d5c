import { assert, assertEquals, assertMatch } from "@std/assert";
import { latin1, utf8 } from "../../../src/base/mod.ts";
import { composeDigest, type ListHead } from "../../../src/policy/list/mod.ts";

const LIST: ListHead = {
  address: "cats@smith.test",
  title: "All cats",
  post: "members",
  join: "open",
  replyTo: "author",
  subjectPrefix: "",
  verp: false,
  unsubscribeUrl: null,
  archiveUrl: null,
};

function digest(...posts: readonly string[]): string {
  return latin1(composeDigest({ id: "d1.abc", nowMs: 0, posts: posts.map(utf8) }, LIST));
}

Deno.test("a digest holds the posts byte for byte, each as a part of its own (RFC 2046 §5.1.5)", () => {
  const posts = ["Subject: a\r\n\r\nmeow\r\n", "Subject: b\r\n\r\nno line end", "--=_digest\r\n\r\n"];
  const text = digest(...posts);
  const [head, ...parts] = text.split("--=_digest_d1.abc");
  assertMatch(head!, /^Content-Type: multipart\/digest; boundary="=_digest_d1\.abc"\r\n\r\n$/m);
  assertMatch(head!, /^Subject: All cats: 3 posts\r$/m);
  assertMatch(head!, /^List-Id: "All cats" <cats\.smith\.test>\r$/m);
  assertEquals(parts, [...posts.map((post) => `\r\n\r\n${post}\r\n`), "--\r\n"]);
});

Deno.test("the type of a digest's encoding is said when a post has eight bits", () => {
  assert(!digest("Subject: a\r\n\r\n").includes("Content-Transfer-Encoding"));
  assertMatch(digest("Subject: ä\r\n\r\n"), /^Content-Transfer-Encoding: 8bit\r$/m);
});
