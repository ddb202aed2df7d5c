import { assert, assertEquals, assertThrows } from "@std/assert";
import { Failure, utf8 } from "../../../src/base/mod.ts";
import { readSigner, signable, signDkim, verifyDkim } from "../../../src/policy/dkim/mod.ts";
import { parseTagList, readMessage, valueOf, withoutBlanks } from "../../../src/policy/header/mod.ts";
import { dnsWith, ED25519, ED25519_PEM, keyRecord, RSA, RSA_PEM, rsaOfBits } from "../support/signing.ts";

const NOW = 1_700_000_000;
const MAIL = [
  "Received: from a by b; Thu, 1 Jan 2026 00:00:00 +0000",
  "From: =?utf-8?q?J=C3=B6rg?= <joerg@example.test>",
  "To: mary@elsewhere.test",
  "Subject: a long",
  "\tand folded subject",
  "List-Id: <l.example.test>",
  "",
  "Hello  Mary. ",
  "",
  "",
].join("\r\n");
const SIGNERS = [RSA_PEM, ED25519_PEM].map((pem, i) => readSigner({ domain: "example.test", selector: `s${i}`, pem }));
const DNS = dnsWith("", {
  "s0._domainkey.example.test": { txt: [keyRecord(RSA)] },
  "s1._domainkey.example.test": { txt: [keyRecord(ED25519)] },
});

async function resultsOf(mail: string): Promise<string[]> {
  const { verdicts } = await verifyDkim(readMessage([utf8(mail)]), { resolver: DNS, nowSeconds: NOW });
  return verdicts.map(({ algorithm, result, reason }) =>
    `${algorithm} ${result}${reason === null ? "" : `: ${reason}`}`
  );
}

Deno.test("what is signed verifies: a field for each key, RSA and Ed25519", async () => {
  const fields = signDkim(signable(readMessage([utf8(MAIL)])), SIGNERS, NOW);
  assertEquals(fields.length, 2);
  assertEquals(await resultsOf(fields.join("") + MAIL), ["rsa-sha256 pass", "ed25519-sha256 pass"]);
});

Deno.test("a Received field in front and blanks changed on the way do no harm; an added From, Cc or Content-Type does", async () => {
  const signed = signDkim(signable(readMessage([utf8(MAIL)])), SIGNERS, NOW).join("") + MAIL;
  const pass = ["rsa-sha256 pass", "ed25519-sha256 pass"];
  assertEquals(await resultsOf(`Received: from b by c; Thu, 1 Jan 2026 00:00:00 +0000\r\n${signed}`), pass);
  assertEquals(await resultsOf(signed.replace("a long\r\n\tand", "a long and").replace("Mary. ", "Mary.")), pass);
  assertEquals(await resultsOf(`Sender: list@example.test\r\n${signed}`), pass);
  for (
    const name of ["From", "Cc", "To", "Subject", "Reply-To", "Date", "Message-ID", "Content-Type", "MIME-Version"]
  ) {
    const results = await resultsOf(`${name}: <x@evil.test>\r\n${signed}`);
    assertEquals(results, ["rsa-sha256 fail: signature is wrong", "ed25519-sha256 fail: signature is wrong"], name);
  }
});

Deno.test("the field is folded: no line is longer than 78 characters, and nothing of the key is in it", () => {
  for (const field of signDkim(signable(readMessage([utf8(MAIL)])), SIGNERS, NOW)) {
    assert(field.endsWith("\r\n"));
    for (const line of field.split("\r\n")) assert(line.length <= 78, line);
    const [{ name, raw }] = readMessage([utf8(field)]).fields as [{ name: string; raw: string }];
    assertEquals(name, "dkim-signature");
    const tags = parseTagList(valueOf({ name, raw }))!;
    assertEquals([tags.get("d"), tags.get("c"), tags.get("t")], ["example.test", "relaxed/relaxed", String(NOW)]);
    const names = withoutBlanks(tags.get("h")!).split(":");
    assertEquals(names.filter((each) => each === "from").length, 2, "one more than there is");
    assertEquals(names.filter((each) => each === "list-id").length, 1);
    assert(!names.includes("received"), "what changes on the way is not signed");
  }
});

Deno.test("keys that others may not believe are not signed with, and the refusal says nothing of them", () => {
  const small = rsaOfBits(1_024).export({ type: "pkcs8", format: "pem" }) as string;
  for (const pem of [small, "", "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----", "x".repeat(10_000)]) {
    const failure = assertThrows(() => readSigner({ domain: "example.test", selector: "s", pem }), Failure);
    assertEquals(failure.kind, "invalid");
    assert(!failure.message.includes("secret") && failure.cause === undefined);
  }
  for (const [domain, selector] of [["", "s"], ["example.test", "a b"], ["example.test", ""], ["x\r\ny.test", "s"]]) {
    assertThrows(() => readSigner({ domain: domain!, selector: selector!, pem: RSA_PEM }), Failure, "bad DKIM domain");
  }
});

Deno.test("a header that is longer than is read is not signed in part", () => {
  const long = readMessage([utf8(`From: a@example.test\r\nX: ${"x".repeat(1_100_000)}\r\n\r\nbody`)]);
  assertThrows(() => signable(long), Failure, "cannot be signed");
  assertThrows(() => signDkim({ head: long.head, bodyHash: new Uint8Array(32) }, SIGNERS, NOW), Failure, "cannot be");
});

Deno.test("a message without a header, without a body or with a hundred recipients' fields is signed all the same", async () => {
  const many = "To: a@b.test\r\n".repeat(100);
  for (const mail of ["\r\nbody\r\n", "From: a@example.test\r\n", `From: a@example.test\r\n${many}\r\nx`]) {
    const signed = signDkim(signable(readMessage([utf8(mail)])), SIGNERS, NOW).join("") + mail;
    assertEquals(await resultsOf(signed), ["rsa-sha256 pass", "ed25519-sha256 pass"], mail.slice(0, 30));
  }
});
