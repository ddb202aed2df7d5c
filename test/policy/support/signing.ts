import { Buffer } from "node:buffer";
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { utf8 } from "../../../src/base/mod.ts";
import { canonicalHeader, type Canonicalization, canonicalSignature, hashBody } from "../../../src/policy/dkim/mod.ts";
import { readMessage } from "../../../src/policy/header/mod.ts";
import { FakeDns, type FakeName } from "./fake_dns.ts";

/** Keys of nobody, for tests only. */
export const RSA_PEM = `-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDb0WCCV86Ny42X
81uFTrqXjPfd1aOkiThDVGZb+FJ5BN+FMEerV077kOxxjzkM7GHOOj6Ge1/oNOsA
uSngLcoM68y1Omu3X5sQ7K4fFBe8nin9TUMD+NZrQa1MHCSrCNge5OzqgFnqRHJB
1TUx5irmPcyjXualUK4pwQP2SnyqDxESphJR8BH1elhz2WLSXYsw63fb4VDBnfMK
GJO+RrkZSo4Z/vkciZaAPBv5xX9aD5pvhB9djidwx1KMz0xaOMtguttHJnMXarwM
trow0WDmXpBHGgL0/C7QkjwXyDONkd7pNP8bqmWCO9dV7jIIIlPMtLrYZJrBKGT0
2pJlFb5hAgMBAAECggEAAKm2Vz/kpLsh4FZ9gFH4tspky/oGavf3LLk1Y5632igV
QX2Gb2iaJlP6HPlc2qJfq1bNh5IzLswMDzEMkVT20hVBXvGMz7bqcyf3k93qy88u
Gr0cw0dA/eSEkIelzHZztzVWPPqdBGhNvOkwjO45n/8JngHqnNu44fGnhw359F+J
hj7i2fpupF8YKDoRdi0nDziUqNtaa6ecJ2qPKg95XgTULhK3FMNgN5AowYJ4jaBz
fDpiPPI36hbGb/2elrPxIYm2VDSNPX1uxjbqUNT9tdGHekTTs8hvmwIUqpOB+P7F
9QBLS/EPw76LRudkOrLqzLZQXTB6uPxHeWuR8CwsXQKBgQD/2a9G1MSIAmRk1Olz
qKxAAsh1i2c7eD52JU8uEZyh/Pez171iFeF75rXLOQegCtZHcUWUCHyinD6b38g7
0FfnQDHKIcbXkvhslVyYTw0HOdHRSeF6amja42G/CHsc7ZuxD2nMWnfJ5f1xKiAT
KDKd7XtUKjvl9UYfOlLVOLp4FQKBgQDb8kvUaEX/8HK3j1yeN/x/3XUWFSOoFuJ8
7Kuh4Gxm574pt826J4vUOAaEePOsBZXJiFrS604vqPakt3HyZVBNAEsRpDNRHijJ
zaCNlTXzeArXNlWE1kvYwkVPVF60cYiJMmKcuNU25kEXbKvy2YeTo+K3j/0r31/l
XXneiOKUHQKBgQDBAFemmQ6Agz10iuBorU7zIqZRdY20YOrNeSuX1xVPZWL+ObrV
aSglrU5qNWU5J7OpRRt1pklO6YqZT2DfLjWBbv2gO4aiTG42ix3Ej62GS+mpdZAw
JmFe7bRoxV8J3XxbPwNSctR2a5aabWqwyNwWInWscgepWzNAj2C5FAgmWQKBgA7+
sdTFVyBf0DJbf8D5qCk/e+AJiOjIxqAlsn3SwxEw83H8qfXrBElvmGInrNUpfFDF
DwwaJrZxGn+YUhhod9UIFBYbz7PUDovTjQKaDZePs42Aksv/oCQi+n6yDdLXeqt/
1+E/aKnZgM6MBh0EX43dOnOxSV1YWT1V5h0Zz/ixAoGACDB7MQEtsgRjAGxnFfaN
VaYyKwr63V3YElA4UyCu/VRO69uPby18riDtJ7i6sZZ5j89v3YGzt1oK7K9mHhIj
35N0LRUdBpmiTSwO8o9L84EE8rcmh3nPaIDb2uNFTV5SFF0piYovgAt2q+AS5/N7
AaUWYnNUY39LZKOdFKRxQ1A=
-----END PRIVATE KEY-----`;
export const ED25519_PEM = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIO9+R02ZPKVoRgPrMcgj/GdDeU2iMdH/ryxwWEwy0OZa
-----END PRIVATE KEY-----`;

export const RSA = createPrivateKey(RSA_PEM);
export const ED25519 = createPrivateKey(ED25519_PEM);

/** An RSA key of any size; what is tested does not hang on which. */
export function rsaOfBits(modulusLength: number): KeyObject {
  return generateKeyPairSync("rsa", { modulusLength }).privateKey;
}

/** What stands in p= for a key. */
export function publicText(key: KeyObject): string {
  const der = createPublicKey(key as never).export({ type: "spki", format: "der" });
  return (key.asymmetricKeyType === "ed25519" ? der.subarray(-32) : der).toString("base64");
}

/** The key record of a key. */
export function keyRecord(key: KeyObject, more = ""): string {
  const type = key.asymmetricKeyType === "ed25519" ? "ed25519" : "rsa";
  return `v=DKIM1; k=${type}; ${more}p=${publicText(key)}`;
}

/** The record of an RSA key of any size, which nobody has. */
export function largeKeyRecord(bits: number): string {
  const modulus = new Uint8Array(bits / 8 + 1).fill(0xa5);
  modulus[0] = 0;
  const key = der(0x30, [...der(0x02, [...modulus]), ...der(0x02, [1, 0, 1])]);
  const algorithm = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
  return `v=DKIM1; k=rsa; p=${Buffer.from(der(0x30, [...algorithm, ...der(0x03, [0, ...key])])).toString("base64")}`;
}

function der(tag: number, content: readonly number[]): number[] {
  const length = content.length < 128 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff];
  return [tag, ...length, ...content];
}

/** A zone in which the selector `s` of example.test has this record. */
export function dnsWith(record: string, more: Readonly<Record<string, FakeName>> = {}): FakeDns {
  return new FakeDns({ "s._domainkey.example.test": { txt: [record] }, ...more });
}

/** Signs a message by hand, with whatever tags a signer may think of. Fields go in front of the message. */
export function craft(
  message: string,
  options: {
    readonly key?: KeyObject;
    readonly way?: Canonicalization;
    readonly names?: readonly string[];
    /** Further tags, e.g. `x=5; `. */
    readonly tags?: string;
    readonly limit?: number;
    readonly domain?: string;
    readonly algorithm?: string;
  } = {},
): string {
  const { key = RSA, way = "relaxed", names = ["from", "subject"], limit, domain = "example.test" } = options;
  const parsed = readMessage([utf8(message)]);
  const [body] = hashBody(parsed.body, [{ way, limit: limit ?? null }]);
  const own = key.asymmetricKeyType === "ed25519" ? "ed25519-sha256" : "rsa-sha256";
  const field = `DKIM-Signature: v=1; a=${options.algorithm ?? own}; c=${way}/${way}; d=${domain}; s=s; ` +
    `${limit === undefined ? "" : `l=${limit}; `}${options.tags ?? ""}h=${names.join(":")}; ` +
    `bh=${Buffer.from(body!.digest).toString("base64")}; b=\r\n`;
  const text = canonicalHeader(parsed.fields, names, way) +
    canonicalSignature({ name: "dkim-signature", raw: field }, way);
  const bytes = Buffer.from(text, "latin1");
  const signature = own === "rsa-sha256"
    ? sign("sha256", bytes, key)
    : sign(null, createHash("sha256").update(bytes).digest(), key);
  return `${field.slice(0, -2)}${signature.toString("base64")}\r\n${message}`;
}
