import { utf8 } from "../../base/bytes.ts";
import type { SaslMechanism, SaslStep } from "./mechanism.ts";
import { readField } from "./field.ts";

/** LOGIN, which no RFC describes and old Outlook still speaks: asked for the name, then for the password, each one response. */
export const login: SaslMechanism = {
  name: "LOGIN",
  needs: null,
  begin: (initial) => initial === null ? { type: "challenge", data: utf8("Username:"), next: named } : named(initial),
};

function named(response: Uint8Array): SaslStep {
  const user = readField(response);
  if (user === null || user === "") return MALFORMED;
  return { type: "challenge", data: utf8("Password:"), next: (secret) => finish(user, secret) };
}

function finish(user: string, response: Uint8Array): SaslStep {
  const secret = readField(response);
  return secret === null || secret === "" ? MALFORMED : { type: "credentials", credentials: { user, secret } };
}

const MALFORMED: SaslStep = { type: "failed", problem: "malformed" };
