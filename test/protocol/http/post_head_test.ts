import { assertEquals } from "@std/assert";
import { postHead } from "../../../src/protocol/http/mod.ts";

Deno.test("a request states its length, and its fields come in their order, as often as they are given", () => {
  assertEquals(
    postHead({ host: "h.test", path: "/checkv2", fields: [["Rcpt", "a@b.test"], ["Rcpt", "c@b.test"]], bodyBytes: 12 }),
    "POST /checkv2 HTTP/1.0\r\nHost: h.test\r\nRcpt: a@b.test\r\nRcpt: c@b.test\r\nContent-Length: 12\r\n\r\n",
  );
});

Deno.test("nothing in a value can end its field or add another", () => {
  const value = "x\r\nEvil: 1\n\0\x7f\ty";
  const head = postHead({ host: "h", path: "/", fields: [["Helo", value]], bodyBytes: 0 });
  assertEquals(head.split("\r\n").length, 6);
  assertEquals(head.includes("Helo: x??Evil: 1????y\r\n"), true);
  const long = postHead({ host: "h", path: "/", fields: [["Helo", "é".repeat(5_000)]], bodyBytes: 0 });
  assertEquals(long.includes(`Helo: ${"é".repeat(4_096)}\r\n`), true);
});
