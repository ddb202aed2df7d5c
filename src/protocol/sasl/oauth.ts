import { decodeUtf8, utf8 } from "../../base/bytes.ts";
import { readField, readSaslName } from "./field.ts";
import type { SaslAnswer, SaslMechanism, SaslProblem, SaslStep } from "./mechanism.ts";

/** OAUTHBEARER (RFC 7628): a token in one message, with the user in the GS2 header. */
export const oauthBearer: SaslMechanism = bearer("OAUTHBEARER", readOauthBearer);

/** XOAUTH2, its forerunner that Google's and Microsoft's clients speak: `user=` name ^A `auth=Bearer ` token ^A ^A. */
export const xoauth2: SaslMechanism = bearer("XOAUTH2", readXoauth2);

interface Claim {
  readonly user: string | null;
  readonly token: string;
}

function bearer(name: string, read: (text: string) => Claim | null): SaslMechanism {
  const begun = (message: Uint8Array): SaslStep => {
    const text = decodeUtf8(message);
    const claim = text === null ? null : read(text);
    return claim === null ? failed("malformed") : { type: "ask", question: { type: "bearer", ...claim }, next: judged };
  };
  return {
    name,
    needs: "bearer",
    begin: (initial) => initial === null ? { type: "challenge", data: utf8(""), next: begun } : begun(initial),
  };
}

/** A refusal is told as JSON, and is final when the client has answered to that (RFC 7628 §3.2.2, §3.2.3). */
function judged(answer: SaslAnswer): SaslStep {
  if (answer.type === "accepted") return { type: "accepted", user: answer.user };
  return { type: "challenge", data: utf8('{"status":"invalid_token"}'), next: () => failed("refused") };
}

const SEPARATOR = "\u0001";

/** client-resp = gs2-header kvsep *kvpair kvsep (RFC 7628 §3.1); of the pairs only `auth` has a meaning here. */
function readOauthBearer(text: string): Claim | null {
  const [header = "", ...pairs] = text.split(SEPARATOR);
  const fields = /^[ny],(?:a=([^,]{1,3072}))?,$/.exec(header);
  if (fields === null || !isEnded(pairs)) return null;
  const auth = pairs.find((pair) => pair.startsWith("auth="));
  const token = auth === undefined ? null : readToken(auth.slice(5));
  if (token === null) return null;
  if (fields[1] === undefined) return { user: null, token };
  const user = readSaslName(fields[1]);
  return user === null ? null : { user, token };
}

function readXoauth2(text: string): Claim | null {
  const [user = "", auth = "", ...end] = text.split(SEPARATOR);
  if (!user.startsWith("user=") || !auth.startsWith("auth=") || end.length !== 2 || !isEnded(end)) return null;
  const [name, token] = [readField(utf8(user.slice(5))), readToken(auth.slice(5))];
  return name === null || name === "" || token === null ? null : { user: name, token };
}

/** Two separators stand at the end, and none beside another before. */
function isEnded(pairs: readonly string[]): boolean {
  return pairs.length >= 2 && pairs.indexOf("") === pairs.length - 2 && pairs.at(-1) === "";
}

/** credentials = "Bearer" 1*SP b64token (RFC 6750 §2.1) */
function readToken(text: string): string | null {
  return /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(text)?.[1] ?? null;
}

function failed(problem: SaslProblem): SaslStep {
  return { type: "failed", problem };
}
