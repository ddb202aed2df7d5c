import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { checkScramProof, makeScramKeys, type ScramKeySet } from "../../../src/actors/directory/scram_keys.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import {
  decodeBase64,
  encodeBase64,
  findMechanism,
  type SaslAnswer,
  type SaslMechanism,
  type SaslStep,
  scramSha1,
  scramSha256,
  scramSha256Plus,
} from "../../../src/protocol/sasl/mod.ts";
import { ScramClient } from "../../support/scram_client.ts";

const NONCE = "3rfcNHYJY1ZVvWVs7j";
const BINDING = Uint8Array.from({ length: 32 }, (_, i) => i);

function keysOf(password: string, salt = "QSXCR+Q6sek8bf92"): Promise<ScramKeySet> {
  return makeScramKeys(password, { salt: decodeBase64(salt)!, iterations: 4_096 });
}

/** Answers every question of an exchange as a directory that has these keys. */
function answer(step: SaslStep, keys: ScramKeySet, nonce = NONCE): SaslAnswer {
  assert(step.type === "ask", `a question is expected, not ${step.type}`);
  const { question } = step;
  if (question.type === "scramStart") {
    const { salt, iterations } = keys[question.hash];
    return { type: "scramStart", salt, iterations, nonce };
  }
  assert(question.type === "scramProof");
  const signature = checkScramProof(keys[question.hash], question);
  return signature === null ? { type: "refused" } : { type: "accepted", user: question.user, signature };
}

/** Plays the client's messages until the exchange ends; what the server said, and the end. */
function play(
  mechanism: SaslMechanism,
  messages: readonly (string | ((said: string) => string))[],
  { keys, nonce = NONCE, binding = null }: { keys: ScramKeySet; nonce?: string; binding?: Uint8Array | null },
): { said: string[]; end: SaslStep } {
  const said: string[] = [];
  let step = mechanism.begin(null, binding);
  for (const message of ["", ...messages].slice(1)) {
    while (step.type === "ask") step = step.next(answer(step, keys, nonce));
    if (step.type !== "challenge") break;
    said.push(new TextDecoder().decode(step.data));
    step = step.next(utf8(typeof message === "string" ? message : message(said.at(-1)!)));
  }
  while (step.type === "ask") step = step.next(answer(step, keys, nonce));
  if (step.type === "challenge") said.push(new TextDecoder().decode(step.data));
  return { said, end: step };
}

Deno.test("SCRAM-SHA-1 runs the example of RFC 5802 §5 to the letter", async () => {
  const { said, end } = play(scramSha1, [
    "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    "",
  ], { keys: await keysOf("pencil") });
  assertEquals(said, [
    "",
    "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
  ]);
  assertEquals(end, { type: "accepted", user: "user" });
});

