import { encodeBase64 } from "../../../src/protocol/sasl/mod.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import { transcript } from "../../support/transcript.ts";
import { pop3 } from "./support.ts";

const b64 = (text: string) => encodeBase64(utf8(text));
const FIRST = "n=anna@x.test,r=abc";
const ZERO = encodeBase64(new Uint8Array(32));

const CHALLENGED = `
    S: +OK mx.test POP3 ready
    C: AUTH SCRAM-SHA-256 ${b64(`n,,${FIRST}`)}
    ? authenticate SCRAM-SHA-256 scramStart ["anna@x.test","SHA-256"]
    ! authenticated {"type":"scramStart","salt":[],"iterations":4096,"nonce":"xyz"}
    S: + ${b64("r=abcxyz,s=,i=4096")}
    C: ${b64(`c=biws,r=abcxyz,p=${ZERO}`)}
    ? authenticate SCRAM-SHA-256 scramProof ["anna@x.test","SHA-256","${FIRST},r=abcxyz,s=,i=4096,c=biws,r=abcxyz"]`;

Deno.test("SCRAM opens the maildrop once the client has seen the server's proof", () => {
  transcript(
    pop3(),
    `${CHALLENGED}
    ! authenticated {"type":"accepted","user":"anna@x.test","signature":[1,2,3]}
    S: + ${b64("v=AQID")}
    C:
    ? open
    ! opened 10
    S: +OK 1 messages (10 octets)`,
  );
  transcript(
    pop3(),
    `${CHALLENGED}
    ! authenticated {"type":"accepted","user":"anna@x.test","signature":[1,2,3]}
    S: + ${b64("v=AQID")}
    C: *
    S: -ERR Cancelled
    C: STAT
    S: -ERR Not in this state`,
  );
});

Deno.test("a wrong proof waits like a wrong password; one that cannot be checked does not", () => {
  transcript(
    pop3(),
    `${CHALLENGED}
    ! authenticated {"type":"refused"}
    ? pause 1000
    ! resumed
    S: -ERR [AUTH] Login refused`,
  );
  transcript(
    pop3(),
    `${CHALLENGED}
    ! authenticated {"type":"temporary"}
    S: -ERR [SYS/TEMP] Login is not possible now, try later
    X: +OK 1`,
  );
});

Deno.test("a message of an earlier exchange is refused: the nonce is another", () => {
  transcript(
    pop3(),
    `S: +OK mx.test POP3 ready
    C: AUTH SCRAM-SHA-256 ${b64(`n,,${FIRST}`)}
    ? authenticate SCRAM-SHA-256 scramStart ["anna@x.test","SHA-256"]
    ! authenticated {"type":"scramStart","salt":[],"iterations":4096,"nonce":"new"}
    S: + ${b64("r=abcnew,s=,i=4096")}
    C: ${b64(`c=biws,r=abcxyz,p=${ZERO}`)}
    ? pause 1000
    ! resumed
    S: -ERR [AUTH] Login refused`,
  );
});

Deno.test("a channel with a binding offers -PLUS, before and after the login", () => {
  transcript(
    pop3({ channel: { binding: new Uint8Array(32), certified: false } }),
    `S: +OK mx.test POP3 ready
    C: AUTH
    S: +OK Mechanisms
    S: SCRAM-SHA-256-PLUS
    S: SCRAM-SHA-256
    S: SCRAM-SHA-1
    S: PLAIN
    S: LOGIN
    S: .
    C: AUTH SCRAM-SHA-256 ${b64("y,,n=anna@x.test,r=abc")}
    ? pause 1000
    ! resumed
    S: -ERR [AUTH] Login refused
    C: AUTH OAUTHBEARER
    S: -ERR Mechanism not offered`,
  );
});

Deno.test("a binding comes with STLS", () => {
  transcript(
    pop3({ tls: "available" }),
    `S: +OK mx.test POP3 ready
    C: AUTH SCRAM-SHA-256
    S: -ERR [AUTH] Start TLS first
    C: STLS
    S: +OK Begin TLS
    ? startTls
    ! tlsStarted [1,2,3]
    --
    C: AUTH SCRAM-SHA-256-PLUS
    S: + 
    C: *
    S: -ERR Cancelled`,
  );
});
