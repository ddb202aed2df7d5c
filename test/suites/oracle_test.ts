/** What we sign, another implementation verifies, and the other way round. */
import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { authenticate } from "mailauth";
import { sealMessage } from "mailauth/lib/arc/index.js";
import { dkimSign } from "mailauth/lib/dkim/sign.js";
import { dkimVerify } from "mailauth/lib/dkim/verify.js";
import { seededRandom, utf8 } from "../../src/base/mod.ts";
import { sealArc, verifyArc } from "../../src/policy/arc/mod.ts";
import { readSigner, signable, signDkim, verifyDkim } from "../../src/policy/dkim/mod.ts";
import { readMessage } from "../../src/policy/header/mod.ts";
import { checkSender } from "../../src/policy/sender/mod.ts";
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
    const signed = signDkim(signable(readMessage([utf8(mail)])), SIGNERS, NOW).join("") + mail;
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

/** A message sealed by `seals` mediators in turn, each saying what it found out about DMARC. */
async function sealedBy(mail: string, seals: readonly string[]): Promise<string> {
  let message = mail;
  for (const [i, found] of seals.entries()) {
    const { selector, pem } = KEYS[i % 2]!;
    const set = await sealMessage(Buffer.from(message), {
      i: i + 1,
      cv: i === 0 ? "none" : "pass",
      signTime: new Date(NOW * 1_000),
      signingDomain: "example.test",
      selector,
      privateKey: pem,
      authResults: `mx${i}.example.test; dmarc=${found} header.from=bank.test`,
    } as never);
    message = set.toString() + message;
  }
  return message;
}

async function arcOf(mail: string) {
  const { result, reason, sets, sealer, dmarc } = await verifyArc(readMessage([utf8(mail)]), {
    resolver: DNS,
    nowSeconds: NOW,
  });
  return [result, reason, sets, sealer, dmarc];
}

Deno.test("chains that mailauth seals, by RSA and Ed25519 in turn, pass; a changed body or a lost set fails", async () => {
  const mail = "From: a@bank.test\r\nSubject: hello\r\n\r\nHello.\r\n";
  const sealed = await sealedBy(mail, ["pass", "fail", "pass"]);
  assertEquals(await arcOf(sealed), ["pass", null, 3, "example.test", "pass"]);
  assertEquals(await arcOf(mail), ["none", null, 0, null, null]);
  const body = await arcOf(sealed.replace("Hello.", "Hullo."));
  assertEquals(body.slice(0, 2), ["fail", "message signature: body has changed"]);
  const lost = await arcOf(sealed.replace(/ARC-Authentication-Results: i=2(?:.|\r\n\s)*\r\n/, ""));
  assertEquals(lost.slice(0, 2), ["fail", "a set is not whole"]);
  const forged = await arcOf(sealed.replace("dmarc=fail", "dmarc=pass"));
  assertEquals(forged[0], "fail");
});

Deno.test("chains that we and mailauth seal in turn are verified by both", async () => {
  const resolver = (name: string) => Promise.resolve([[RECORDS[name]!]]);
  const signed = (mail: string) => signDkim(signable(readMessage([utf8(mail)])), SIGNERS, NOW).join("") + mail;
  for (let seed = 1; seed <= 20; seed++) {
    let mail = signed(letter(seed));
    for (let instance = 1; instance <= 4; instance++) {
      const { arc } = await judged(mail, resolver);
      assertEquals(arc, instance === 1 ? "none" : "pass", `${instance} ${JSON.stringify(mail)}`);
      mail = instance % 2 === seed % 2 ? await sealedOnce(mail, instance) : sealArc(readMessage([utf8(mail)]), {
        signer: SIGNERS[instance >> 1 & 1]!,
        nowSeconds: NOW,
        chain: { result: arc },
        results: `Authentication-Results: mx.example.test;\r\n\tdmarc=pass header.from=bank.test\r\n`,
      }).join("") + mail;
      assertEquals((await arcOf(mail)).slice(0, 3), ["pass", null, instance], JSON.stringify(mail));
    }
    assertEquals((await judged(mail, resolver)).arc, "pass", JSON.stringify(mail));
    const broken = `${mail}more\r\n`;
    const [{ result }, { arc }] = [{ result: (await arcOf(broken))[0] }, await judged(broken, resolver)];
    assertEquals([result, arc], ["fail", "fail"]);
  }
});

/** What mailauth finds out about a chain. */
async function judged(mail: string, resolver: (name: string) => Promise<string[][]>) {
  const { arc } = await authenticate(Buffer.from(mail), {
    ip: "192.0.2.1",
    resolver: resolver as never,
    trustReceived: false,
  });
  return { arc: arc === false ? "none" : arc.status.result as "none" | "pass" | "fail" };
}

/** One more set, by mailauth. */
async function sealedOnce(mail: string, instance: number): Promise<string> {
  const { selector, pem } = KEYS[instance % 2]!;
  const set = await sealMessage(Buffer.from(mail), {
    i: instance,
    cv: instance === 1 ? "none" : "pass",
    signTime: new Date(NOW * 1_000),
    signingDomain: "example.test",
    selector,
    privateKey: pem,
    authResults: "mx.example.test; dmarc=pass header.from=bank.test",
  } as never);
  return set.toString() + mail;
}

Deno.test("a mail that fails DMARC is accepted when a trusted mediator says that it passed before, and only then", async () => {
  const mail = "From: a@bank.test\r\nSubject: hello\r\n\r\nHello.\r\n";
  const zone = Object.fromEntries(Object.entries(RECORDS).map(([name, text]) => [name, { txt: [text] }]));
  const resolver = dnsWith("", { ...zone, "_dmarc.bank.test": { txt: ["v=DMARC1; p=reject"] } });
  const judge = async (found: readonly string[], trustedSealers: readonly string[]) => {
    const parts = [utf8(await sealedBy(mail, found))];
    const query = { ip: "192.0.2.1", helo: "list.test", sender: "list@list.test", parts };
    const world = { resolver, nowSeconds: NOW, authservId: "mx.here.test", trustedSealers };
    return (await checkSender(query, world)).disposition.type;
  };
  assertEquals(await judge(["pass"], ["example.test"]), "accept");
  assertEquals(await judge(["pass"], ["other.test"]), "reject");
  assertEquals(await judge(["pass"], []), "reject");
  assertEquals(await judge(["fail"], ["example.test"]), "reject");
});
