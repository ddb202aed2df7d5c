/** Longest response line taken from a server, in octets (RFC 2449 §4 allows 512). */
export const RESPONSE_LINE_BYTES_MAX = 4_096;

/** Most bytes taken of one message; a reader of this client shows letters, it does not archive. */
export const MESSAGE_BYTES_MAX = 1_048_576;

/** What a client session wants done next. */
export type Pop3ClientAction =
  | { readonly type: "send"; readonly text: string }
  /** The newest message of the maildrop, or null when there is none or the server refused; `status` is its last word. */
  | { readonly type: "done"; readonly message: string | null; readonly status: string };

type Stage = "greeting" | "user" | "pass" | "stat" | "retr" | "message" | "over";

/** Logs in and fetches the newest message (RFC 1939). */
export class Pop3ClientSession {
  #stage: Stage = "greeting";
  #pending = "";
  #message: string[] = [];
  #bytes = 0;

  constructor(private readonly login: { readonly user: string; readonly secret: string }) {}

  /** Takes what the server sent. */
  receive(text: string): Pop3ClientAction[] {
    const actions: Pop3ClientAction[] = [];
    this.#pending += text;
    for (let end = this.#pending.indexOf("\r\n"); end >= 0; end = this.#pending.indexOf("\r\n")) {
      const line = this.#pending.slice(0, end);
      this.#pending = this.#pending.slice(end + 2);
      actions.push(...this.#line(line));
      if (this.#stage === "over") return actions;
    }
    if (this.#pending.length > Math.max(RESPONSE_LINE_BYTES_MAX, MESSAGE_BYTES_MAX)) return this.#end("line too long");
    return actions;
  }

  #line(line: string): Pop3ClientAction[] {
    if (this.#stage === "message") return this.#content(line);
    if (!line.startsWith("+OK")) return this.#end(line);
    switch (this.#stage) {
      case "greeting":
        return this.#next("user", `USER ${this.login.user}`);
      case "user":
        return this.#next("pass", `PASS ${this.login.secret}`);
      case "pass":
        return this.#next("stat", "STAT");
      case "stat": {
        const count = Number(line.split(" ")[1]);
        return count > 0 ? this.#next("retr", `RETR ${count}`) : this.#end(line);
      }
      default:
        this.#stage = "message";
        return [];
    }
  }

  /** RFC 1939 §3: a line of one dot ends the response, other leading dots were added. */
  #content(line: string): Pop3ClientAction[] {
    if (line === ".") return this.#end("", this.#message.join("\r\n"));
    this.#bytes += line.length;
    if (this.#bytes > MESSAGE_BYTES_MAX) return this.#end("message too long");
    this.#message.push(line.startsWith(".") ? line.slice(1) : line);
    return [];
  }

  #next(stage: Stage, command: string): Pop3ClientAction[] {
    this.#stage = stage;
    return [{ type: "send", text: `${command}\r\n` }];
  }

  #end(status: string, message: string | null = null): Pop3ClientAction[] {
    this.#stage = "over";
    return [{ type: "send", text: "QUIT\r\n" }, { type: "done", message, status }];
  }
}
