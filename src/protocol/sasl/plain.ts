import { readField } from "./field.ts";
import type { SaslMechanism, SaslProblem, SaslStep } from "./mechanism.ts";

/** PLAIN (RFC 4616): one message, `[authzid] NUL authcid NUL passwd`, in UTF-8. */
export const plain: SaslMechanism = {
  name: "PLAIN",
  needs: null,
  begin: (initial) => initial === null ? EMPTY_CHALLENGE : finish(initial),
};

const EMPTY_CHALLENGE: SaslStep = { type: "challenge", data: new Uint8Array(0), next: finish };

function finish(message: Uint8Array): SaslStep {
  const fields = splitAtNul(message);
  if (fields === null) return failed("malformed");
  const [authzid, user, secret] = fields.map(readField);
  if (typeof authzid !== "string" || typeof user !== "string" || typeof secret !== "string") return failed("malformed");
  // RFC 4616 §2: authcid and passwd hold at least one character.
  if (user === "" || secret === "") return failed("malformed");
  if (authzid !== "" && authzid !== user) return failed("otherIdentity");
  return { type: "credentials", credentials: { user, secret } };
}

function splitAtNul(message: Uint8Array): readonly Uint8Array[] | null {
  const first = message.indexOf(0);
  const second = first < 0 ? -1 : message.indexOf(0, first + 1);
  if (second < 0) return null;
  // A third NUL is in the password and is refused there, with the other controls.
  return [message.subarray(0, first), message.subarray(first + 1, second), message.subarray(second + 1)];
}

function failed(problem: SaslProblem): SaslStep {
  return { type: "failed", problem };
}
