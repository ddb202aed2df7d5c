import { assertEquals } from "@std/assert";
import { MESSAGE_BYTES_MAX, Pop3ClientSession } from "../../../src/protocol/pop3/client.ts";

function session() {
  return new Pop3ClientSession({ user: "billy@bob.test", secret: "open sesame" });
}

function texts(actions: ReturnType<Pop3ClientSession["receive"]>): string[] {
  return actions.map((action) => action.type === "send" ? action.text : `${action.message}|${action.status}`);
}

Deno.test("a client logs in and fetches the newest message, dots removed", () => {
  const client = session();
  assertEquals(texts(client.receive("+OK hi\r\n")), ["USER billy@bob.test\r\n"]);
  assertEquals(texts(client.receive("+OK\r\n")), ["PASS open sesame\r\n"]);
  assertEquals(texts(client.receive("+OK\r\n")), ["STAT\r\n"]);
  assertEquals(texts(client.receive("+OK 2 300\r\n")), ["RETR 2\r\n"]);
  assertEquals(texts(client.receive("+OK\r\nSubject: x\r\n\r\n..dot\r\n.\r\n")), [
    "QUIT\r\n",
    "Subject: x\r\n\r\n.dot|",
  ]);
});

Deno.test("an empty maildrop and a refusal end the conversation", () => {
  const empty = session();
  assertEquals(texts(empty.receive("+OK\r\n+OK\r\n+OK\r\n+OK 0 0\r\n")).at(-1), "null|+OK 0 0");
  const refused = session();
  assertEquals(texts(refused.receive("+OK\r\n+OK\r\n-ERR [AUTH] no\r\n")).at(-1), "null|-ERR [AUTH] no");
});

Deno.test("a message that never ends is given up", () => {
  const client = session();
  client.receive("+OK\r\n+OK\r\n+OK\r\n+OK 1 1\r\n+OK\r\n");
  assertEquals(client.receive(`${"x".repeat(MESSAGE_BYTES_MAX)}\r\n`), []);
  assertEquals(texts(client.receive("y\r\n")).at(-1), "null|message too long");
});
