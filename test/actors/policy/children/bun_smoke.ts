/** Signs and checks a mail in a runtime that is not Deno. Prints "ok" when both keys are believed. */
import { utf8 } from "../../../../src/base/mod.ts";
import { aside, readSigner, signable, signDkim, signDkimAside } from "../../../../src/policy/dkim/mod.ts";
import { readMessage } from "../../../../src/policy/header/mod.ts";
import { checkSender } from "../../../../src/policy/sender/mod.ts";
import { FakeDns } from "../../../policy/support/fake_dns.ts";
import {
  craft,
  ED25519,
  ED25519_PEM,
  keyRecord,
  largeKeyRecord,
  RSA,
  RSA_PEM,
} from "../../../policy/support/signing.ts";

const mail = "From: anna@bank.test\r\nSubject: hello\r\n\r\nHello.\r\n";
const signers = [RSA_PEM, ED25519_PEM].map((pem, i) => readSigner({ domain: "bank.test", selector: `k${i}`, pem }));
const message = signable(readMessage([utf8(mail)]));
const fields = signDkim(message, signers, 1_700_000_000);
const beside = await signDkimAside(message, await Promise.all(signers.map(aside)), 1_700_000_000);
const resolver = new FakeDns({
  "_dmarc.bank.test": { txt: ["v=DMARC1; p=reject"] },
  "k0._domainkey.bank.test": { txt: [keyRecord(RSA)] },
  "k1._domainkey.bank.test": { txt: [keyRecord(ED25519)] },
  "s._domainkey.example.test": { txt: [largeKeyRecord(4_224)] },
});
const world = { resolver, nowSeconds: 1_700_000_000, authservId: "mx.here.test", trustedSealers: [] };
const query = { ip: "192.0.2.1", helo: "h.test", sender: "x@bank.test" };
const good = await checkSender({ ...query, parts: [utf8(fields.join("") + mail)] }, world);
const large = await checkSender({ ...query, parts: [utf8(craft(mail))] }, world);
const results = [...good.dkim, ...large.dkim].map(({ result }) => result).join(" ");
const done = `${
  beside.join("") === fields.join("") ? "" : "signed otherwise "
}${results} ${good.disposition.type} ${large.disposition.type}`;
console.log(/^pass pass (policy|permerror) accept reject$/.test(done) ? "ok" : done);
