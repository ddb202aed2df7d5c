import { type Address, formatAddress } from "../../mail/address.ts";

/** Longest reply line taken from a server, in octets: eight times RFC 5321 §4.5.3.1.5, as servers do exceed it. */
export const REPLY_LINE_BYTES_MAX = 4_096;

/** Lines one reply may have; endless `250-` would fill the memory otherwise. */
export const REPLY_LINES_MAX = 100;

/** A whole reply (RFC 5321 §4.2). */
export interface SmtpReply {
  readonly code: number;
  readonly lines: readonly string[];
}

/** What a client session wants done next. */
export type SmtpClientAction =
  | { readonly type: "send"; readonly text: string }
  /** The transaction is over; `reply` is the server's last word on it. */
  | { readonly type: "done"; readonly accepted: boolean; readonly reply: SmtpReply };

/** One mail to hand over. `content` has CRLF line ends only. */
export interface OutgoingMail {
  readonly helo: string;
  readonly sender: Address | null;
  readonly recipients: readonly Address[];
  readonly content: string;
}

type Stage = { readonly send: string; readonly expect: number };

/** Hands one mail to a server, command by command; anything but the expected reply ends it (RFC 5321 §4.3.2). */
export class SmtpClientSession {
  readonly #stages: readonly Stage[];
  #at = 0;
  #pending = "";
  #lines: string[] = [];
  #over = false;

  constructor(mail: OutgoingMail) {
    const sender = mail.sender === null ? "" : formatAddress(mail.sender);
    this.#stages = [
      { send: "", expect: 220 },
      { send: `EHLO ${mail.helo}\r\n`, expect: 250 },
      { send: `MAIL FROM:<${sender}>\r\n`, expect: 250 },
      ...mail.recipients.map((recipient) => ({ send: `RCPT TO:<${formatAddress(recipient)}>\r\n`, expect: 250 })),
      { send: "DATA\r\n", expect: 354 },
      { send: `${stuffed(mail.content)}.\r\n`, expect: 250 },
    ];
  }

  /** Takes what the server sent. Text after the end is ignored. */
  receive(text: string): SmtpClientAction[] {
    const actions: SmtpClientAction[] = [];
    this.#pending += text;
    for (let end = this.#pending.indexOf("\r\n"); end >= 0 && !this.#over; end = this.#pending.indexOf("\r\n")) {
      const line = this.#pending.slice(0, end);
      this.#pending = this.#pending.slice(end + 2);
      actions.push(...this.#line(line));
    }
    const tooLong = this.#pending.length > REPLY_LINE_BYTES_MAX || this.#lines.length > REPLY_LINES_MAX;
    if (tooLong && !this.#over) actions.push(...this.#end(false, { code: 500, lines: ["reply too long"] }));
    return actions;
  }

  #line(line: string): SmtpClientAction[] {
    const match = /^([2-5][0-9]{2})([ -]|$)(.*)$/.exec(line);
    if (match === null) return this.#end(false, { code: 500, lines: ["malformed reply"] });
    this.#lines.push(match[3] ?? "");
    if (match[2] === "-") return [];
    const reply = { code: Number(match[1]), lines: this.#lines };
    this.#lines = [];
    if (reply.code !== this.#stages[this.#at]?.expect) return this.#end(false, reply);
    const next = this.#stages[++this.#at];
    return next === undefined ? this.#end(true, reply) : [{ type: "send", text: next.send }];
  }

  #end(accepted: boolean, reply: SmtpReply): SmtpClientAction[] {
    this.#over = true;
    return [{ type: "send", text: "QUIT\r\n" }, { type: "done", accepted, reply }];
  }
}

/** RFC 5321 §4.5.2: a line that begins with a dot gets another; the content ends with a line end. */
function stuffed(content: string): string {
  const ended = content.endsWith("\r\n") ? content : `${content}\r\n`;
  return ended.split("\r\n").map((line) => line.startsWith(".") ? `.${line}` : line).join("\r\n");
}
