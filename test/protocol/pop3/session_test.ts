import { transcript } from "../../support/transcript.ts";
import { LOGIN, pop3 } from "./support.ts";

Deno.test("a whole session: log in, look, fetch, mark, quit", () => {
  transcript(
    pop3(),
    `${LOGIN}
    ! opened 19 300 5
    S: +OK 3 messages (324 octets)
    C: STAT
    S: +OK 3 324
    C: LIST
    S: +OK 3 messages (324 octets)
    S: 1 19
    S: 2 300
    S: 3 5
    S: .
    C: list 2
    S: +OK 2 300
    C: UIDL
    S: +OK Unique ids
    S: 1 7.11
    S: 2 7.12
    S: 3 7.13
    S: .
    C: uidl 3
    S: +OK 3 7.13
    C: RETR 1
    ? fetch 11 0 19
    ! bytes "A: b\\r\\n\\r\\n.dot\\r\\nend\\r\\n"
    S: +OK 19 octets
    S: A: b
    S: 
    S: ..dot
    S: end
    S: .
    C: NOOP
    S: +OK Done
    C: DELE 1
    S: +OK Marked for removal
    C: DELE 3
    S: +OK Marked for removal
    C: STAT
    S: +OK 1 300
    C: LIST
    S: +OK 1 messages (300 octets)
    S: 2 300
    S: .
    C: UIDL
    S: +OK Unique ids
    S: 2 7.12
    S: .
    C: QUIT
    ? update 11 13
    ! updated true
    S: +OK Bye
    ? close`,
  );
});

Deno.test("marks are taken back by RSET, and a second DELE of the same message is refused", () => {
  transcript(
    pop3(),
    `${LOGIN}
    ! opened 10 20
    S: +OK 2 messages (30 octets)
    C: DELE 2
    S: +OK Marked for removal
    C: DELE 2
    S: -ERR No such message
    C: RETR 2
    S: -ERR No such message
    C: TOP 2 0
    S: -ERR No such message
    C: LIST 2
    S: -ERR No such message
    C: UIDL 2
    S: -ERR No such message
    C: DELE 3
    S: -ERR No such message
    C: RSET
    S: +OK 2 messages (30 octets)
    C: LIST 2
    S: +OK 2 20
    C: QUIT
    ? update
    ! updated true
    S: +OK Bye
    ? close`,
  );
});

Deno.test("an empty maildrop is listed as empty", () => {
  transcript(
    pop3(),
    `${LOGIN}
    ! opened
    S: +OK 0 messages (0 octets)
    C: LIST
    S: +OK 0 messages (0 octets)
    S: .
    C: UIDL
    S: +OK Unique ids
    S: .
    C: RETR 1
    S: -ERR No such message`,
  );
});

Deno.test("message numbers are strict: zero, signs, leading zeros and huge numbers are wrong syntax", () => {
  const wrong = ["RETR 0", "RETR -1", "RETR +1", "RETR 01", "RETR 18446744073709551616", "RETR 4294967296", "RETR 1.0"];
  wrong.push("RETR", "RETR ", "RETR 1 1", "RETR  1", "RETR 1 ", "RETR 0x1", "RETR 1e0", "LIST 0", "LIST ", "UIDL 00");
  wrong.push("DELE -0", "DELE", "TOP 1", "TOP 1 -1", "TOP 1 00", "TOP 0 1", "TOP 1 1 1", "TOP 1 4294967296", "UIDL a");
  wrong.push("NOOP 1", "STAT 1", "RSET 1", "QUIT now", "CAPA 1");
  for (const line of wrong) {
    transcript(pop3(), `${LOGIN}\n! opened 10\nS: +OK 1 messages (10 octets)\nC: ${line}\nS: -ERR Wrong syntax`);
  }
  for (const line of ["RETR 4294967295", "TOP 2 4294967295", "DELE 2"]) {
    transcript(pop3(), `${LOGIN}\n! opened 10\nS: +OK 1 messages (10 octets)\nC: ${line}\nS: -ERR No such message`);
  }
});

Deno.test("a command in the wrong state is refused, and the state stays", () => {
  for (const line of ["STAT", "LIST", "RETR 1", "DELE 1", "NOOP", "RSET", "TOP 1 1", "UIDL"]) {
    transcript(pop3(), `S: +OK mx.test POP3 ready\nC: ${line}\nS: -ERR Not in this state\nX: octets`);
  }
  for (const line of ["USER a", "PASS b", "AUTH", "STLS", "UTF8"]) {
    transcript(
      pop3({ tls: "available", plaintextLogin: true }),
      `${LOGIN}\n! opened 10\nS: +OK 1 messages (10 octets)\nC: ${line}\nS: -ERR Not in this state\nC: STAT\nS: +OK 1 10`,
    );
  }
});

Deno.test("QUIT before login closes and asks for no update", () => {
  transcript(pop3(), "S: +OK mx.test POP3 ready\nC: QUIT\nS: +OK Bye\n? close\nC: CAPA\nX: update");
});

Deno.test("QUIT says so when not everything could be removed", () => {
  transcript(
    pop3(),
    `${LOGIN}
    ! opened 10
    S: +OK 1 messages (10 octets)
    C: DELE 1
    S: +OK Marked for removal
    C: QUIT
    ? update 11
    ! updated false
    S: -ERR [SYS/TEMP] Some messages were not removed
    ? close`,
  );
});

Deno.test("a silent client is dropped without a word and without an update", () => {
  transcript(
    pop3(),
    `${LOGIN}
    ! opened 10
    S: +OK 1 messages (10 octets)
    C: DELE 1
    S: +OK Marked for removal
    --
    ! timedOut
    ? close
    X: update`,
  );
});

Deno.test("a server that shuts down says so, but not in the middle of a message", () => {
  transcript(
    pop3(),
    `${LOGIN}
    ! opened 10
    S: +OK 1 messages (10 octets)
    ! shuttingDown
    S: -ERR [SYS/TEMP] Server is shutting down
    ? close`,
  );
  transcript(
    pop3(),
    `${LOGIN}
    ! opened 10
    S: +OK 1 messages (10 octets)
    C: RETR 1
    ? fetch 11 0 10
    ! shuttingDown
    ? close`,
  );
});

Deno.test("a shutdown lets an update come to its end", () => {
  transcript(
    pop3(),
    `${LOGIN}
    ! opened 10
    S: +OK 1 messages (10 octets)
    C: QUIT
    ? update
    ! shuttingDown
    ! updated true
    S: +OK Bye
    ? close`,
  );
});

Deno.test("answers that come after the end are passed over", () => {
  transcript(
    pop3(),
    `${LOGIN}
    ! timedOut
    ? close
    ! opened 10
    ! shuttingDown
    ! timedOut
    C: STAT
    X: octets`,
  );
});
