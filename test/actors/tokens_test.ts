import { assert, assertEquals } from "@std/assert";
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import type { TokenIssuer } from "../../src/actors/directory.ts";
import { inWorld, timed, type World } from "./directory_world.ts";

const ISSUER = "https://id.smith.test";
const KEYS = await generateKeyPair("ES256", { extractable: true });
const OTHERS = await generateKeyPair("ES256", { extractable: true });
const PUBLIC = { ...await exportJWK(KEYS.publicKey), kid: "k1", alg: "ES256" };
const ISSUERS: TokenIssuer[] = [{ issuer: ISSUER, audience: "mail", addressClaim: "email", keys: { keys: [PUBLIC] } }];
const NOW_S = Date.UTC(2026, 0, 1) / 1_000;

interface Claims {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly key?: CryptoKey;
}

function token({ claims = {}, key = KEYS.privateKey }: Claims = {}): Promise<string> {
  const usual = { iss: ISSUER, aud: "mail", email: "John@smith.test", exp: NOW_S + 600 };
  const whole = Object.fromEntries(Object.entries({ ...usual, ...claims }).filter(([, value]) => value !== undefined));
  return new SignJWT(whole).setProtectedHeader({ alg: "ES256", kid: "k1" }).sign(key);
}

function bear({ directory }: World, token: string, user: string | null = null, remote = "192.0.2.1") {
  return directory.ask("directory.bearer", { user, token, service: "smtp", remote });
}

const withIssuers = (run: (world: World) => Promise<void>) => inWorld(run, { issuers: ISSUERS });

Deno.test("a token of a configured issuer lets its own account in, with or without the name", () =>
  withIssuers(async (world) => {
    for (const user of [null, "john@smith.test", "JOHN@SMITH.TEST"]) {
      const reply = await bear(world, await token(), user);
      assertEquals(reply.type === "accepted" && reply.account.address, "john@smith.test");
    }
    assertEquals(world.hasher.checks, 0);
  }));

Deno.test("a token that is forged, old, for another, of another or nobody's is refused", () =>
  withIssuers(async (world) => {
    const { directory } = world;
    await directory.ask("directory.accountAdd", { address: "ann@smith.test", password: "x" });
    const secret = new TextEncoder().encode(JSON.stringify(PUBLIC));
    const claims = { iss: ISSUER, aud: "mail", email: "john@smith.test", exp: NOW_S + 600 };
    const good = await token();
    const bad: Record<string, string> = {
      "another key": await token({ key: OTHERS.privateKey }),
      expired: await token({ claims: { exp: NOW_S - 31 } }),
      "without an end": await token({ claims: { exp: undefined } }),
      "not yet": await token({ claims: { nbf: NOW_S + 31 } }),
      "another audience": await token({ claims: { aud: "shop" } }),
      "another issuer": await token({ claims: { iss: "https://evil.test" } }),
      "no issuer": await token({ claims: { iss: undefined } }),
      "no address": await token({ claims: { email: undefined } }),
      "no text as address": await token({ claims: { email: ["john@smith.test"] } }),
      "not looked at": await token({ claims: { email_verified: false } }),
      "unknown account": await token({ claims: { email: "nobody@smith.test" } }),
      "no signature": new UnsecuredJWT(claims).encode(),
      "public key as secret": await new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "k1" }).sign(secret),
      "cut off": good.slice(0, -2),
      "no token": "x",
      "empty": "",
    };
    let i = 10;
    for (const [what, text] of Object.entries(bad)) {
      assertEquals(await bear(world, text, null, `192.0.2.${i++}`), { type: "refused" }, what);
    }
    assertEquals(await bear(world, good, "ann@smith.test", "192.0.2.9"), { type: "refused" }, "for another user");
    await directory.ask("directory.accountUpdate", { address: "john@smith.test", disabled: true });
    assertEquals(await bear(world, good), { type: "refused" }, "disabled");
    assert(!world.log.join("\n").includes(good), "no token in the log");
  }));

Deno.test("clocks may differ by half a minute", () =>
  withIssuers(async (world) => {
    assertEquals((await bear(world, await token({ claims: { exp: NOW_S - 29 } }))).type, "accepted");
    assertEquals((await bear(world, await token({ claims: { nbf: NOW_S + 30 } }))).type, "accepted");
  }));

Deno.test("guessed tokens make an address wait like guessed passwords", () =>
  withIssuers(async (world) => {
    const waits: number[] = [];
    for (let i = 0; i < 5; i++) waits.push((await timed(world, bear(world, "x", "john@smith.test")))[1]);
    assertEquals(waits.slice(0, 3), [0, 0, 0]);
    assert(waits[3]! >= 250 && waits[4]! > waits[3]!, waits.join());
  }));

Deno.test("a certificate lets in the account it is made out to, and no other", () =>
  inWorld(async ({ directory }) => {
    await directory.ask("directory.accountAdd", { address: "ann@smith.test", password: "x" });
    let i = 10;
    const show = async (addresses: readonly string[], user: string | null = null) => {
      const request = { user, addresses, service: "smtp", remote: `192.0.2.${i++}` };
      const reply = await directory.ask("directory.certified", request);
      return reply.type === "accepted" ? reply.account.address : reply.type;
    };
    assertEquals(await show(["JOHN@smith.test"]), "john@smith.test");
    assertEquals(await show(["x@elsewhere.test", "ann@smith.test", "john@smith.test"]), "ann@smith.test");
    assertEquals(await show(["ann@smith.test", "john@smith.test"], "john@smith.test"), "john@smith.test");
    assertEquals(await show(["john@smith.test"], "ann@smith.test"), "refused");
    assertEquals(await show([], "john@smith.test"), "refused");
    assertEquals(await show([]), "refused");
    assertEquals(await show(["x@elsewhere.test"], "x@elsewhere.test"), "refused");
    await directory.ask("directory.accountUpdate", { address: "john@smith.test", disabled: true });
    assertEquals(await show(["john@smith.test"]), "refused");
  }));

Deno.test("without issuers no token is worth anything", () =>
  inWorld(async (world) => assertEquals(await bear(world, await token()), { type: "refused" })));
