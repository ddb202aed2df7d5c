import { assertEquals } from "@std/assert";
import { keyRecordName, keyRecordProblem, keyRecordText, publicTextOf } from "../../../src/policy/dkim/mod.ts";
import { ED25519, ED25519_PEM, publicText, RSA, RSA_PEM } from "../support/signing.ts";

const KEY = { domain: "example.test", selector: "s", algorithm: "rsa-sha256", publicKey: publicText(RSA) } as const;
const EDWARDS = { ...KEY, algorithm: "ed25519-sha256", publicKey: publicText(ED25519) } as const;

Deno.test("the record of a key is what others verify by, and nothing of the secret", () => {
  assertEquals(publicTextOf(RSA_PEM), publicText(RSA));
  assertEquals(publicTextOf(ED25519_PEM), publicText(ED25519));
  assertEquals(keyRecordName(KEY), "s._domainkey.example.test");
  assertEquals(keyRecordText(KEY), `v=DKIM1; k=rsa; p=${publicText(RSA)}`);
  assertEquals(keyRecordText(EDWARDS), `v=DKIM1; k=ed25519; p=${publicText(ED25519)}`);
});

Deno.test("what is published as it must be has no problem, however its publisher writes it", () => {
  for (const key of [KEY, EDWARDS]) assertEquals(keyRecordProblem(key, [keyRecordText(key)]), null);
  const p = KEY.publicKey;
  for (
    const text of [
      `p=${p}`,
      `v=DKIM1;k=rsa;p=${p};`,
      `v=DKIM1; h=sha1:sha256; k=rsa; s=email; t=s; n=a note; p=${p.slice(0, 40)} ${p.slice(40)}`,
    ]
  ) assertEquals(keyRecordProblem(KEY, [text]), null, text);
});

Deno.test("every way in which a record can be wrong is told in words", () => {
  const p = KEY.publicKey;
  const cases: readonly (readonly [string[], string])[] = [
    [[], "not published"],
    [[`p=${p}`, `p=${p}`], "2 TXT records where one is expected"],
    [["v=spf1 -all"], "not a key record"],
    [["hello"], "not a key record"],
    [["v=DKIM1; k=rsa"], "not a key record"],
    [[`v=DKIM1; p=${p}; x=${"y".repeat(8_192)}`], "not a key record"],
    [["v=DKIM1; p="], "the key is revoked there (p= is empty)"],
    [[`v=DKIM1; p=${p.slice(0, -8)}`], "another key is published there"],
    [[`v=DKIM1; k=ed25519; p=${EDWARDS.publicKey}`], "another key is published there"],
    [[`v=DKIM2; p=${p}`], "v=DKIM2 where DKIM1 is expected"],
    [[`p=${p}; v=DKIM1`], "v= is not the first tag"],
    [[`v=DKIM1; k=ed25519; p=${p}`], "k= is not rsa"],
    [[`v=DKIM1; h=sha1; p=${p}`], "h= leaves out sha256"],
    [[`v=DKIM1; s=tlsrpt; p=${p}`], "s= leaves out email"],
    [[`v=DKIM1; t=y:s; p=${p}`], "t=y: signatures are said to be a test"],
  ];
  for (const [records, problem] of cases) assertEquals(keyRecordProblem(KEY, records), problem, records.join());
  assertEquals(keyRecordProblem(EDWARDS, [`p=${EDWARDS.publicKey}`]), "k= is not ed25519");
});
