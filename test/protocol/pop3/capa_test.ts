import { assertThrows } from "@std/assert";
import { createPop3Session } from "../../../src/protocol/pop3/mod.ts";
import { transcript } from "../../support/transcript.ts";
import { LOGIN, OPTIONS, pop3 } from "./support.ts";

Deno.test("CAPA under TLS announces what can be used, the same before and after login", () => {
  const capabilities = `
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
    S: LOGIN-DELAY 60
    S: EXPIRE NEVER
    S: IMPLEMENTATION Stagepost
    S: .`;
  transcript(
    pop3({ loginDelaySeconds: 60, implementation: "Stagepost" }),
    `S: +OK mx.test POP3 ready
    C: CAPA
    ${capabilities}
    C: USER anna@smith.test
    S: +OK Send PASS
    C: PASS x
    ? login USER ["anna@smith.test","x"]
    ! opened
    S: +OK 0 messages (0 octets)
    C: capa
    ${capabilities}`,
  );
});

Deno.test("CAPA without TLS hides every way to send a password, and offers STLS", () => {
  transcript(
    pop3({ tls: "available", expire: 30 }),
    `S: +OK mx.test POP3 ready
    C: CAPA
    S: +OK Capabilities
    S: TOP
    S: UIDL
    S: STLS
    S: UTF8 USER
    S: LANG
    S: PIPELINING
    S: RESP-CODES
    S: AUTH-RESP-CODE
    S: EXPIRE 30
    S: .
    X: SASL
    X: LOGIN-DELAY`,
  );
});

Deno.test("STLS is announced only while it is permitted", () => {
  transcript(
    pop3({ tls: "available", plaintextLogin: true }),
    `${LOGIN}
    ! opened
    S: +OK 0 messages (0 octets)
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
    X: STLS`,
  );
});

Deno.test("APOP is not offered: no timestamp in the greeting, an unknown command", () => {
  transcript(
    pop3(),
    `S: +OK mx.test POP3 ready
    C: APOP anna c4c9334bac560ecc979e58001b3e22fb
    S: -ERR Unknown command
    X: <`,
  );
});

Deno.test("LANG lists, chooses and refuses languages", () => {
  transcript(
    pop3(),
    `S: +OK mx.test POP3 ready
    C: LANG
    S: +OK Languages
    S: en English
    S: i-default English
    S: .
    C: LANG EN
    S: +OK en Language changed
    C: LANG *
    S: +OK en Language changed
    C: LANG i
    S: +OK i-default Language changed
    C: LANG MUL
    S: -ERR Language not offered
    C: LANG e
    S: -ERR Language not offered
    C: LANG en de
    S: -ERR Wrong syntax`,
  );
  transcript(
    pop3({ languages: ["i-default"] }),
    "S: +OK mx.test POP3 ready\nC: LANG *\nS: +OK i-default Language changed",
  );
});

Deno.test("a session refuses to start with what it could not serve", () => {
  const bad = [{ languages: ["de"] }, { languages: [] }, { implementation: "two words" }, { hostname: "a\r\nb" }];
  for (const options of bad) assertThrows(() => createPop3Session({ ...OPTIONS, ...options }));
});
