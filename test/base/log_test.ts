import { assertEquals, assertStringIncludes } from "@std/assert";
import { jsonLog, type LogFields, type LogLevel } from "../../src/base/mod.ts";

function lines(level: LogLevel, use: (log: ReturnType<typeof jsonLog>) => void): string[] {
  const written: string[] = [];
  use(jsonLog({ level, wallMs: () => 0, write: (line) => written.push(line), fields: { worker: "w" } }));
  return written;
}

function written(fields: LogFields): string {
  return lines("info", (log) => log.info("event", fields))[0] ?? "";
}

Deno.test("a log line is one JSON object with time, level, event and fields", () => {
  const line = JSON.parse(lines("info", (log) => log.child({ service: "smtp" }).warn("slow", { ms: 5 }))[0] ?? "");
  assertEquals(line, {
    time: "1970-01-01T00:00:00.000Z",
    level: "warn",
    event: "slow",
    worker: "w",
    service: "smtp",
    ms: 5,
  });
});

Deno.test("what is below the level is not written", () => {
  const all = (log: ReturnType<typeof jsonLog>) =>
    (["debug", "info", "warn", "error"] as const).forEach((l) => log[l](l));
  assertEquals(lines("warn", all).length, 2);
  assertEquals(lines("debug", all).length, 4);
});

Deno.test("nothing a stranger sends ends a line or reaches a terminal as a control", () => {
  const hostile = "a\r\n\x1b[2J\x07\x7f\x80\x9b\u202e\u2066\u200b\u2028\ufeff%s";
  const line = written({ user: hostile });
  assertEquals(JSON.parse(line).user, hostile, "the value is kept whole");
  for (const character of line) {
    const code = character.codePointAt(0) ?? 0;
    assertEquals(code >= 0x20 && code < 0x7f, true, `U+${code.toString(16)} stands in the line`);
  }
});

Deno.test("a field is cut beyond 1,000 characters", () => {
  assertStringIncludes(written({ text: "x".repeat(1_000) }), `"${"x".repeat(1_000)}"`);
  assertStringIncludes(written({ text: "x".repeat(1_001) }), `"${"x".repeat(1_000)}…"`);
});

Deno.test("a field that has the name of one of the log's own replaces it, and no line says the same twice", () => {
  const [line = ""] = lines("info", (log) => log.info("start", { worker: "other", level: "high" }));
  assertEquals(line, `{"time":"1970-01-01T00:00:00.000Z","level":"high","event":"start","worker":"other"}`);
  const [plain = ""] = lines("info", (log) => log.info("start"));
  assertEquals(plain, `{"time":"1970-01-01T00:00:00.000Z","level":"info","event":"start","worker":"w"}`);
});
