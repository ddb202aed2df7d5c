import { assertEquals } from "@std/assert";
import { FakeClock, jsonLog } from "../../src/base/mod.ts";
import { TraceRing } from "../../src/actors/trace.ts";
import { messageIdOf } from "../../src/actors/listener/message_id.ts";
import { utf8 } from "../../src/base/bytes.ts";

function ring() {
  const lines: string[] = [];
  const trace = new TraceRing(new FakeClock(), "listener-0");
  const log = trace.over(jsonLog({ level: "warn", wallMs: () => 0, write: (line) => void lines.push(line) }));
  return { trace, log, lines };
}

Deno.test("lines that name a mail are remembered, whatever the log is set to, and found by any of its names", () => {
  const { trace, log, lines } = ring();
  log.debug("mail", { id: "m1", sender: "billy@bob.test", to: ["john@smith.test"], messageId: "<x@bob.test>" });
  log.child({ port: 25 }).warn("delivery failed", { id: "m1", kind: "down" });
  log.info("other", { id: "m2", sender: "mary@mary.test" });
  log.info("no mail", { count: 3 });
  assertEquals(lines.length, 1);
  for (const word of ["m1", "Billy@bob.test", "john@smith.test", "<x@bob.test>"]) {
    const { ids, events } = trace.find([word]);
    assertEquals([ids, events.map(({ event }) => event)], [["m1"], ["mail", "delivery failed"]], word);
  }
  assertEquals(trace.find(["nobody@bob.test"]), { ids: [], events: [] });
});

Deno.test("only the latest events are remembered, by number and by size", () => {
  const { trace, log } = ring();
  for (let i = 0; i < 50_000; i++) log.debug("mail", { id: `m${i}` });
  assertEquals([trace.find(["m29999"]).ids, trace.find(["m30000"]).ids, trace.find(["m49999"]).ids], [[], ["m30000"], [
    "m49999",
  ]]);
  const large = "x".repeat(1_000_000);
  for (let i = 0; i < 20; i++) log.debug("mail", { id: `l${i}`, text: large });
  assertEquals([trace.find(["l11"]).ids, trace.find(["l12"]).ids], [[], ["l12"]]);
});

Deno.test("what is remembered is whole, wherever in the memory it lies; what is larger than that is not", () => {
  const { trace, log } = ring();
  const text = 'ü, \ud800, "q" '.repeat(20_000);
  for (let i = 0; i < 100; i++) log.debug("mail", { id: `m${i}`, text: text.slice(0, 200_000 + i), none: undefined });
  const { events } = trace.find(["m99", "m90"]);
  assertEquals(events.map(({ fields }) => fields), [
    { id: "m90", text: text.slice(0, 200_090) },
    { id: "m99", text: text.slice(0, 200_099) },
  ]);
  log.debug("mail", { id: "vast", text: "x".repeat(9 * 1024 * 1024) });
  assertEquals([trace.find(["vast"]).ids, trace.find(["m99"]).ids], [[], ["m99"]]);
});

Deno.test("a word that fits very many mails names the newest of them", () => {
  const { trace, log } = ring();
  for (let i = 0; i < 100; i++) log.debug("mail", { id: `m${i}`, sender: "billy@bob.test" });
  const { ids, events } = trace.find(["billy@bob.test"]);
  assertEquals([ids.length, ids[0], events.length, events[0]?.fields["id"]], [20, "m99", 20, "m80"]);
});

Deno.test("the Message-ID is found at the head of a mail, and nowhere else", () => {
  const find = (text: string) => messageIdOf([utf8(text)]);
  assertEquals(find("Subject: a\r\nMessage-ID: <a@b>\r\n\r\n"), "<a@b>");
  assertEquals(find("message-id:<a@b>\r\n"), "<a@b>");
  assertEquals([find("X-Message-ID: <a@b>\r\n"), find(""), messageIdOf([])], [null, null, null]);
  assertEquals(find(`Subject: ${"x".repeat(5_000)}\r\nMessage-ID: <a@b>\r\n`), null);
});
