import { transcript } from "../../support/transcript.ts";
import { LOGIN, pop3 } from "./support.ts";

const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const GREETING = "S: +OK mx.test POP3 ready";

Deno.test("PASS is refused unless USER came right before it", () => {
  transcript(
    pop3(),
    `${GREETING}
    C: PASS guess
    S: -ERR Send USER first
    C: USER anna
    S: +OK Send PASS
    C: LANG en
    S: +OK en Language changed
    C: PASS guess
    S: -ERR Send USER first
    C: USER anna
    S: +OK Send PASS
    C: PASS 
    S: -ERR Wrong syntax
    C: PASS guess
    S: -ERR Send USER first
    X: login`,
  );
});

Deno.test("each outcome of a login has its response code", () => {
  const outcomes = [
    ["inUse", "[IN-USE] Another session has this maildrop open"],
    ["loginDelay", "[LOGIN-DELAY] Too soon after the last login"],
    ["temporary", "[SYS/TEMP] Login is not possible now, try later"],
  ];
  for (const [outcome, text] of outcomes) {
    transcript(pop3(), `${LOGIN}\n! ${outcome}\nS: -ERR ${text}\nC: STAT\nS: -ERR Not in this state`);
  }
  transcript(
    pop3(),
    `${LOGIN}\n! refused\n? pause 1000\n! resumed\nS: -ERR [AUTH] Login refused\nC: STAT\nS: -ERR Not in this state`,
  );
});

Deno.test("refused logins wait longer each time and the third ends the session", () => {
  transcript(
    pop3(),
    `${LOGIN}
    ! refused
    ? pause 1000
    ! resumed
    S: -ERR [AUTH] Login refused
    C: USER nobody
    S: +OK Send PASS
    C: PASS b
    ? login USER ["nobody","b"]
    ! refused
    ? pause 2000
    ! resumed
    S: -ERR [AUTH] Login refused
    C: AUTH PLAIN ${base64("\0c\0d")}
    ? login PLAIN ["c","d"]
    ! refused
    ? pause 4000
    ! resumed
    S: -ERR [AUTH] Login refused too often
    ? close
    C: USER again`,
  );
});

Deno.test("the pause after a refused login has an end", () => {
  transcript(
    pop3({ limits: { loginFailuresMax: 9, loginPauseMs: 5_000, loginPauseMsMax: 8_000 } }),
    `${LOGIN}
    ! refused
    ? pause 5000
    ! resumed
    S: -ERR [AUTH] Login refused
    C: AUTH PLAIN ${base64("\0c\0d")}
    ? login PLAIN ["c","d"]
    ! refused
    ? pause 8000
    ! resumed
    S: -ERR [AUTH] Login refused`,
  );
});

Deno.test("without TLS passwords are neither asked for nor taken", () => {
  transcript(
    pop3({ tls: "available" }),
    `${GREETING}
    C: USER anna
    S: -ERR [AUTH] Start TLS first
    C: PASS secret
    S: -ERR [AUTH] Start TLS first
    C: AUTH
    S: +OK Mechanisms
    S: .
    C: AUTH PLAIN
    S: -ERR [AUTH] Start TLS first
    C: AUTH PLAIN ${base64("\0anna\0secret")}
    S: -ERR [AUTH] Start TLS first
    X: login
    X: Send PASS`,
  );
});

Deno.test("without TLS passwords are taken where the operator allows it", () => {
  transcript(pop3({ tls: "none", plaintextLogin: true }), `${LOGIN}\n! opened\nS: +OK 0 messages (0 octets)`);
});

Deno.test("AUTH lists its mechanisms when none is named", () => {
  transcript(
    pop3(),
    `${GREETING}\nC: AUTH\nS: +OK Mechanisms\nS: SCRAM-SHA-256\nS: SCRAM-SHA-1\nS: PLAIN\nS: LOGIN\nS: .`,
  );
});

