import { assert, assertEquals } from "@std/assert";
import { seededRandom, utf8 } from "../../../src/base/mod.ts";
import { hashBody, signable, signableSteps } from "../../../src/policy/dkim/mod.ts";
import { readMessage } from "../../../src/policy/header/mod.ts";

const HEAD = "From: a@example.test\r\nSubject: x\r\n";

/** How often others have their turn, and what comes out. */
function inSteps(parts: readonly Uint8Array[]) {
  const steps = signableSteps(readMessage(parts));
  for (let turns = 0;; turns++) {
    const step = steps.next();
    if (step.done === true) return { turns, ...step.value };
  }
}

Deno.test("of a message its header is signed as it stands, and the hash of its body", () => {
  const { head, bodyHash } = signable(readMessage([utf8(`${HEAD}\r\na  b \r\n\r\n`)]));
  assertEquals(new TextDecoder().decode(head), HEAD);
  const [plain] = hashBody([utf8("a b\r\n")], [{ way: "simple", limit: null }]);
  assertEquals(bodyHash, plain!.digest);
});

Deno.test("a small body is hashed at once, a large one in steps, in one piece or in many, with the same hash", () => {
  assertEquals(inSteps([utf8(`${HEAD}\r\n`), new Uint8Array(256 * 1024)]).turns, 0);
  assertEquals(inSteps([utf8(`${HEAD}\r\n`), new Uint8Array(256 * 1024 + 1)]).turns, 1);
  const random = seededRandom(4);
  const octets = [0x0d, 0x0a, 0x20, 0x20, 0x09, 0x61, 0xe9, 0x2e];
  const body = Uint8Array.from({ length: 2_000_000 }, () => octets[Math.floor(random.next() * octets.length)]!);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < body.length;) {
    const end = Math.min(body.length, at + 1 + Math.floor(random.next() * 100_000));
    pieces.push(body.subarray(at, end));
    at = end;
  }
  const [whole, cut] = [inSteps([utf8(`${HEAD}\r\n`), body]), inSteps([utf8(`${HEAD}\r\n`), ...pieces])];
  assert(whole.turns === 7 && cut.turns === 7, `${whole.turns} and ${cut.turns} turns`);
  const [hashed] = hashBody([body], [{ way: "relaxed", limit: null }]);
  for (const { bodyHash } of [whole, cut]) assertEquals(bodyHash, hashed!.digest);
});
