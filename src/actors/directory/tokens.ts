import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from "jose";

/** An issuer whose tokens let people in: what `oauth.issuers` configures, its keys read. */
export interface TokenIssuer {
  /** Its name, as `iss` in the token. */
  readonly issuer: string;
  /** Whom its tokens must be meant for, as `aud`. */
  readonly audience: string;
  /** The claim that holds the account's address. */
  readonly addressClaim: string;
  /** Its public keys (RFC 7517 §5). */
  readonly keys: JSONWebKeySet;
}

/** Signatures by key pairs only: with a shared secret (HS256), and with none, whoever can check a token could make one. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];

/** How far clocks may differ, in seconds. */
const CLOCK_TOLERANCE_S = 30;

/** Checks tokens (RFC 7519) against the issuers' keys, which are given: nothing is fetched. */
export class TokenCheck {
  readonly #issuers: ReadonlyMap<string, TokenIssuer & { readonly keySet: ReturnType<typeof createLocalJWKSet> }>;

  constructor(issuers: readonly TokenIssuer[]) {
    this.#issuers = new Map(issuers.map((each) => [each.issuer, { ...each, keySet: createLocalJWKSet(each.keys) }]));
  }

  /** The address that the token vouches for; null when it vouches for none now. */
  async address(token: string, nowMs: number): Promise<string | null> {
    try {
      const known = this.#issuers.get(decodeJwt(token).iss ?? "");
      if (known === undefined) return null;
      const { issuer, audience, addressClaim, keySet } = known;
      const { payload } = await jwtVerify(token, keySet, {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        requiredClaims: ["exp", addressClaim],
        currentDate: new Date(nowMs),
        clockTolerance: CLOCK_TOLERANCE_S,
      });
      const address = payload[addressClaim];
      // An issuer where people name addresses themselves says whether it has looked (OpenID Connect Core 1.0 §5.1).
      return typeof address === "string" && payload["email_verified"] !== false ? address : null;
    } catch {
      return null; // Whatever is wrong with it: it lets nobody in.
    }
  }
}