Deno.test("AUTH PLAIN logs in with an initial response and by challenge", () => {
  const message = base64("\0anna@smith.test\0sesame");
  transcript(
    pop3(),
    `${GREETING}
    C: AUTH PLAIN ${message}
    ? login PLAIN ["anna@smith.test","sesame"]
    ! opened 10
    S: +OK 1 messages (10 octets)`,
  );
  transcript(
    pop3(),
    `${GREETING}
    C: auth plain
    S: + 
    C: ${message}
    ? login PLAIN ["anna@smith.test","sesame"]
    ! opened 10
    S: +OK 1 messages (10 octets)`,
  );
});

Deno.test("AUTH can be cancelled, and wrong answers end the exchange but not the session", () => {
  transcript(
    pop3(),
    `${GREETING}
    C: AUTH PLAIN
    S: + 
    C: *
    S: -ERR Cancelled
    C: AUTH PLAIN
    S: + 
    C: not base64
    S: -ERR Not base64
    C: AUTH PLAIN
    S: + 
    C: 
    S: -ERR Malformed answer
    C: AUTH PLAIN
    S: + 
    C: AHVzZXIAcGFzcx==
    S: -ERR Not base64
    C: AUTH PLAIN =
    S: -ERR Malformed answer
    C: AUTH PLAIN !!
    S: -ERR Not base64
    C: AUTH CRAM-MD5
    S: -ERR Mechanism not offered
    C: AUTH PLAIN a b
    S: -ERR Wrong syntax
    C: LANG en
    S: +OK en Language changed
    X: login`,
  );
});

Deno.test("AUTH PLAIN with bad UTF-8, with NUL in the wrong places or with another identity logs nobody in", () => {
  const malformed = [btoa("\0a\0\xff"), base64("anna"), base64("\0anna"), base64("\0anna\0"), base64("\0\0pw")];
  malformed.push(base64("\0a\0b\0c"), base64("\0an\u0007na\0pw"), base64(`\0${"u".repeat(1025)}\0pw`));
  for (const message of malformed) {
    transcript(pop3(), `${GREETING}\nC: AUTH PLAIN ${message}\nS: -ERR Malformed answer\nX: login`);
  }
  transcript(
    pop3(),
    `${GREETING}
    C: AUTH PLAIN ${base64("root\0anna\0pw")}
    ? pause 1000
    ! resumed
    S: -ERR [AUTH] Login refused
    C: AUTH PLAIN ${base64("anna\0anna\0pw")}
    ? login PLAIN ["anna","pw"]
    ! opened
    S: +OK 0 messages (0 octets)`,
  );
});

Deno.test("AUTH after login is refused", () => {
  transcript(pop3(), `${LOGIN}\n! opened\nS: +OK 0 messages (0 octets)\nC: AUTH PLAIN\nS: -ERR Not in this state`);
});

Deno.test("names and passwords may be UTF-8, but must be well-formed and free of controls", () => {
  transcript(
    pop3(),
    `${GREETING}
    C: UTF8
    S: +OK UTF-8 mode
    C: USER änne@smith.test
    S: +OK Send PASS
    C: PASS Zürich ☃
    ? login USER ["änne@smith.test","Zürich ☃"]
    ! opened
    S: +OK 0 messages (0 octets)`,
  );
  transcript(
    pop3(),
    `${GREETING}
    R: "USER \\u00ff\\r\\n"
    S: -ERR Not UTF-8
    R: "USER a\\u0007\\r\\n"
    S: -ERR Wrong syntax
    C: USER \u202Eanna
    S: -ERR Wrong syntax
    C: UTF8 USER
    S: -ERR Wrong syntax
    C: USER anna
    S: +OK Send PASS
    R: "PASS a\\u0007\\r\\n"
    S: -ERR Wrong syntax
    C: NÖOP
    S: -ERR Wrong syntax`,
  );
});
