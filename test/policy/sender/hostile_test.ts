/** Messages that nobody honest sends (ATTACKS S29, S30). */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { FakeClock, utf8 } from "../../../src/base/mod.ts";
import { readMessage } from "../../../src/policy/header/mod.ts";
import { BoundedResolver, checkSender, type SenderVerdict } from "../../../src/policy/sender/mod.ts";
import { FakeDns } from "../support/fake_dns.ts";
import { craft, keyRecord, RSA } from "../support/signing.ts";

const ZONE = {
  "example.test": { txt: ["v=spf1 mx ptr exists:%{l}.%{d} -all"], mx: ["example.test"], a: ["192.0.2.1"] },
  "_dmarc.example.test": { txt: ["v=DMARC1; p=reject"] },
  "s._domainkey.example.test": { txt: [keyRecord(RSA)] },
  "192.0.2.1": { ptr: ["example.test"] },
};

async function check(
  message: string,
  over: { helo?: string; sender?: string; ip?: string } = {},
): Promise<SenderVerdict> {
  const { helo = "h.test", sender = "a@example.test", ip = "192.0.2.1" } = over;
  const bounds = { clock: new FakeClock(), deadlineMs: 1_000, questionsMax: 250 };
  const resolver = new BoundedResolver(new FakeDns(ZONE), bounds);
  const parts = [Uint8Array.from(message, (char) => char.charCodeAt(0))];
  try {
    const world = { resolver, nowSeconds: 1_700_000_000, authservId: "mx.here.test", trustedSealers: ["example.test"] };
    return await checkSender({ ip, helo, sender, parts }, world);
  } finally {
    resolver.close();
  }
}

const word = fc.constantFrom(
  ..."From: To: DKIM-Signature: ARC-Seal: ARC-Message-Signature: ARC-Authentication-Results: v=1; a=rsa-sha256; a=ed25519-sha256;"
    .split(" "),
  ..."d=example.test; s=s; b=AAAA; bh=AAAA; h=from; h=from:from:to; c=relaxed; l=5; l=999; t=1; x=2; i=1; i=2; cv=none; cv=pass;"
    .split(" "),
  ...'a@example.test <b@evil.test> ( ) " , : ; @ = \u0000 \xff'.split(" "),
  "\r\n",
  "\r\n",
  " ",
  "\t",
  "\r",
  "\n",
  "\r\n ",
);
const soup = fc.array(word, { maxLength: 60 }).map((words) => words.join(""));

Deno.test("whatever a message and its envelope are, there is a verdict, and a field that is one field", async () => {
  await fc.assert(
    fc.asyncProperty(
      soup,
      fc.string({ unit: "binary" }),
      fc.constantFrom("", "192.0.2.1", "::1"),
      async (message, text, ip) => {
        const { field, disposition } = await check(message, { helo: text, sender: text, ip });
        assert(/^[\x20-\x7e\r\n\t]*$/.test(field) && field.endsWith("\r\n"), field);
        assertEquals(readMessage([utf8(field)]).fields.length, 1);
        assert(disposition.type === "accept" || /^[\x20-\x7e]{1,400}$/.test(disposition.text));
      },
    ),
    { seed: 61, numRuns: 2_000 },
  );
});

Deno.test("ten signatures of a thousand names each over the longest header, and a chain of fifty, take less than a second", async () => {
  const padding = Array.from({ length: 200 }, (_, i) => `X-${i}: ${"y ".repeat(400)}\r\n`).join("");
  const mail = `From: a@example.test\r\nSubject: x\r\n${padding}\r\nbody\r\n`;
  const names = ["from", ...Array.from({ length: 999 }, (_, i) => `x-${i % 200}`)];
  const signature = craft(mail, { names }).slice(0, -mail.length);
  const sets = Array.from(
    { length: 50 },
    (_, i) =>
      `ARC-Seal: i=${i + 1}; a=rsa-sha256; cv=${i === 0 ? "none" : "pass"}; d=example.test; s=s; b=AAAA\r\n` +
      `ARC-Message-Signature: i=${i + 1}; a=rsa-sha256; d=example.test; s=s; h=from; bh=AAAA; b=AAAA\r\n` +
      `ARC-Authentication-Results: i=${i + 1}; x.test; dmarc=pass ${"z".repeat(900)}\r\n`,
  ).join("");
  const startMs = performance.now();
  const { dkim, arc } = await check(sets + signature.repeat(10) + mail);
  const tookMs = performance.now() - startMs;
  assertEquals(dkim.map(({ result }) => result), new Array(10).fill("pass"));
  assertEquals([arc.result, arc.sets], ["fail", 50]);
  assert(tookMs < 1_000, `${tookMs} ms`);
});
