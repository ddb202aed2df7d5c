import { assert, assertEquals, assertRejects } from "@std/assert";
import { Failure, utf8 } from "../../../src/base/mod.ts";
import { aside, readSigner, signable, signDkim, signDkimAside } from "../../../src/policy/dkim/mod.ts";
import { readMessage } from "../../../src/policy/header/mod.ts";
import { ED25519_PEM, RSA_PEM } from "../support/signing.ts";

const NOW = 1_700_000_000;
const SIGNERS = [RSA_PEM, ED25519_PEM].map((pem, i) => readSigner({ domain: "example.test", selector: `s${i}`, pem }));

Deno.test("a signature that is made aside is the one that is made at once, in 8-bit headers, too", async () => {
  const signers = await Promise.all(SIGNERS.map(aside));
  for (const subject of ["plain", "j\xc3\xb6rg", "\xff"]) {
    const bytes = Uint8Array.from(`From: a@example.test\r\nSubject: ${subject}\r\n\r\nx\r\n`, (c) => c.charCodeAt(0));
    const message = signable(readMessage([bytes]));
    assertEquals(await signDkimAside(message, signers, NOW), signDkim(message, SIGNERS, NOW));
  }
});

Deno.test("RSA alone is made aside, by a key that nobody can take out again", async () => {
  const [rsa, ed25519] = await Promise.all(SIGNERS.map(aside));
  assertEquals([rsa!.aside?.extractable, rsa!.aside?.usages, ed25519!.aside], [false, ["sign"], null]);
  let others = 0;
  const signed = signDkimAside(signable(readMessage([utf8("From: a@example.test\r\n\r\nx\r\n")])), [rsa!], NOW);
  while ((await Promise.race([signed, new Promise((resolve) => setImmediate(resolve, null))])) === null) others++;
  assert(others > 0, "nobody else had a turn");
});

Deno.test("what cannot be signed at once cannot be signed aside", async () => {
  const signers = await Promise.all(SIGNERS.map(aside));
  const message = { head: new Uint8Array(1_100_000).fill(0x61), bodyHash: new Uint8Array(32) };
  await assertRejects(() => signDkimAside(message, signers, NOW), Failure, "cannot be signed");
});
