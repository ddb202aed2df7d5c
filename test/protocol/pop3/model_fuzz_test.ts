/** The maildrop of a session against the plainest model of one: an array of marks. */
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../../../src/base/bytes.ts";
import { drive } from "./support.ts";

const SEED = 1939;

type Operation = readonly [verb: "STAT" | "LIST" | "UIDL" | "DELE" | "RSET", number: number | null];

const number = fc.integer({ min: 1, max: 6 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.constantFrom<Operation[]>(["STAT", null], ["LIST", null], ["UIDL", null], ["RSET", null]),
  fc.tuple(fc.constantFrom("LIST" as const, "UIDL" as const), number),
  { weight: 3, arbitrary: fc.tuple(fc.constant("DELE" as const), number) },
);

/** What the replies must be; `afterReset` is how many marks RSET wrongly leaves: 0 but for the canary. */
function model(
  sizes: readonly number[],
  operations: readonly Operation[],
  afterReset = 0,
): { lines: string[]; gone: number[] } {
  const marked = sizes.map(() => false);
  const lines: string[] = [];
  const left = () => sizes.map((size, index) => ({ size, number: index + 1 })).filter((_, index) => !marked[index]);
  const total = () => left().reduce((sum, { size }) => sum + size, 0);
  const missing = (at: number) => at > sizes.length || marked[at - 1];
  for (const [verb, at] of operations) {
    if (at !== null && missing(at)) lines.push("-ERR No such message");
    else if (verb === "STAT") lines.push(`+OK ${left().length} ${total()}`);
    else if (verb === "RSET") {
      marked.fill(false, afterReset);
      lines.push(`+OK ${left().length} messages (${total()} octets)`);
    } else if (verb === "DELE") {
      marked[at! - 1] = true;
      lines.push("+OK Marked for removal");
    } else if (at !== null) lines.push(verb === "LIST" ? `+OK ${at} ${sizes[at - 1]}` : `+OK ${at} 7.${at + 10}`);
    else if (verb === "LIST") {
      lines.push(
        `+OK ${left().length} messages (${total()} octets)`,
        ...left().map((m) => `${m.number} ${m.size}`),
        ".",
      );
    } else lines.push("+OK Unique ids", ...left().map((m) => `${m.number} 7.${m.number + 10}`), ".");
  }
  return { lines, gone: marked.flatMap((is, index) => is ? [index + 11] : []) };
}

function compare(afterReset: number): void {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 5 }), fc.array(operation, { maxLength: 30 }), (sizes, operations) => {
      const commands = operations.map(([verb, at]) => at === null ? `${verb}\r\n` : `${verb} ${at}\r\n`).join("");
      const bodies = sizes.map((size) => new Uint8Array(size));
      const { sent, actions } = drive([utf8(`USER a\r\nPASS b\r\n${commands}QUIT\r\n`)], bodies);
      const lines = new TextDecoder().decode(sent).split("\r\n").slice(3, -2);
      const expected = model(sizes, operations, afterReset);
      assertEquals(lines, expected.lines);
      assertEquals(actions.slice(1), [JSON.stringify({ type: "update", uids: expected.gone }), '{"type":"close"}']);
    }),
    { seed: SEED, numRuns: 2_000 },
  );
}

Deno.test("any order of STAT, LIST, UIDL, DELE and RSET answers as the model does, and QUIT removes what it marked", () => {
  compare(0);
});

Deno.test("canary: the fuzzer finds a maildrop whose RSET forgets the first message", () => {
  assertThrows(() => compare(1), Error, "Property failed");
});
