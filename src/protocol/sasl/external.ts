import { utf8 } from "../../base/bytes.ts";
import { readField } from "./field.ts";
import type { SaslAnswer, SaslMechanism, SaslProblem, SaslStep } from "./mechanism.ts";

/** EXTERNAL (RFC 4422 appendix A): the client's certificate says who it is, the message at most as whom it wants to act. */
export const external: SaslMechanism = {
  name: "EXTERNAL",
  needs: "certified",
  begin: (initial) => initial === null ? { type: "challenge", data: utf8(""), next: named } : named(initial),
};

function named(message: Uint8Array): SaslStep {
  const user = readField(message);
  if (user === null) return failed("malformed");
  return { type: "ask", question: { type: "external", user: user === "" ? null : user }, next: judged };
}

function judged(answer: SaslAnswer): SaslStep {
  return answer.type === "accepted" ? { type: "accepted", user: answer.user } : failed("refused");
}

function failed(problem: SaslProblem): SaslStep {
  return { type: "failed", problem };
}
