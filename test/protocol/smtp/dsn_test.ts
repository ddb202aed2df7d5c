import { assertEquals } from "@std/assert";
import { drive, smtp } from "./support/session.ts";

const BAD_VALUE = "501 5.5.4 Bad parameter value";
const BAD_PARAMETER = "501 5.5.4 Bad parameter syntax";
const UNKNOWN = "555 5.5.4 Parameter not recognized";

/** A session that is told `MAIL FROM:<a@b> mail` and `RCPT TO:<r@mx.test> rcpt`, and the message. */
function send({ mail = "", rcpt = "", hello = "EHLO" }: { mail?: string; rcpt?: string; hello?: string }) {
  const space = (text: string) => text === "" ? "" : ` ${text}`;
  const { text, mails } = drive(smtp()(), [
    new TextEncoder().encode(
      `${hello} c\r\nMAIL FROM:<a@b>${space(mail)}\r\nRCPT TO:<r@mx.test>${space(rcpt)}\r\nDATA\r\n.\r\n`,
    ),
  ]);
  const [mailReply = "", rcptReply = ""] = text.split("\r\n").filter((line) =>
    !/^2[25]0[ -][a-zA-Z0-9]/.test(line) || / 2\.1\./.test(line)
  );
  return { mailReply, rcptReply, mail: mails[0] };
}

Deno.test("RET and ENVID are kept with the mail (RFC 3461 §4.3, §4.4)", () => {
  assertEquals(send({ mail: "RET=hdrs ENVID=QQ+2B314159" }).mail?.parameters.envid, "QQ+314159");
  assertEquals(send({ mail: "ret=FULL" }).mail?.parameters.ret, "full");
  assertEquals(send({ mail: "RET=HDRS" }).mail?.parameters.ret, "headers");
  const plain = send({}).mail?.parameters;
  assertEquals([plain?.ret, plain?.envid], [null, null]);
});

Deno.test("a bad RET or ENVID is answered by 501", () => {
  const cases: Record<string, string> = {
    "RET=BODY": BAD_VALUE,
    "RET": BAD_VALUE,
    "RET=": BAD_PARAMETER,
    "RET=FULL RET=FULL": "501 5.5.4 Parameter given twice",
    "ENVID": BAD_VALUE,
    "ENVID=a+b": BAD_VALUE,
    "ENVID=a+2b": BAD_VALUE,
    "ENVID=a=b": BAD_PARAMETER,
    "ENVID=a+0D+0AX-Evil:": BAD_VALUE,
    "ENVID=a+00": BAD_VALUE,
    "ENVID=a+E9": BAD_VALUE,
    "ENVID=é": BAD_VALUE,
    [`ENVID=${"x".repeat(101)}`]: BAD_VALUE,
    "NOTIFY=NEVER": UNKNOWN,
  };
  for (const [mail, reply] of Object.entries(cases)) assertEquals(send({ mail }).mailReply, reply, mail);
  assertEquals(send({ mail: `ENVID=${"x".repeat(100)}` }).mail?.parameters.envid?.length, 100);
});

Deno.test("NOTIFY and ORCPT are kept with their recipient (RFC 3461 §4.1, §4.2)", () => {
  const cases: Record<string, [notify: unknown, orcpt: unknown]> = {
    "": [null, null],
    "NOTIFY=never": [[], null],
    "NOTIFY=Success": [["success"], null],
    "NOTIFY=FAILURE,DELAY,SUCCESS": [["failure", "delay", "success"], null],
    "NOTIFY=DELAY,DELAY": [["delay"], null],
    "ORCPT=rfc822;Bob+2Bx@mx.test": [null, "rfc822;Bob+x@mx.test"],
    "ORCPT=X400;a;b NOTIFY=NEVER": [[], "X400;a;b"],
    "ORCPT=utf-8;\\x{40}r@mx.test": [null, "utf-8;\\x{40}r@mx.test"],
  };
  for (const [rcpt, [notify, orcpt]] of Object.entries(cases)) {
    const recipient = send({ rcpt }).mail?.recipients[0];
    assertEquals([recipient?.notify, recipient?.orcpt], [notify, orcpt], rcpt);
  }
});

Deno.test("a bad NOTIFY or ORCPT is answered by 501, and NEVER stands alone", () => {
  const cases: Record<string, string> = {
    "NOTIFY": BAD_VALUE,
    "NOTIFY=": BAD_PARAMETER,
    "NOTIFY=NEVER,SUCCESS": BAD_VALUE,
    "NOTIFY=SUCCESS,NEVER": BAD_VALUE,
    "NOTIFY=NEVER,NEVER": BAD_VALUE,
    "NOTIFY=SUCCESS,": BAD_VALUE,
    "NOTIFY=,": BAD_VALUE,
    "NOTIFY=ALWAYS": BAD_VALUE,
    "NOTIFY=\u017fUCCESS": BAD_VALUE,
    "NOTIFY=NEVER NOTIFY=NEVER": "501 5.5.4 Parameter given twice",
    "ORCPT": BAD_VALUE,
    "ORCPT=a@b": BAD_VALUE,
    "ORCPT=;a@b": BAD_VALUE,
    "ORCPT=rfc822;": BAD_VALUE,
    "ORCPT=rf(c)822;a": BAD_VALUE,
    "ORCPT=rfc822;a+0Ab": BAD_VALUE,
    "ORCPT=rfc822;a+E9b": BAD_VALUE,
    "ORCPT=rfc822;aéb": BAD_VALUE,
    "ORCPT=utf-8;aéb": BAD_VALUE,
    "ORCPT=utf-8;a\\b": BAD_VALUE,
    [`ORCPT=rfc822;${"x".repeat(494)}`]: BAD_VALUE,
    "RET=FULL": UNKNOWN,
    "SIZE=3": UNKNOWN,
  };
  for (const [rcpt, reply] of Object.entries(cases)) assertEquals(send({ rcpt }).rcptReply, reply, rcpt);
  assertEquals(send({ rcpt: `ORCPT=rfc822;${"x".repeat(493)}` }).mail?.recipients[0]?.orcpt?.length, 500);
});

Deno.test("with SMTPUTF8 an original recipient may hold UTF-8 (RFC 6533 §3)", () => {
  const { mail } = send({ mail: "SMTPUTF8", rcpt: "ORCPT=utf-8;jürgen@mx.test" });
  assertEquals(
    mail?.recipients[0]?.orcpt,
    "utf-8;j\\x{FC}rgen@mx.test",
    "escaped, as the next server may be a 7-bit one",
  );
  const beyond = send({ mail: "SMTPUTF8", rcpt: "ORCPT=utf-8;юля😀@mx.test" }).mail?.recipients[0]?.orcpt;
  assertEquals(beyond, "utf-8;\\x{44E}\\x{43B}\\x{44F}\\x{1F600}@mx.test");
});

Deno.test("after HELO there is no DSN", () => {
  assertEquals(send({ hello: "HELO", mail: "RET=FULL" }).mailReply, UNKNOWN);
  assertEquals(send({ hello: "HELO", rcpt: "NOTIFY=NEVER" }).rcptReply, UNKNOWN);
});
