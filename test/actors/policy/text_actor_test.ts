import { assert, assertEquals } from "@std/assert";
import { textAccepts, textActor } from "../../../src/actors/policy/text_actor.ts";
import { decodeUtf8, utf8 } from "../../../src/base/mod.ts";
import type { TextProtocol } from "../../../src/messages/mod.ts";
import { casemap, readIndex } from "../../../src/mime/mod.ts";
import { settle, testSystem } from "../../runtime/support/system.ts";

async function extract(bytes: Uint8Array): Promise<TextProtocol["text.extract"]["reply"]> {
  const { system } = testSystem();
  const text = await system.spawn(textActor, { name: "text", args: undefined });
  try {
    return await text.ask("text.extract", { bytes });
  } finally {
    await system.shutdown();
  }
}

Deno.test("texts of a message are decoded, and in the form in which they are compared", async () => {
  const message = [
    "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: base64",
    "",
    "WnVnIG5hY2ggS8O2bG4=",
    "",
  ];
  const { header, body } = await extract(utf8(message.join("\r\n")));
  assertEquals(decodeUtf8(header)!.split("\n").slice(0, 2), ["", casemap("Subject: Grüße")]);
  assertEquals(decodeUtf8(body)!.trim(), casemap("Zug nach Köln"));
});

Deno.test("whatever the bytes are, there is an answer", async () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array(5_000), Uint8Array.from({ length: 5_000 }, (_, i) => i)]) {
    const { header, body } = await extract(bytes);
    assert(decodeUtf8(header)!.startsWith("\n") && decodeUtf8(body) !== null);
  }
});

Deno.test("a request has bytes, and not more than are searched", () => {
  const check = textAccepts["text.extract"];
  assert(check({ bytes: new Uint8Array(16 * 1024 * 1024) }));
  assert(!check({ bytes: new Uint8Array(16 * 1024 * 1024 + 1) }));
  for (const bad of [null, undefined, "text", [1], {}]) assert(!check({ bytes: bad }));
  assert(!check(null));
  assertEquals(Object.keys(textActor.accepts ?? {}), Object.keys(textActor.receive));
});

Deno.test("an index is made where no files are written", async () => {
  const { system } = testSystem();
  const text = await system.spawn(textActor, { name: "text", args: undefined });
  const bytes = utf8("Subject: Hello\r\n\r\nText.\r\n");
  const { index } = await text.ask("text.index", { bytes });
  assertEquals(readIndex(index!)?.size, bytes.length);
  await system.shutdown();
});

Deno.test("of a long message an index is made in turns, and a short one that comes later waits for it", async () => {
  const { system, clock } = testSystem();
  const text = await system.spawn(textActor, { name: "text", args: undefined });
  const bytes = utf8("Subject: Hello\r\n\r\n".padEnd(1_000_000, "x"));
  const sizes: (number | undefined)[] = [];
  const ask = async (bytes: Uint8Array) => {
    const { index } = await text.ask("text.index", { bytes });
    sizes.push(readIndex(index!)?.size);
  };
  const asked = [ask(bytes), ask(bytes.subarray(0, 100))];
  for (let turn = 1; turn <= 3; turn++) {
    await settle();
    assertEquals(sizes, [], `after ${turn} of four steps`);
    clock.advance(0);
  }
  await Promise.all(asked);
  assertEquals(sizes, [1_000_000, 100]);
  await system.shutdown();
});
