import { assert, assertEquals, assertRejects } from "@std/assert";
import type { IncomingMessage, ServerResponse } from "node:http";
import { concat, type DnsAnswer, Failure, type Resolver } from "../../src/base/mod.ts";
import { httpsGet, type HttpsGetOptions, httpsPost, type HttpsPostOptions } from "../../src/net/mod.ts";
import { TestCertificate } from "../support/certificates.ts";
import { HttpsServer } from "../support/https_server.ts";
import { clock, failureKind } from "./support.ts";

const ROOT = TestCertificate.selfSigned({ commonName: "Root", authority: true });
const HOST = "mta-sts.a.example";
const POLICY = "version: STSv1\nmode: none\nmax_age: 86400\n";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const plain: Answer = (_request, response) => {
  response.setHeader("content-type", "Text/Plain; charset=utf-8");
  response.end(POLICY);
};

/** Addresses of any name. */
function resolving(...addresses: string[]): Pick<Resolver, "a" | "aaaa"> {
  const answer = (records: string[]): Promise<DnsAnswer<string>> =>
    Promise.resolve(
      records.length === 0 ? { type: "nodata", secure: false } : { type: "found", records, secure: false },
    );
  return {
    a: () => answer(addresses.filter((address) => !address.includes(":"))),
    aaaa: () => answer(addresses.filter((address) => address.includes(":"))),
  };
}

function pairFor(names: string[], request: { notAfterMs?: number } = {}) {
  const certificate = ROOT.issue({ commonName: "x", names, notBeforeMs: Date.UTC(2020, 0, 1), ...request });
  return { cert: certificate.pem, key: certificate.keyPem };
}

function serve(answer: Answer, pair = pairFor([HOST])): Promise<HttpsServer> {
  return HttpsServer.start(pair, answer);
}

function post(port: number, options: Partial<HttpsPostOptions> = {}): Promise<void> {
  return httpsPost({
    host: HOST,
    path: "/",
    mediaType: "application/tlsrpt+gzip",
    body: Uint8Array.of(1, 2, 3),
    timeMsMax: 10_000,
    resolver: resolving("127.0.0.1"),
    isForbidden: () => false,
    clock,
    port,
    ca: ROOT.pem,
    ...options,
  });
}

function get(port: number, options: Partial<HttpsGetOptions> = {}): Promise<Uint8Array> {
  return httpsGet({
    host: HOST,
    path: "/.well-known/mta-sts.txt",
    mediaType: "text/plain",
    bytesMax: 65_536,
    timeMsMax: 10_000,
    resolver: resolving("127.0.0.1"),
    isForbidden: () => false,
    clock,
    port,
    ca: ROOT.pem,
    ...options,
  });
}

Deno.test("a document is got from the host that its name says, by one request", async () => {
  await using server = await serve(plain);
  assertEquals(new TextDecoder().decode(await get(server.port)), POLICY);
  assertEquals(server.requests, [{ method: "GET", path: "/.well-known/mta-sts.txt", host: HOST }]);
});

Deno.test("a host that cannot prove its name gets no request", async () => {
  const kinds: string[] = [];
  const tryIt = async (pair: { cert: string; key: string }, options: Partial<HttpsGetOptions> = {}) => {
    await using server = await serve(plain, pair);
    kinds.push(await failureKind(() => get(server.port, options)));
    assertEquals(server.requests, []);
  };
  await tryIt(pairFor(["a.example", "mta-sts.b.example"]));
  await tryIt(pairFor([HOST], { notAfterMs: Date.UTC(2021, 0, 1) }));
  const itself = TestCertificate.selfSigned({ commonName: HOST, names: [HOST] });
  await tryIt({ cert: itself.pem, key: itself.keyPem });
  await tryIt(pairFor([HOST]), { ca: itself.pem });
  assertEquals(kinds, ["invalid", "invalid", "invalid", "invalid"]);
});

Deno.test("redirects are not followed, and only 200 with the right type is an answer", async () => {
  for (
    const [status, headers] of [
      [301, { location: "/elsewhere", "content-type": "text/plain" }],
      [302, { location: "https://127.0.0.1/elsewhere", "content-type": "text/plain" }],
      [404, { "content-type": "text/plain" }],
      [206, { "content-type": "text/plain" }],
      [500, { "content-type": "text/plain" }],
      [200, { "content-type": "text/html" }],
      [200, { "content-type": "text/plainer" }],
      [200, {}],
      [200, { "content-type": "text/plain", "content-encoding": "gzip" }],
    ] as const
  ) {
    await using server = await serve((_request, response) => response.writeHead(status, headers).end(POLICY));
    assertEquals(await failureKind(() => get(server.port)), "refused", `${status} ${JSON.stringify(headers)}`);
    assertEquals(server.requests.length, 1);
  }
});

Deno.test("a body of the limit's size is taken, one byte more is not, said beforehand or not", async () => {
  const size = (bytes: number, stated: boolean): Answer => (_request, response) => {
    response.setHeader("content-type", "text/plain");
    if (stated) response.setHeader("content-length", String(bytes));
    response.write("x".repeat(bytes - 1));
    response.end("x");
  };
  for (const stated of [true, false]) {
    await using fits = await serve(size(65_536, stated));
    assertEquals((await get(fits.port)).length, 65_536);
    await using over = await serve(size(65_537, stated));
    assertEquals(await failureKind(() => get(over.port)), "refused");
  }
});

