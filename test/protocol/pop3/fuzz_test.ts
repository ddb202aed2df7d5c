import { assert, assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import fc from "fast-check";
import { concat, utf8 } from "../../../src/base/bytes.ts";
import { DEFAULT_POP3_LIMITS, stuffDots, type StuffingState } from "../../../src/protocol/pop3/mod.ts";
import { drive } from "./support.ts";

const SEED = 1939;
const BODIES = ["", ".\r\n", "A: b\r\n\r\n.dot\r\nx", "A: b\r\n\r\n\n.\r.\r\n..\r\n"].map(utf8);

/** Bytes rich in what POP3 gives a meaning to. */
const wire = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: commandLine() },
    { weight: 2, arbitrary: fc.uint8Array({ maxLength: 40 }) },
    { weight: 2, arbitrary: fc.constantFrom("\r", "\n", "\0", "\r\n", " ", ".", "\r\n.\r\n", "=").map(utf8) },
    { weight: 1, arbitrary: fc.nat(300).map((length) => new Uint8Array(length).fill(0x41)) },
  ),
  { maxLength: 30 },
).map(concat);

function commandLine(): fc.Arbitrary<Uint8Array> {
  const verb = fc.constantFrom(
    ...["USER", "PASS", "AUTH", "STLS", "CAPA", "UTF8", "LANG", "STAT", "LIST", "RETR", "DELE", "NOOP", "RSET", "TOP"],
    ...["UIDL", "QUIT", "GET", "XTND"],
  );
  const argument = fc.constantFrom(
    "",
    "1",
    "2",
    "3",
    "4",
    "5",
    "0",
    "1 0",
    "3 1",
    "4 9",
    "a",
    "wrong",
    "PLAIN",
    "PLAIN AGEAYg==",
    "*",
  );
  return fc.tuple(verb, argument).map(([name, text]) => utf8(text === "" ? `${name}\r\n` : `${name} ${text}\r\n`));
}

/** Cuts bytes into chunks at the given places. */
function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...cuts].map((from, index) => bytes.slice(from, cuts[index] ?? bytes.length));
}

const loggedIn = utf8("USER a\r\nPASS b\r\n");
const places = fc.array(fc.nat(), { maxLength: 20 });

Deno.test("any bytes in any chunks bring the same output, no defect and a bounded buffer", () => {
  fc.assert(
    fc.property(fc.boolean(), wire, places, (login, bytes, cuts) => {
      const input = login ? concat([loggedIn, bytes]) : bytes;
      const whole = drive([input], BODIES);
      const limits = { fetchBytesMax: 3, topFetchBytesMax: 2, outputBytesMax: 50 };
      for (const chunks of [cutAt(input, cuts), [...input].map((byte) => Uint8Array.of(byte))]) {
        const cut = drive(chunks, BODIES, { limits });
        assertEquals(cut.sent, whole.sent);
        assertEquals(withoutReads(cut.actions), withoutReads(whole.actions));
        assertEquals(cut.session.phase, whole.session.phase);
        const longest = Math.max(0, ...chunks.map((chunk) => chunk.length));
        assertLessOrEqual(cut.bufferedMax, DEFAULT_POP3_LIMITS.credentialLineBytesMax + longest);
      }
    }),
    { seed: SEED, numRuns: 2_000 },
  );
});

Deno.test("plaintext cut anywhere around STLS is never run under TLS", () => {
  fc.assert(
    fc.property(fc.nat(), (cut) => {
      // All in one chunk or in two: what is in the first chunk behind STLS must vanish.
      const input = utf8("STLS\r\nUSER mallory\r\nPASS x\r\n");
      const at = 6 + cut % (input.length - 5);
      const { actions } = drive([input.slice(0, at)], BODIES, { tls: "available" });
      assertEquals(actions, ['{"type":"startTls"}']);
    }),
    { seed: SEED, numRuns: 50 },
  );
});

Deno.test("messages go unless QUIT came in TRANSACTION: nothing else asks for an update", () => {
  fc.assert(
    fc.property(wire, (bytes) => {
      const { actions, session } = drive([loggedIn, bytes], BODIES);
      const updates = actions.filter((action) => action.includes('"update"'));
      assertLessOrEqual(updates.length, 1);
      if (updates.length === 1) assertEquals(session.phase, "closed");
      if (session.phase !== "closed") assertEquals(updates, []);
      assertEquals(session.timedOut().filter((action) => action.type === "update"), []);
    }),
    { seed: SEED, numRuns: 1_000 },
  );
});

Deno.test("every reply line keeps to the grammar, and texts never exceed 512 octets", () => {
  fc.assert(
    fc.property(wire, (bytes) => {
      const sent = new TextDecoder().decode(drive([bytes], []).sent);
      assert(sent.endsWith("\r\n"));
      for (const line of sent.split("\r\n").slice(0, -1)) assert(/^[\x20-\x7e]{0,510}$/.test(line), line);
    }),
    { seed: SEED, numRuns: 1_000 },
  );
});

/** Message bytes rich in CR, LF and dots. */
const message = fc.array(fc.constantFrom(...utf8("\r\n.\n\r.a")), { maxLength: 60 }).map((bytes) =>
  Uint8Array.from(bytes)
);

type Stuffer = (state: StuffingState, bytes: Uint8Array) => readonly [StuffingState, Uint8Array];

/** Stuffs in pieces, unstuffs as a client does, and compares. */
function roundTrip(stuff: Stuffer): void {
  fc.assert(
    fc.property(message, places, (bytes, cuts) => {
      let state: StuffingState = "lineStart";
      const parts = cutAt(bytes, cuts).map((chunk) => {
        const [next, out] = stuff(state, chunk);
        state = next;
        return out;
      });
      assertEquals(unstuff(concat(parts)), bytes);
    }),
    { seed: SEED, numRuns: 3_000 },
  );
}

/** RFC 1939 §3, the client's side: a dot that begins a line goes; a line that is one dot alone would end the message. */
function unstuff(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  bytes.forEach((byte, at) => {
    const lineStart = at === 0 || (at > 1 && bytes[at - 2] === 0x0d && bytes[at - 1] === 0x0a);
    if (!lineStart || byte !== 0x2e) out.push(byte);
    else assert(!(bytes[at + 1] === 0x0d && bytes[at + 2] === 0x0a), "a line of one dot inside a message");
  });
  return Uint8Array.from(out);
}

Deno.test("what is stuffed in any pieces is unstuffed to the same message", () => roundTrip(stuffDots));

Deno.test("canary: the fuzzer finds a stuffer that forgets the border between two pieces", () => {
  assertThrows(() => roundTrip((_state, bytes) => stuffDots("inLine", bytes)), Error, "Property failed");
});

Deno.test("canary: the fuzzer finds a stuffer that takes a bare LF for the end of a line", () => {
  const wrong: Stuffer = (state, bytes) => {
    const [next, out] = stuffDots(state, bytes);
    return [next === "inLine" && bytes.at(-1) === 0x0a ? "lineStart" : next, out];
  };
  assertThrows(() => roundTrip(wrong), Error, "Property failed");
});

/** How often a long message is read in pieces does not count. */
function withoutReads(actions: readonly string[]): readonly string[] {
  return actions.filter((action) => !action.includes('"fetch"'));
}
