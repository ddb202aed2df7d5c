import { transcript } from "../../support/transcript.ts";
import { pop3 } from "./support.ts";

const LOGIN = `
    S: +OK mx.test POP3 ready
    C: USER anna@smith.test
    S: +OK Send PASS
    C: PASS open  sesame
    ? login USER ["anna@smith.test","open  sesame"]`;

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