Deno.test("a body without an end is cut off where it is too much", async () => {
  let written = 0;
  await using server = await serve((_request, response) => {
    response.setHeader("content-type", "text/plain");
    const more = () => {
      while (!response.destroyed && response.write("x".repeat(16_384))) written += 16_384;
    };
    response.on("drain", more);
    more();
  });
  assertEquals(await failureKind(() => get(server.port)), "refused");
  assert(written < 64 * 1024 * 1024, `${written} bytes were taken`);
});

Deno.test("whoever dawdles, or breaks off, is given up", async () => {
  await using silent = await serve(() => {});
  assertEquals(await failureKind(() => get(silent.port, { timeMsMax: 200 })), "deadline");
  await using slow = await serve((_request, response) => {
    response.setHeader("content-type", "text/plain");
    const drip = setInterval(() => response.write("x"), 20);
    response.on("close", () => clearInterval(drip));
  });
  assertEquals(await failureKind(() => get(slow.port, { timeMsMax: 300 })), "deadline");
  await using broken = await serve((_request, response) => {
    response.writeHead(200, { "content-type": "text/plain", "content-length": "100" });
    response.write("x", () => response.destroy());
  });
  assertEquals(await failureKind(() => get(broken.port)), "closed");
  await using leaving = await serve((request) => request.socket.destroy());
  assertEquals(await failureKind(() => get(leaving.port)), "closed");
});

Deno.test("an answer that ends with its connection is refused: it may have been cut short", async () => {
  await using server = await serve((request) => {
    request.socket.end(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n${POLICY}`);
  });
  assertEquals(await failureKind(() => get(server.port)), "refused");
});

Deno.test("a worker with nothing but the network gets documents, and trusts whom the system trusts", async () => {
  await using server = await serve(plain);
  const worker = new Worker(new URL("./children/https_get_worker.ts", import.meta.url), {
    type: "module",
    deno: { permissions: { net: true, read: false, write: false, env: false, sys: false, ffi: false, run: false } },
  });
  const ask = (ca?: string) =>
    new Promise<string>((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<string>) => resolve(data);
      worker.postMessage({ host: HOST, port: server.port, ...(ca === undefined ? {} : { ca }) });
    });
  assertEquals(await ask(ROOT.pem), `${POLICY.length} bytes`);
  assertEquals(await ask(), "invalid");
  worker.terminate();
});

Deno.test("an address that is forbidden is not connected to, whatever its name", async () => {
  await using server = await serve(plain);
  const forbidden = { isForbidden: (address: string) => address.startsWith("127.") };
  assertEquals(await failureKind(() => get(server.port, forbidden)), "refused");
  const mixed = { ...forbidden, resolver: resolving("127.0.0.1", "127.0.0.2") };
  assertEquals(await failureKind(() => get(server.port, mixed)), "refused");
  assertEquals(server.requests, []);
});

Deno.test("the next address is tried where nobody answers, and names without an address fail", async () => {
  await using server = await serve(plain);
  // Nobody listens on 127.0.0.2 at this port.
  assertEquals((await get(server.port, { resolver: resolving("127.0.0.2", "127.0.0.1") })).length, POLICY.length);
  assertEquals(await failureKind(() => get(server.port, { resolver: resolving("127.0.0.2") })), "refused");
  assertEquals(await failureKind(() => get(server.port, { resolver: resolving() })), "not_found");
  // Of a name with a thousand addresses four are tried.
  const many = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.1"];
  assertEquals((await get(server.port, { resolver: resolving(...many.slice(1)) })).length, POLICY.length);
  assertEquals(await failureKind(() => get(server.port, { resolver: resolving(...many) })), "refused");
  const trouble = () => Promise.reject(new Failure("dns", "SERVFAIL"));
  assertEquals(await failureKind(() => get(server.port, { resolver: { a: trouble, aaaa: trouble } })), "dns");
});

Deno.test("a document is posted whole, with its type and size, and taken by any answer of 2xx", async () => {
  const got: { head: string; body: number[] }[] = [];
  await using server = await serve((request, response) => {
    const parts: Uint8Array[] = [];
    request.on("data", (part: Uint8Array) => parts.push(part));
    request.on("end", () => {
      const { method, url, headers } = request;
      got.push({
        head: `${method} ${url} ${headers["content-type"]} ${headers["content-length"]}`,
        body: [...concat(parts)],
      });
      response.writeHead(204).end();
    });
  });
  const body = Uint8Array.from({ length: 100_000 }, (_, i) => i % 256);
  await post(server.port, { path: "/v1/reports?from=us", body });
  assertEquals(got, [{ head: "POST /v1/reports?from=us application/tlsrpt+gzip 100000", body: [...body] }]);
});

Deno.test("what is posted is refused for good or for a while, as the server says, and never sent on", async () => {
  for (
    const [status, temporary] of [[301, false], [307, false], [400, false], [404, false], [429, true], [
      503,
      true,
    ]] as const
  ) {
    await using server = await serve((_request, response) => response.writeHead(status, { location: "/else" }).end());
    const failure = await assertRejects(() => post(server.port), Failure);
    assertEquals([failure.kind, failure.temporary, server.requests.length], ["refused", temporary, 1], String(status));
  }
  await using stranger = await serve(plain, pairFor(["other.example"]));
  assertEquals([await failureKind(() => post(stranger.port)), stranger.requests], ["invalid", []]);
  await using silent = await serve(() => {});
  assertEquals(await failureKind(() => post(silent.port, { timeMsMax: 200 })), "deadline");
  await using server = await serve(plain);
  assertEquals(await failureKind(() => post(server.port, { isForbidden: () => true })), "refused");
  assertEquals(server.requests, []);
});
