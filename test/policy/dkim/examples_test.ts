/** The signed messages that the RFCs print. */
import { assertEquals } from "@std/assert";
import { utf8 } from "../../../src/base/mod.ts";
import { type DkimVerdict, verifyDkim } from "../../../src/policy/dkim/mod.ts";
import { readMessage } from "../../../src/policy/header/mod.ts";
import { FakeDns } from "../support/fake_dns.ts";

/** Of RFC 6376 appendix C. */
const BRISBANE_RSA = "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYt" +
  "IxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWTo" +
  "IMmPSPDdQPNUYckcQ2QIDAQAB";
/** Of RFC 8463 appendix A.2. */
const BRISBANE_ED25519 = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const TEST_RSA =
  "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb" +
  "2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2" +
  "kryOTIKT+l/K4w3QIDAQAB";

const BODY = ["Hi.", "", "We lost the game. Are you hungry yet?", "", "Joe.", ""];
const FIELDS = [
  "From: Joe SixPack <joe@football.example.com>",
  "To: Suzie Q <suzie@shopping.example.net>",
  "Subject: Is dinner ready?",
  "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)",
  "Message-ID: <20030712040037.46341.5F8J@football.example.com>",
];

/** RFC 6376 appendix A.2, with the blanks that were signed: the text edition of the RFC lost some and doubled others. */
const RFC6376 = [
  "DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;",
  "      c=simple/simple; q=dns/txt; i=joe@football.example.com;",
  "      h=Received : From : To : Subject : Date : Message-ID;",
  "      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;",
  "      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB",
  "      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut",
  "      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV",
  "      4bmp/YzhwvcubU4=;",
  "Received: from client1.football.example.com  [192.0.2.1]",
  "      by submitserver.example.com with SUBMISSION;",
  "      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)",
  ...FIELDS,
  "",
  ...BODY,
].join("\r\n");

/** RFC 8463 appendix A.3. */
const RFC8463 = [
  "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;",
  " d=football.example.com; i=@football.example.com;",
  " q=dns/txt; s=brisbane; t=1528637909; h=from : to :",
  " subject : date : message-id : from : subject : date;",
  " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;",
  " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus",
  " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==",
  "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;",
  " d=football.example.com; i=@football.example.com;",
  " q=dns/txt; s=test; t=1528637909; h=from : to : subject :",
  " date : message-id : from : subject : date;",
  " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;",
  " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3",
  " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz",
  " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=",
  ...FIELDS,
  "",
  ...BODY,
].join("\r\n");

const DNS = new FakeDns({
  "brisbane._domainkey.example.com": { txt: [BRISBANE_RSA] },
  "brisbane._domainkey.football.example.com": { txt: [BRISBANE_ED25519] },
  "test._domainkey.football.example.com": { txt: [TEST_RSA] },
});

async function verdictsOn(text: string): Promise<readonly DkimVerdict[]> {
  const { verdicts } = await verifyDkim(readMessage([utf8(text)]), { resolver: DNS, nowSeconds: 1_700_000_000 });
  return verdicts;
}

function resultsOf(verdicts: readonly DkimVerdict[]): string[] {
  return verdicts.map(({ algorithm, result, reason }) =>
    `${algorithm} ${result}${reason === null ? "" : `: ${reason}`}`
  );
}

Deno.test("the signed message of RFC 6376 appendix A verifies, simple/simple", async () => {
  const [verdict] = await verdictsOn(RFC6376);
  assertEquals(verdict, {
    domain: "example.com",
    selector: "brisbane",
    algorithm: "rsa-sha256",
    start: "AuUoFEfD",
    result: "pass",
    reason: null,
    keyBits: 1_024,
    unsignedBytes: 0,
    testing: false,
  });
});

Deno.test("both signatures of RFC 8463 appendix A verify: Ed25519 and RSA, relaxed/relaxed", async () => {
  assertEquals(resultsOf(await verdictsOn(RFC8463)), ["ed25519-sha256 pass", "rsa-sha256 pass"]);
});

Deno.test("blanks may change under relaxed and not under simple, words under neither", async () => {
  const blanks = (text: string) =>
    text.replace("Is dinner ready?", "Is  dinner\r\n\tready?").replace("hungry yet?", "hungry yet? ");
  assertEquals(resultsOf(await verdictsOn(blanks(RFC8463))), ["ed25519-sha256 pass", "rsa-sha256 pass"]);
  assertEquals(resultsOf(await verdictsOn(blanks(RFC6376))), ["rsa-sha256 fail: body has changed"]);
  const subject = RFC8463.replace("dinner", "supper");
  assertEquals(resultsOf(await verdictsOn(subject)), [
    "ed25519-sha256 fail: signature is wrong",
    "rsa-sha256 fail: signature is wrong",
  ]);
  assertEquals(resultsOf(await verdictsOn(RFC8463.replace("lost", "won"))), [
    "ed25519-sha256 fail: body has changed",
    "rsa-sha256 fail: body has changed",
  ]);
});

Deno.test("a second Subject is found out where the first was signed twice", async () => {
  const second = RFC8463.replace("Subject:", "Subject: Send money\r\nSubject:");
  assertEquals((await verdictsOn(second)).map(({ result }) => result), ["fail", "fail"]);
});