Deno.test("SCRAM-SHA-256 runs the example of RFC 7677 §3 to the letter", async () => {
  const both = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const { said, end } = play(scramSha256, [
    "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    `c=biws,r=${both},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
    "",
  ], { keys: await keysOf("pencil", "W22ZaJ0SNY7soEsUEjb6gQ=="), nonce: both.slice(20) });
  assertEquals(said, [
    "",
    `r=${both},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
    "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
  ]);
  assertEquals(end, { type: "accepted", user: "user" });
});

Deno.test("SCRAM-SHA-256-PLUS takes a client that saw the same certificate, and no other", async () => {
  const keys = await keysOf("pencil");
  for (const [seen, end] of [[BINDING, "accepted"], [new Uint8Array(32), "failed"]] as const) {
    const client = new ScramClient({ user: "user", password: "pencil", hash: "SHA-256", binding: seen, nonce: "abc" });
    const played = play(scramSha256Plus, [client.first, (text) => client.final(text), ""], { keys, binding: BINDING });
    assertEquals(played.end.type, end);
    if (end === "failed") assertEquals(played.end, { type: "failed", problem: "refused" });
    else assert(client.verifies(played.said.at(-1)!), "the server proves that it knows the account");
  }
});

Deno.test("a client that could bind but was told that the server cannot is refused; without TLS it may say so", async () => {
  const keys = await keysOf("pencil");
  const refused = { type: "failed", problem: "refused" } as const;
  assertEquals(play(scramSha256, ["y,,n=user,r=abc"], { keys, binding: BINDING }).end, refused);
  const client = new ScramClient({ user: "user", password: "pencil", hash: "SHA-256", flag: "y", nonce: "abc" });
  const { end } = play(scramSha256, [client.first, (text) => client.final(text), ""], { keys });
  assertEquals(end, { type: "accepted", user: "user" });
});

Deno.test("a binding that was agreed on cannot be taken back in the last message", async () => {
  const keys = await keysOf("pencil");
  const client = new ScramClient({ user: "user", password: "pencil", hash: "SHA-256", flag: "n", nonce: "abc" });
  const swapped = (text: string) => client.final(text, { header: "y,," });
  assertEquals(play(scramSha256, [client.first, swapped], { keys }).end, { type: "failed", problem: "refused" });
});

Deno.test("a wrong password, a foreign nonce and an old message again are refused", async () => {
  const keys = await keysOf("pencil");
  const refused = { type: "failed", problem: "refused" } as const;
  const client = (password: string) => new ScramClient({ user: "user", password, hash: "SHA-256", nonce: "abc" });
  const wrong = client("pencils");
  assertEquals(play(scramSha256, [wrong.first, (text) => wrong.final(text)], { keys }).end, refused);
  const right = client("pencil");
  let last = "";
  const record = (text: string) => last = right.final(text);
  assertEquals(play(scramSha256, [right.first, record, ""], { keys }).end.type, "accepted");
  assertEquals(play(scramSha256, [right.first, last], { keys, nonce: "another" }).end, refused);
  // Though the proof fits what is said: the nonce is the server's as well (RFC 5802 §5.1).
  for (const nonce of ["abc", "abcx", "another"]) {
    const foreign = (text: string) => client("pencil").final(text, { nonce });
    assertEquals(play(scramSha256, [right.first, foreign], { keys }).end, refused, nonce);
  }
});

Deno.test("what RFC 5802 §7 does not allow is malformed, and acting for somebody else is told apart", async () => {
  const keys = await keysOf("pencil");
  const malformed = [
    "",
    "n,,n=user",
    "n,,r=abc,n=user",
    "n,,m=x,n=user,r=abc",
    "x,,n=user,r=abc",
    "n,n=user,r=abc",
    "n,,n=,r=abc",
    "n,,n=us=er,r=abc",
    "n,,n=us\u0000er,r=abc",
    "n,,n=user,r=",
    "n,,n=user,r=a b",
    "n,,n=user,r=abc,",
    "p=tls-unique,,n=user,r=abc",
    "p=tls-server-end-point,,n=user,r=abc",
    `n,,n=user,r=${"x".repeat(513)}`,
    `n,,n=${"x".repeat(1_025)},r=abc`,
  ];
  for (const first of malformed) {
    assertEquals(play(scramSha256, [first], { keys }).end, { type: "failed", problem: "malformed" }, first);
  }
  for (const first of ["n,,n=user,r=abc", "p=tls-unique,,n=user,r=abc", "y,,n=user,r=abc"]) {
    const { end } = play(scramSha256Plus, [first], { keys, binding: BINDING });
    assertEquals(end, { type: "failed", problem: "malformed" }, first);
  }
  const other = play(scramSha256, ["n,a=root,n=user,r=abc"], { keys });
  assertEquals(other.end, { type: "failed", problem: "otherIdentity" });
  for (const first of ["n,a=user,n=user,r=abc", "n,,n=user,r=abc,x=1", `n,,n=user,r=${"x".repeat(512)}`]) {
    assertEquals(play(scramSha256, [first], { keys }).end.type, "challenge", first);
  }
  const finals = [
    "",
    "c=biws",
    "c=biws,r=abc3rfcNHYJY1ZVvWVs7j",
    "c=biws,r=abc3rfcNHYJY1ZVvWVs7j,p=",
    "r=abc,c=biws,p=AAAA",
  ];
  for (const final of [...finals, "c=biws,r=abc3rfcNHYJY1ZVvWVs7j,p=AAAA"]) {
    const { end } = play(scramSha256, ["n,,n=user,r=abc", final], { keys });
    assertEquals(end, { type: "failed", problem: "malformed" }, final);
  }
});

Deno.test("the server's proof must be answered by nothing", async () => {
  const client = new ScramClient({ user: "user", password: "pencil", hash: "SHA-1", nonce: "abc" });
  const messages = [client.first, (text: string) => client.final(text), "more"];
  const { end } = play(scramSha1, messages, { keys: await keysOf("pencil") });
  assertEquals(end, { type: "failed", problem: "malformed" });
});

Deno.test("a name may hold commas and equal signs, written as the RFC says", async () => {
  const client = new ScramClient({ user: "a=b,c@x.test", password: "pencil", hash: "SHA-256", nonce: "abc" });
  assert(client.first.includes("n=a=3Db=2Cc@x.test,"));
  const { end } = play(scramSha256, [client.first, (text) => client.final(text), ""], { keys: await keysOf("pencil") });
  assertEquals(end, { type: "accepted", user: "a=b,c@x.test" });
});

/** Whatever the bytes, an exchange ends without throwing and never well, when the client does not know the password. */
function fuzz(isRight: (proof: Uint8Array) => boolean): void {
  const piece = fc.oneof(
    fc.constantFrom(
      "n,,",
      "y,,",
      "p=tls-server-end-point,,",
      "n=user",
      "r=abc",
      ",",
      "c=biws",
      "p=",
      "=2C",
      "a=user,",
      "m=x",
    ),
    fc.constantFrom("n,,n=user,r=abc", `c=biws,r=abc${NONCE},p=`, encodeBase64(new Uint8Array(32))),
    fc.string({ maxLength: 6 }),
  );
  const whole = fc.constantFrom("n,,n=user,r=abc", `c=biws,r=abc${NONCE},p=${encodeBase64(new Uint8Array(32))}`);
  const message = fc.oneof(whole, fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join("")));
  const names = ["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1"];
  fc.assert(
    fc.property(
      fc.constantFrom(...names),
      fc.array(message, { maxLength: 4 }),
      fc.boolean(),
      (name, messages, bound) => {
        let step = findMechanism(name)!.begin(null, bound ? BINDING : null);
        for (const text of messages) {
          while (step.type === "ask") step = step.next(fuzzAnswer(step, isRight));
          if (step.type !== "challenge") break;
          step = step.next(utf8(text));
        }
        while (step.type === "ask") step = step.next(fuzzAnswer(step, isRight));
        assert(step.type === "challenge" || step.type === "failed", step.type);
        if (step.type === "challenge") assert(!new TextDecoder().decode(step.data).startsWith("v="), "let in");
      },
    ),
    { seed: 5802, numRuns: 6_000 },
  );
}

function fuzzAnswer(step: SaslStep & { type: "ask" }, isRight: (proof: Uint8Array) => boolean): SaslAnswer {
  const { question } = step;
  if (question.type === "scramStart") {
    return { type: "scramStart", salt: new Uint8Array(16), iterations: 4_096, nonce: NONCE };
  }
  assert(question.type === "scramProof");
  const accepted = { type: "accepted", user: question.user, signature: new Uint8Array(32) } as const;
  return isRight(question.proof) ? accepted : { type: "refused" };
}

Deno.test("no bytes make an exchange throw or end well without the right proof", () => fuzz(() => false));

Deno.test("canary: the fuzzer finds a directory that takes any proof", () => {
  assertThrows(() => fuzz(() => true), Error, "Property failed");
});
