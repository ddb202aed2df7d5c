/** What we sign, another implementation verifies, and the other way round. */
import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { dkimSign } from "mailauth/lib/dkim/sign.js";
import { dkimVerify } from "mailauth/lib/dkim/verify.js";
import { seededRandom, utf8 } from "../../src/base/mod.ts";
import { readSigner, signDkim, verifyDkim } from "../../src/policy/dkim/mod.ts";
import { readMessage } from "../../src/policy/header/mod.ts";
import { dnsWith, ED25519, ED25519_PEM, keyRecord, RSA, RSA_PEM } from "../policy/support/signing.ts";

const NOW = 1_700_000_000;
const RECORDS: Readonly<Record<string, string>> = {
  "rsa._domainkey.example.test": keyRecord(RSA),
  "ed._domainkey.example.test": keyRecord(ED25519),
};
const DNS = dnsWith("", Object.fromEntries(Object.entries(RECORDS).map(([name, text]) => [name, { txt: [text] }])));
const KEYS = [{ selector: "rsa", pem: RSA_PEM }, { selector: "ed", pem: ED25519_PEM }];
const SIGNERS = KEYS.map((key) => readSigner({ ...key, domain: "example.test" }));

/** Fields and bodies with blanks, folds and empty lines where they hurt. */
function letter(seed: number): string {
  const random = seededRandom(seed);
  const pick = (words: readonly string[]) => words[Math.floor(random.next() * words.length)]!;
  const blanks = () =>
    Array.from({ length: 8 }, () => pick(["word", " ", "\t", "  ", "\r\n ", "ö", ":", ";"])).join("");
  const names = ["To", "SUBJECT", "Date", "x-other", "Reply-To", "Subject"].filter(() => random.next() < 0.7);
  const fields = [
    "From: a@example.test",
    ...names.map((name) => `${name}${pick(["", " "])}:${pick(["", " "])}x${blanks()}x`),
  ];
  const lines = Array.from(
    { length: Math.floor(random.next() * 8) },
    () => pick(["", " ", "a  b", "\tc", "d \t", "é"]),
  );
  return `${fields.join("\r\n")}\r\n\r\n${lines.map((line) => `${line}\r\n`).join("")}${pick(["", "end"])}`;
}

Deno.test("fifty letters that we sign are verified by mailauth, with both keys", async () => {
  const resolver = (name: string) => Promise.resolve([[RECORDS[name]!]]);
  for (let seed = 1; seed <= 50; seed++) {
    const mail = letter(seed);
    const signed = signDkim(readMessage([utf8(mail)]), SIGNERS, NOW).join("") + mail;
    const { results } = await dkimVerify(Buffer.from(signed), { resolver: resolver as never });
    assertEquals(results.map(({ status }) => status.result), ["pass", "pass"], JSON.stringify(mail));
  }
});

Deno.test("fifty letters that mailauth signs are verified by us, in all four canonicalizations", async () => {
  for (let seed = 1; seed <= 50; seed++) {
    const mail = letter(seed);
    const canonicalization = ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"][seed % 4]!;
    const { signatures } = await dkimSign(Buffer.from(mail), {
      canonicalization,
      signTime: new Date(NOW * 1_000),
      signatureData: KEYS.map(({ selector, pem }) => ({ signingDomain: "example.test", selector, privateKey: pem })),
    } as never);
    const message = readMessage([utf8(signatures + mail)]);
    const { verdicts } = await verifyDkim(message, { resolver: DNS, nowSeconds: NOW });
    const shown = `${canonicalization} ${JSON.stringify(mail)}`;
    assertEquals(verdicts.map(({ result, reason }) => reason ?? result), ["pass", "pass"], shown);
  }
});
