import { assert } from "../../base/assert.ts";
import { concat, decodeUtf8, utf8 } from "../../base/bytes.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { readSaslName } from "./field.ts";
import type { SaslAnswer, SaslMechanism, SaslProblem, SaslStep, ScramHash } from "./mechanism.ts";

/** Characters of a client's nonce; the examples have 24. */
export const CLIENT_NONCE_CHARS_MAX = 512;

/** The only channel binding on offer (RFC 5929 §4): it survives a TLS terminator, and every TLS version has it. */
const BINDING_NAME = "tls-server-end-point";

/** Octets of a proof: those of the hash. */
const PROOF_BYTES: Readonly<Record<ScramHash, number>> = { "SHA-1": 20, "SHA-256": 32 };

/** SCRAM-SHA-256 that is bound to the server's certificate (RFC 7677, RFC 5802 §6). */
export const scramSha256Plus: SaslMechanism = scram("SHA-256", true);
/** SCRAM-SHA-256 (RFC 7677). */
export const scramSha256: SaslMechanism = scram("SHA-256", false);
/** SCRAM-SHA-1 (RFC 5802), for clients that know nothing newer. */
export const scramSha1: SaslMechanism = scram("SHA-1", false);

/**
 * The proof is checked in the directory, not here: the keys that check it are worth as much as a password to who has stolen
 * one exchange, so they stay where the passwords are, and a listener taken over by a stranger learns salts, which it could
 * have asked for.
 */
function scram(hash: ScramHash, plus: boolean): SaslMechanism {
  return {
    name: `SCRAM-${hash}${plus ? "-PLUS" : ""}`,
    needs: plus ? "binding" : null,
    begin(initial, binding = null) {
      const scene = { hash, plus, binding };
      // RFC 5802 §5: the client speaks first.
      if (initial === null) return { type: "challenge", data: utf8(""), next: (first) => begun(first, scene) };
      return begun(initial, scene);
    },
  };
}

interface Scene {
  readonly hash: ScramHash;
  readonly plus: boolean;
  readonly binding: Uint8Array | null;
}

interface ClientFirst {
  /** As it came: the client repeats it. */
  readonly gs2Header: string;
  readonly bare: string;
  readonly user: string;
  readonly nonce: string;
  readonly bound: boolean;
}

function begun(message: Uint8Array, scene: Scene): SaslStep {
  const first = readFirst(message, scene);
  if (typeof first === "string") return failed(first);
  const { user } = first;
  const next = (answer: SaslAnswer) => challenged(answer, first, scene);
  return { type: "ask", question: { type: "scramStart", user, hash: scene.hash }, next };
}

/** client-first-message = gs2-header client-first-message-bare (RFC 5802 §7) */
function readFirst(message: Uint8Array, { plus, binding }: Scene): ClientFirst | SaslProblem {
  const text = decodeUtf8(message);
  // gs2-header = gs2-cbind-flag "," [ authzid ] ","
  const header = text === null ? null : /^(p=[A-Za-z0-9.-]{1,64}|n|y),(a=[^,\0]{1,2048})?,/.exec(text);
  if (text === null || header === null) return "malformed";
  const [gs2Header, flag = "", authzid = ""] = header;
  const bare = text.slice(gs2Header.length);
  const named = readBare(bare);
  if (named === null) return "malformed";
  const { user } = named;
  if (authzid !== "" && readSaslName(authzid.slice(2)) !== user) return "otherIdentity";
  const bound = flag.startsWith("p=");
  if (bound !== plus || (bound && flag !== `p=${BINDING_NAME}`)) return "malformed";
  // RFC 5802 §6: this client can bind, but believes that we cannot: somebody has cut -PLUS out of our list.
  if (flag === "y" && binding !== null) return "refused";
  return { ...named, gs2Header, bare, bound };
}

/** client-first-message-bare = [reserved-mext ","] username "," nonce ["," extensions]; "m=" must fail, others are ignored. */
function readBare(bare: string): { user: string; nonce: string } | null {
  const [name = "", nonce = "", ...extensions] = bare.split(",");
  if (!name.startsWith("n=") || !NONCE.test(nonce) || !extensions.every((text) => EXTENSION.test(text))) return null;
  const user = readSaslName(name.slice(2));
  return user === null || nonce.length - 2 > CLIENT_NONCE_CHARS_MAX ? null : { user, nonce: nonce.slice(2) };
}

/** nonce = "r=" 1*printable, without a comma */
const NONCE = /^r=[!-+\x2d-~]+$/;
/** attr-val of a name that has no meaning yet. */
const EXTENSION = /^[A-Za-z]=[^\0]+$/;

/** server-first-message = nonce "," salt "," iteration-count */
function challenged(answer: SaslAnswer, first: ClientFirst, scene: Scene): SaslStep {
  assert(answer.type === "scramStart", "SCRAM begins with a salt");
  const nonce = first.nonce + answer.nonce;
  const serverFirst = `r=${nonce},s=${encodeBase64(answer.salt)},i=${answer.iterations}`;
  const next = (response: Uint8Array) => proven(response, { first, scene, serverFirst, nonce });
  return { type: "challenge", data: utf8(serverFirst), next };
}

interface Challenged {
  readonly first: ClientFirst;
  readonly scene: Scene;
  readonly serverFirst: string;
  readonly nonce: string;
}

/** client-final-message = channel-binding "," nonce ["," extensions] "," proof */
function proven(message: Uint8Array, { first, scene, serverFirst, nonce }: Challenged): SaslStep {
  const text = decodeUtf8(message) ?? "";
  const proofAt = text.lastIndexOf(",p=");
  const withoutProof = text.slice(0, Math.max(0, proofAt));
  const [bindingText = "", nonceBack = "", ...extensions] = withoutProof.split(",");
  if (!bindingText.startsWith("c=") || !NONCE.test(nonceBack)) return failed("malformed");
  if (!extensions.every((extension) => EXTENSION.test(extension))) return failed("malformed");
  const proof = decodeBase64(text.slice(proofAt + 3));
  if (proof === null || proof.length !== PROOF_BYTES[scene.hash]) return failed("malformed");
  const header = utf8(first.gs2Header);
  const expected = first.bound && scene.binding !== null ? concat([header, scene.binding]) : header;
  // Another header or certificate than the client saw: somebody is in between (RFC 5802 §6). Another nonce: a replay.
  if (bindingText !== `c=${encodeBase64(expected)}` || nonceBack !== `r=${nonce}`) return failed("refused");
  const authMessage = `${first.bare},${serverFirst},${withoutProof}`;
  const question = { type: "scramProof", user: first.user, hash: scene.hash, authMessage, proof } as const;
  return { type: "ask", question, next: judged };
}

/** server-final-message = verifier; the client acknowledges it with nothing (RFC 4954 §4, RFC 5034 §4). */
function judged(answer: SaslAnswer): SaslStep {
  if (answer.type === "refused") return failed("refused");
  assert(answer.type === "accepted" && answer.signature !== null, "a proof is answered by a signature");
  const { user, signature } = answer;
  const next = (response: Uint8Array): SaslStep =>
    response.length === 0 ? { type: "accepted", user } : failed("malformed");
  return { type: "challenge", data: utf8(`v=${encodeBase64(signature)}`), next };
}

function failed(problem: SaslProblem): SaslStep {
  return { type: "failed", problem };
}
