import { transcript } from "../../support/transcript.ts";
import { pop3 } from "./support.ts";

const available = pop3({ tls: "available" });
const GREETING = "S: +OK mx.test POP3 ready";

Deno.test("STLS begins TLS, forgets what the client said, and permits passwords", () => {
  transcript(
    pop3({ tls: "available", plaintextLogin: true }),
    `${GREETING}
    C: USER mallory
    S: +OK Send PASS
    C: STLS
    S: +OK Begin TLS
    ? startTls
    ! tlsStarted
    --
    C: PASS guess
    S: -ERR Send USER first
    C: USER anna
    S: +OK Send PASS
    C: STLS
    S: -ERR TLS is active already
    X: login`,
  );
});

Deno.test("what is pipelined behind STLS in plaintext is never run", () => {
  transcript(
    available,
    `${GREETING}
    C: STLS
    S: +OK Begin TLS
    ? startTls
    R: "USER mallory\\r\\nPASS x\\r\\nQUIT\\r\\nCA"
    ! tlsStarted
    --
    C: CAPA
    S: +OK Capabilities
    S: TOP
    S: UIDL
    S: SASL SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN
    S: USER
    S: UTF8 USER
    S: LANG
    S: PIPELINING
    S: RESP-CODES
    S: AUTH-RESP-CODE
    S: EXPIRE NEVER
    S: .
    X: login
    X: Send PASS
    X: Bye`,
  );
});

Deno.test("STLS is refused with an argument, after UTF8, and where TLS is not offered or active", () => {
  transcript(
    available,
    `${GREETING}\nC: STLS now\nS: -ERR Wrong syntax\nC: UTF8\nS: +OK UTF-8 mode\nC: STLS\nS: -ERR STLS comes before UTF8`,
  );
  transcript(pop3({ tls: "none" }), `${GREETING}\nC: STLS\nS: -ERR TLS is not offered here`);
  transcript(pop3(), `${GREETING}\nC: STLS\nS: -ERR TLS is active already`);
});

Deno.test("failed logins are counted on over STLS", () => {
  transcript(
    pop3({ tls: "available", plaintextLogin: true, limits: { loginFailuresMax: 2 } }),
    `${GREETING}
    C: AUTH PLAIN AGEAYg==
    ? login PLAIN ["a","b"]
    ! refused
    ? pause 1000
    ! resumed
    S: -ERR [AUTH] Login refused
    C: STLS
    S: +OK Begin TLS
    ? startTls
    ! tlsStarted
    --
    C: AUTH PLAIN AGEAYg==
    ? login PLAIN ["a","b"]
    ! refused
    ? pause 2000
    ! resumed
    S: -ERR [AUTH] Login refused too often
    ? close`,
  );
});
