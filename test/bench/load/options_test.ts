import { assertEquals, assertThrows } from "@std/assert";
import { LOAD_DEFAULTS, loadArgs, loadOptions, parseLoadArgs, sessionBytesMax } from "../../../bench/load/options.ts";

Deno.test("Options survive the way through a command line", () => {
  const options = loadOptions({
    port: 12_345,
    sessions: 7,
    messageBytes: 102_400,
    pipelining: true,
    reconnect: true,
    ratePerSecond: 12.5,
    countMax: 99,
    ackFile: "acks.txt",
    idPrefix: "run-7",
    progressMs: 500,
    toDomain: "sink.test",
    password: "four words, and spaces",
  });
  assertEquals(parseLoadArgs(loadArgs(options)), options);
  assertEquals(parseLoadArgs(loadArgs(LOAD_DEFAULTS)), LOAD_DEFAULTS);
  assertEquals(parseLoadArgs([]), LOAD_DEFAULTS);
});

Deno.test("Numbers are taken at their bounds and refused one beyond, by name", () => {
  const bounds = { port: [1, 65_535], sessions: [1, 4_000], accounts: [1, 100_000], warmupMs: [0, 600_000] } as const;
  for (const [name, [min, max]] of Object.entries(bounds)) {
    for (const good of [min, max]) assertEquals({ ...loadOptions({ [name]: good }) }[name as "port"], good);
    for (const bad of [min - 1, max + 1, 1.5, NaN]) assertThrows(() => loadOptions({ [name]: bad }), RangeError, name);
  }
  assertThrows(() => loadOptions({ messageBytes: 511 }), RangeError, "messageBytes");
});

Deno.test("All sessions' buffers together are bounded", () => {
  const messageBytes = sessionBytesMax / 256;
  assertEquals(loadOptions({ sessions: 256, messageBytes }).sessions, 256);
  assertThrows(() => loadOptions({ sessions: 257, messageBytes }), RangeError, "sessions × messageBytes");
});

Deno.test("Rates, prefixes and domains that make no sense are refused", () => {
  for (const ratePerSecond of [0, -1, NaN, 1_000_001]) assertThrows(() => loadOptions({ ratePerSecond }), RangeError);
  for (const idPrefix of ["", "a b", "x".repeat(17), "<"]) assertThrows(() => loadOptions({ idPrefix }), RangeError);
  for (const wrong of [{ domain: "a b" }, { toDomain: "a b" }]) {
    assertThrows(() => loadOptions(wrong), RangeError, "domain");
  }
  for (const password of ["", "a\nb"]) assertThrows(() => loadOptions({ password }), RangeError, "password");
  assertThrows(() => parseLoadArgs(["--sesions", "5"]));
  assertThrows(() => parseLoadArgs(["--port", ""]), RangeError, "port");
  assertThrows(() => parseLoadArgs(["--port", "12x"]), RangeError, "port");
});
