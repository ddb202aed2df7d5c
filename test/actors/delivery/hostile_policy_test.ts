/** Servers of MTA-STS policies that mean ill, or do not work: none of them switches a policy on, off or over to another. */
import { assertEquals } from "@std/assert";
import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { TransportPolicies } from "../../../src/actors/delivery/mod.ts";
import { type DnsAnswer, SILENT, systemClock } from "../../../src/base/mod.ts";
import { type DomainName, parseDomain } from "../../../src/mail/mod.ts";
import { TestCertificate } from "../../support/certificates.ts";
import { HttpsServer } from "../../support/https_server.ts";
import { pairFor, ROOT } from "./policy_world.ts";

const there = parseDomain("there.test") as DomainName;
const POLICY = "version: STSv1\nmode: enforce\nmx: mx.there.test\nmax_age: 86400\n";
const EVIL = "version: STSv1\nmode: none\nmax_age: 31557600\n";
const HOST = "mta-sts.there.test";

type Serve = (request: IncomingMessage, response: ServerResponse) => void;

const answering =
  (body: string | Uint8Array, headers: Record<string, string> = {}, status = 200): Serve => (_, response) =>
    response.writeHead(status, { "content-type": "text/plain", ...headers }).end(body);

/** Drips a body, a byte at a time, until the client has gone. */
const dripping: Serve = (_request, response) => {
  response.writeHead(200, { "content-type": "text/plain", "content-length": EVIL.length });
  let at = 0;
  const timer = setInterval(() => response.write(EVIL[at++ % EVIL.length]), 20);
  response.on("close", () => clearInterval(timer));
};

const stranger = TestCertificate.selfSigned({ commonName: HOST, names: [HOST] });
const past = ROOT.issue({
  commonName: "x",
  names: [HOST],
  notBeforeMs: Date.UTC(2020, 0),
  notAfterMs: Date.UTC(2021, 0),
});
const pairOf = ({ pem, keyPem }: TestCertificate) => ({ cert: pem, key: keyPem });

/** What a server does, and what is reported of it (RFC 8460 §4.3). */
const SERVERS: Readonly<Record<string, { serve?: Serve; pair?: { cert: string; key: string }; trouble: string }>> = {
  "sends on to another address": {
    serve: (request, response) =>
      request.url === "/evil"
        ? answering(EVIL)(request, response)
        : response.writeHead(302, { location: `https://${HOST}/evil`, "content-type": "text/plain" }).end(EVIL),
    trouble: "sts-policy-fetch-error",
  },
  "has no policy": { serve: answering(EVIL, {}, 404), trouble: "sts-policy-fetch-error" },
  "is broken": { serve: answering(EVIL, {}, 500), trouble: "sts-policy-fetch-error" },
  "gives a web page": { serve: answering(EVIL, { "content-type": "text/html" }), trouble: "sts-policy-fetch-error" },
  "gives it packed": {
    serve: answering(gzipSync(EVIL), { "content-encoding": "gzip" }),
    trouble: "sts-policy-fetch-error",
  },
  "gives more than 64 KiB": { serve: answering(EVIL + "x: y\n".repeat(20_000)), trouble: "sts-policy-fetch-error" },
  "says there is more than 64 KiB": {
    serve: (_request, response) =>
      response.writeHead(200, { "content-type": "text/plain", "content-length": 10_000_000 }).write(EVIL),
    trouble: "sts-policy-fetch-error",
  },
  "breaks off": {
    serve: (_request, response) => {
      response.writeHead(200, { "content-type": "text/plain", "content-length": EVIL.length + 1 });
      response.write(EVIL, () => response.socket?.end());
    },
    trouble: "sts-policy-fetch-error",
  },
  "says nothing": { serve: () => {}, trouble: "sts-policy-fetch-error" },
  "takes its time": { serve: dripping, trouble: "sts-policy-fetch-error" },
  "gives what is no policy": { serve: answering("version: STSv1\nmode: nonsense\n"), trouble: "sts-policy-invalid" },
  "gives bytes that are no text": {
    serve: answering(Uint8Array.of(0xff, 0xfe, 0x0a)),
    trouble: "sts-policy-invalid",
  },
  "has a certificate of its own making": { pair: pairOf(stranger), trouble: "sts-webpki-invalid" },
  "has a certificate for another name": { pair: pairFor("there.test"), trouble: "sts-webpki-invalid" },
  "has a certificate that is out of date": { pair: pairOf(past), trouble: "sts-webpki-invalid" },
};

/** What a fetch may take in these tests, in ms. */
const FETCH_MS_MAX = 400;

for (const [what, { serve = answering(EVIL), pair = pairFor(HOST), trouble }] of Object.entries(SERVERS)) {
  Deno.test(`a policy's server that ${what} gives no policy, and ends none that was had`, async () => {
    await using honest = await HttpsServer.start(pairFor(HOST), answering(POLICY));
    await using hostile = await HttpsServer.start(pair, serve);
    let id = 1;
    const none = (): Promise<DnsAnswer<never>> => Promise.resolve({ type: "nodata", secure: false });
    const one = (record: string): Promise<DnsAnswer<string>> =>
      Promise.resolve({ type: "found", records: [record], secure: false });
    const options = {
      resolver: {
        a: () => one("127.0.0.1"),
        aaaa: none,
        txt: () => one(`v=STSv1; id=${id}`),
        tlsa: none,
        cname: none,
      },
      isForbidden: () => false,
      clock: systemClock(),
      log: SILENT,
      mtaSts: true,
      dane: false,
      ca: ROOT.pem,
      fetchMsMax: FETCH_MS_MAX,
    };
    const startMs = performance.now();
    const fresh = new TransportPolicies({ ...options, httpsPort: hostile.port });
    assertEquals(await fresh.mtaSts(there), { policy: null, trouble } as unknown);
    assertEquals(performance.now() - startMs < 10 * FETCH_MS_MAX, true, "it held nobody up");
    const kept = new TransportPolicies({ ...options, httpsPort: honest.port });
    assertEquals((await kept.mtaSts(there)).policy?.mode, "enforce");
    const bound = new TransportPolicies({ ...options, httpsPort: hostile.port });
    bound.cache.import(kept.cache.takeFetched());
    id = 2;
    const found = await bound.mtaSts(there);
    assertEquals([found.policy?.mode, found.trouble], ["enforce", trouble]);
    assertEquals(hostile.requests.map(({ path }) => path).filter((path) => path !== "/.well-known/mta-sts.txt"), []);
  });
}
