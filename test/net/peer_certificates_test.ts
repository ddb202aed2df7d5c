import { assert, assertEquals } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { rootCertificates } from "node:tls";
import { createTlsContext, dial, type PeerCertificates } from "../../src/net/mod.ts";
import { Failure } from "../../src/base/mod.ts";
import { parseCertificate } from "../../src/policy/mod.ts";
import { TestCertificate } from "../support/certificates.ts";
import { clock, Peer, TestServer } from "./support.ts";

const ROOT = TestCertificate.selfSigned({ commonName: "Root", authority: true });
const MIDDLE = ROOT.issue({ commonName: "Middle", authority: true });
const LEAF = MIDDLE.issue({ commonName: "mx.a.example", names: ["mx.a.example"] });

/** What a client sees of a server that shows these certificates, and how dialling ends. */
async function shown(
  chain: readonly TestCertificate[],
  options: { ca?: string; serverName?: string; objection?: string } = {},
): Promise<{ peer: PeerCertificates | null; end: string; begun: boolean }> {
  const cert = chain.map(({ pem }) => pem).join("");
  const tlsContext = createTlsContext({ cert, key: chain[0]!.keyPem });
  const server = await TestServer.start({ tls: "implicit", tlsContext }, (connection) => void new Peer(connection));
  const { serverName = "mx.a.example", ca } = options;
  let peer: PeerCertificates | null = null;
  const check = (seen: PeerCertificates) => {
    peer = seen;
    return options.objection ?? null;
  };
  try {
    const connection = await dial({
      host: "127.0.0.1",
      port: server.listener.port,
      connectMsMax: 5_000,
      tls: "implicit",
      tlsOptions: { verify: true, check, serverName, ...(ca === undefined ? {} : { ca }) },
      clock,
    });
    const client = new Peer(connection);
    connection.close();
    await client.gone();
    return { peer, end: "connected", begun: true };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { peer, end: `${error.kind}: ${error.message}`, begun: false };
  } finally {
    server.stop();
  }
}

const same = (chain: readonly Uint8Array[] | undefined, certificates: readonly TestCertificate[]) =>
  chain?.map((der) => certificates.findIndex((certificate) => certificate.der.every((byte, i) => byte === der[i])));

Deno.test("whoever checks by himself sees the chain, the server's own certificate first, and whether it is trusted", async () => {
  const known = [LEAF, MIDDLE, ROOT];
  const trusted = await shown([LEAF, MIDDLE], { ca: ROOT.pem });
  assertEquals([trusted.end, trusted.peer?.trusted, trusted.peer?.error], ["connected", true, null]);
  assertEquals(same(trusted.peer?.chain.slice(0, 2), known), [0, 1]);
  const whole = await shown([LEAF, MIDDLE, ROOT]);
  assertEquals(same(whole.peer?.chain, known), [0, 1, 2]);
  assertEquals([whole.end, whole.peer?.trusted, whole.peer?.error], ["connected", false, "SELF_SIGNED_CERT_IN_CHAIN"]);
  const alone = await shown([LEAF]);
  assertEquals([alone.peer?.chain.length, alone.peer?.trusted], [1, false]);
});

Deno.test("names are left to whoever checks, dates are not", async () => {
  const misnamed = await shown([LEAF, MIDDLE], { ca: ROOT.pem, serverName: "mx.b.example" });
  assertEquals([misnamed.end, misnamed.peer?.trusted], ["connected", true]);
  const notAfterMs = Date.UTC(2021, 0);
  const late = ROOT.issue({ commonName: "x", names: ["mx.a.example"], notBeforeMs: Date.UTC(2020, 0), notAfterMs });
  assertEquals((await shown([late], { ca: ROOT.pem })).peer?.trusted, false);
});

Deno.test("an objection ends the handshake and says why", async () => {
  const { end, begun } = await shown([LEAF, MIDDLE], { ca: ROOT.pem, objection: "not this one" });
  assertEquals([end, begun], ["closed: the TLS handshake failed (not this one)", false]);
});

Deno.test("of an endless chain sixteen certificates are taken", async () => {
  const chain = [TestCertificate.selfSigned({ commonName: "0", authority: true })];
  for (let i = 1; i < 30; i++) chain.unshift(chain[0]!.issue({ commonName: `${i}`, authority: true }));
  assertEquals((await shown(chain)).peer?.chain.length, 16);
});

Deno.test("every authority that the runtime trusts is read as one, and understood", () => {
  assert(rootCertificates.length > 50);
  for (const pem of rootCertificates) {
    const library = new X509Certificate(pem);
    const found = parseCertificate(new Uint8Array(library.raw));
    assert(found !== null && found.authority && found.maySign && !found.notUnderstood, library.subject);
    assertEquals([found.notBeforeMs, found.notAfterMs], [Date.parse(library.validFrom), Date.parse(library.validTo)]);
  }
});
