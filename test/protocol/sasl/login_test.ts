import { assertEquals } from "@std/assert";
import { utf8 } from "../../../src/base/bytes.ts";
import {
  external,
  login,
  oauthBearer,
  type SaslMechanism,
  type SaslStep,
  xoauth2,
} from "../../../src/protocol/sasl/mod.ts";

function play(mechanism: SaslMechanism, initial: string | null, ...responses: string[]): [string[], SaslStep] {
  const said: string[] = [];
  let step = mechanism.begin(initial === null ? null : utf8(initial));
  for (const response of responses) {
    if (step.type !== "challenge") break;
    said.push(new TextDecoder().decode(step.data));
    step = step.next(utf8(response));
  }
  return [said, step];
}

const MALFORMED: SaslStep = { type: "failed", problem: "malformed" };

Deno.test("LOGIN asks for the name and then for the password; a name may come at once", () => {
  const given: SaslStep = { type: "credentials", credentials: { user: "anna@x.test", secret: "open sesame" } };
  assertEquals(play(login, null, "anna@x.test", "open sesame"), [["Username:", "Password:"], given]);
  assertEquals(play(login, "anna@x.test", "open sesame"), [["Password:"], given]);
});

Deno.test("LOGIN takes no empty name or password, no NUL and no more than 1,024 octets", () => {
  for (const name of ["", "a\0b", "x".repeat(1_025)]) assertEquals(play(login, null, name)[1], MALFORMED);
  for (const secret of ["", "a\0b", "x".repeat(1_025)]) assertEquals(play(login, "anna", secret)[1], MALFORMED);
});

Deno.test("EXTERNAL asks whose the certificate is, for the name that the client gives or for none (RFC 4422 appendix A)", () => {
  for (const [message, user] of [["", null], ["anna@x.test", "anna@x.test"]] as const) {
    for (const [, step] of [play(external, message), play(external, null, message)]) {
      assertEquals(step.type === "ask" && step.question, { type: "external", user });
      if (step.type !== "ask") return;
      assertEquals(step.next({ type: "refused" }), { type: "failed", problem: "refused" });
      const accepted = { type: "accepted", user: "anna@x.test", signature: null } as const;
      assertEquals(step.next(accepted), { type: "accepted", user: "anna@x.test" });
    }
  }
  for (const bad of ["a\0b", "x".repeat(1_025)]) assertEquals(play(external, bad)[1], MALFORMED);
});

const TOKEN = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";

Deno.test("OAUTHBEARER reads the example of RFC 7628 §4.1, XOAUTH2 its own form", () => {
  const bearer =
    `n,a=user@example.com,\u0001host=server.example.com\u0001port=143\u0001auth=Bearer ${TOKEN}\u0001\u0001`;
  for (
    const [mechanism, message] of [
      [oauthBearer, bearer],
      [xoauth2, `user=user@example.com\u0001auth=Bearer ${TOKEN}\u0001\u0001`],
    ] as const
  ) {
    const [, step] = play(mechanism, message);
    assertEquals(step.type === "ask" && step.question, { type: "bearer", user: "user@example.com", token: TOKEN });
    if (step.type !== "ask") return;
    const user = "user@example.com";
    assertEquals(step.next({ type: "accepted", user, signature: null }), { type: "accepted", user });
    const refused = step.next({ type: "refused" });
    assertEquals(refused.type === "challenge" && new TextDecoder().decode(refused.data), '{"status":"invalid_token"}');
    if (refused.type === "challenge") {
      assertEquals(refused.next(utf8("\u0001")), { type: "failed", problem: "refused" });
    }
  }
});

Deno.test("a token message that is not whole is malformed", () => {
  const bad = [
    "",
    "\u0001",
    "n,,\u0001\u0001",
    "n,,\u0001auth=Basic abc\u0001\u0001",
    "n,,\u0001auth=Bearer a b\u0001\u0001",
    "n,,\u0001auth=Bearer abc\u0001",
    "n,,\u0001auth=Bearer abc\u0001\u0001more",
    "p=tls-unique,,\u0001auth=Bearer abc\u0001\u0001",
    "n,a=x=y,\u0001auth=Bearer abc\u0001\u0001",
  ];
  for (const text of bad) assertEquals(play(oauthBearer, text)[1], MALFORMED, JSON.stringify(text));
  const bad2 = [
    "",
    "user=\u0001auth=Bearer abc\u0001\u0001",
    "user=x\u0001auth=Bearer abc\u0001",
    "user=x\u0001\u0001\u0001",
  ];
  for (const text of bad2) assertEquals(play(xoauth2, text)[1], MALFORMED, JSON.stringify(text));
});
