import { assert, assertEquals, assertThrows } from "@std/assert";
import { Failure, utf8 } from "../../../src/base/mod.ts";
import { ARC_SETS_MAX, type ArcVerdict, sealArc, sealedText, verifyArc } from "../../../src/policy/arc/mod.ts";
import { fetchKey, isSignedBy, parseSignature, readSigner } from "../../../src/policy/dkim/mod.ts";
import { parseTagList, readMessage, valueOf, withoutBlanks } from "../../../src/policy/header/mod.ts";
import { craft, dnsWith, ED25519, ED25519_PEM, keyRecord, RSA, RSA_PEM } from "../support/signing.ts";

const NOW = 1_700_000_000;
const DNS = dnsWith(keyRecord(RSA), {
  "rsa._domainkey.example.test": { txt: [keyRecord(RSA)] },
  "ed._domainkey.example.test": { txt: [keyRecord(ED25519)] },
});
const SIGNERS = [
  readSigner({ domain: "example.test", selector: "rsa", pem: RSA_PEM }),
  readSigner({ domain: "example.test", selector: "ed", pem: ED25519_PEM }),
];
const MAIL = "From: a@bank.test\r\nTo: list@example.test\r\nSubject: hello\r\n\r\nHello.\r\n";
const resultsOf = (dmarc: string) =>
  `Authentication-Results: mx.example.test;\r\n\tdmarc=${dmarc} header.from=bank.test\r\n`;

function chainOf(mail: string): Promise<ArcVerdict> {
  return verifyArc(readMessage([utf8(mail)]), { resolver: DNS, nowSeconds: NOW });
}

/** The mail with one more set, as a mediator adds it who believes what he verified, or what he is told to. */
async function seal(mail: string, { dmarc = "pass", signer = 0, believed }: {
  dmarc?: string;
  signer?: number;
  believed?: ArcVerdict["result"];
} = {}): Promise<string> {
  const chain = believed === undefined ? await chainOf(mail) : { result: believed };
  const message = readMessage([utf8(mail)]);
  return sealArc(message, { signer: SIGNERS[signer]!, nowSeconds: NOW, chain, results: resultsOf(dmarc) }).join("") +
    mail;
}

const shown = ({ result, reason, sets }: ArcVerdict) => `${result} ${sets}${reason === null ? "" : `: ${reason}`}`;

Deno.test("sets of one mediator after the other make a chain that passes, by RSA and by Ed25519", async () => {
  let mail = craft(MAIL);
  for (let instance = 1; instance <= 4; instance++) {
    mail = await seal(mail, { dmarc: instance === 4 ? "fail" : "pass", signer: instance % 2 });
    assertEquals(shown(await chainOf(mail)), `pass ${instance}`);
  }
  const { sealer, dmarc } = await chainOf(mail);
  assertEquals([sealer, dmarc], ["example.test", "fail"]);
});

Deno.test("a set is three fields above the message, seal first, with one instance and short lines", async () => {
  const first = await seal(MAIL);
  assert(first.endsWith(MAIL));
  const fields = readMessage([utf8(await seal(first))]).fields.slice(0, 6);
  const names = ["arc-seal", "arc-message-signature", "arc-authentication-results"];
  assertEquals(fields.map(({ name }) => name), [...names, ...names]);
  for (const [i, { raw }] of fields.entries()) {
    assert(raw.includes(`: i=${i < 3 ? 2 : 1};`), raw);
    for (const line of raw.split("\r\n")) assert(line.length <= 78, line);
  }
  const seals = [fields[0]!, fields[3]!].map((field) => parseTagList(valueOf(field))!);
  assertEquals(seals.map((tags) => tags.get("cv")), ["pass", "none"]);
  assert(seals.every((tags) => !tags.has("h") && !tags.has("v")));
});

Deno.test("the message signature covers DKIM's, and neither results nor ARC's own fields", async () => {
  const mail = `Authentication-Results: mx.example.test; none\r\n${craft(craft(MAIL))}`;
  const { fields } = readMessage([utf8(await seal(await seal(mail)))]);
  const names = withoutBlanks(parseTagList(valueOf(fields[1]!))!.get("h")!).split(":");
  assertEquals(names.filter((name) => name === "dkim-signature").length, 2);
  assert(names.every((name) => !name.startsWith("arc-") && name !== "authentication-results" && name !== "received"));
});

Deno.test("a changed body, a lost set or a forged result break the chain, and trace fields above do not", async () => {
  const sealed = await seal(await seal(MAIL));
  const above = `Received: from x by y; Thu, 1 Jan 2026 00:00:00 +0000\r\nAuthentication-Results: mx; none\r\n`;
  assertEquals(shown(await chainOf(above + sealed)), "pass 2");
  assertEquals((await chainOf(sealed.replace("Hello.", "Hullo."))).result, "fail");
  assertEquals((await chainOf(sealed.replace("dmarc=pass", "dmarc=fail"))).result, "fail");
  assertEquals(
    (await chainOf(sealed.replace(/ARC-Seal: i=1(?:.|\r\n\t)*\r\n(?=ARC)/, ""))).reason,
    "a set is not whole",
  );
});

Deno.test("a broken chain is sealed once as failed, over the new set alone, and never again", async () => {
  const broken = (await seal(await seal(MAIL))).replace("Hello.", "Hullo.");
  const marked = await seal(broken);
  const [newest] = readMessage([utf8(marked)]).fields;
  assertEquals([parseTagList(valueOf(newest!))!.get("i"), parseTagList(valueOf(newest!))!.get("cv")], ["3", "fail"]);
  assertEquals((await chainOf(marked)).result, "fail");
  const [own, message, results] = readMessage([utf8(marked)]).fields;
  const signature = parseSignature(own!, "arcSeal");
  assert(typeof signature !== "string");
  const key = await fetchKey(signature, DNS);
  assert("key" in key);
  assert(isSignedBy(sealedText([{ results: results!, message: message!, seal: own! }], own!), signature, key));
  assertEquals(await seal(marked), marked);
});

Deno.test("a chain whose fields cannot be put in order is sealed as failed behind the highest instance", async () => {
  for (const stray of ["ARC-Seal: i=7; cv=none\r\n", "ARC-Seal: i=7; i=7\r\nARC-Message-Signature: i=7\r\n"]) {
    const marked = await seal(stray + MAIL);
    assert(marked.startsWith("ARC-Seal: i=8; a=rsa-sha256; cv=fail;"), marked.slice(0, 50));
  }
});

Deno.test("nothing is added to a chain of fifty sets, nor while nobody knows whether it is whole", async () => {
  let mail = MAIL;
  for (let instance = 1; instance <= ARC_SETS_MAX; instance++) {
    mail = await seal(mail, { signer: 1, believed: instance === 1 ? "none" : "pass" });
  }
  assertEquals(shown(await chainOf(mail)), "pass 50");
  assertEquals(await seal(mail), mail);
  const one = await seal(MAIL);
  assertEquals(await seal(one, { believed: "temperror" }), one);
});

Deno.test("a header that is longer than is read is not sealed in part", () => {
  const long = readMessage([utf8(`From: a@example.test\r\nX: ${"x".repeat(1_100_000)}\r\n\r\nbody`)]);
  const sealing = {
    signer: SIGNERS[0]!,
    nowSeconds: NOW,
    chain: { result: "none" },
    results: resultsOf("pass"),
  } as const;
  assertThrows(() => sealArc(long, sealing), Failure, "cannot be signed");
});
