import { assertEquals } from "@std/assert";
import { utf8 } from "../../../src/base/bytes.ts";
import { latin1 } from "../../../src/base/latin1.ts";
import { ByteLine } from "../../../src/protocol/imap/frame/byte_line.ts";

function written(write: (line: ByteLine) => void): string {
  const line = new ByteLine(16_384);
  write(line);
  return latin1(line.taken());
}

Deno.test("numbers that rise are written as each alone", () => {
  const firsts = [...Array.from({ length: 130 }, (_, i) => 1 + 23 * i), 999_990, 4_294_965_000];
  for (const first of firsts) {
    for (const count of [0, 1, 2, 9, 10, 11, 99, 100, 101, 999, 1_000, 1_001, 1_400]) {
      const each = Array.from({ length: count }, (_, i) => ` ${first + i}`).join("");
      assertEquals(written((line) => line.rising(first, count)), each);
    }
  }
});

Deno.test("a text is written again with higher digits", () => {
  for (let times = 0; times <= 7; times++) {
    const text = written((line) => {
      line.put(utf8("* 9\r\n"));
      const from = line.used;
      line.put(utf8("* 101 (UID 2"));
      const ends = [from + 5, line.used];
      line.put(utf8(")\r\n"));
      line.again(from, times, ends);
      line.put(utf8("."));
    });
    const rows = Array.from({ length: times + 1 }, (_, i) => `* 10${1 + i} (UID ${2 + i})\r\n`);
    assertEquals(text, `* 9\r\n${rows.join("")}.`);
  }
});
