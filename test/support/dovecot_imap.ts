import { Buffer } from "node:buffer";
import { latin1 } from "../../src/base/mod.ts";

/** Where Debian puts the program that speaks IMAP for one user, on its standard input and output. */
const IMAPD = "/usr/lib/dovecot/imap";

/** Who owns the mailbox when the test runs as root, whose mail Dovecot refuses to read. */
const NOBODY = 65_534;

/** Whether Dovecot's IMAP server is there. */
export function dovecotMissing(): string | null {
  try {
    return Deno.statSync(IMAPD).isFile ? null : "dovecot-imapd";
  } catch {
    return "dovecot-imapd";
  }
}

/**
 * Puts the messages into a fresh mailbox of Dovecot's, the first as if it arrived at the first of the times (as APPEND writes them), and
 * gives these commands there; returns all it said, one character for each byte. No daemon runs and no port is open: the session is a child
 * process.
 */
export async function dovecotSession(
  messages: readonly Uint8Array[],
  commands: readonly string[],
  arrivals: readonly string[] = [],
): Promise<string> {
  const dir = await Deno.makeTempDir({ prefix: "stagepost-dovecot-" });
  try {
    await Deno.writeTextFile(`${dir}/dovecot.conf`, configuration(dir));
    const root = Deno.uid() === 0;
    if (root) await Deno.chmod(dir, 0o755);
    for (const name of ["run", "mail"]) {
      await Deno.mkdir(`${dir}/${name}`);
      if (root) await Deno.chown(`${dir}/${name}`, NOBODY, NOBODY);
    }
    const child = new Deno.Command(IMAPD, {
      args: ["-c", `${dir}/dovecot.conf`],
      env: { HOME: `${dir}/mail`, USER: "reader" },
      clearEnv: true,
      ...(root ? { uid: NOBODY, gid: NOBODY } : {}),
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const output = new Response(child.stdout).bytes();
    const writer = child.stdin.getWriter();
    const appends = messages.map((message, i) => append(message, arrivals[i]));
    await writer.write(Buffer.concat([...appends, Buffer.from(script(commands), "latin1")]));
    // Without its input Dovecot goes before it has written all: the end comes after its own.
    const said = latin1(await output);
    await writer.close().catch(() => {});
    await child.status;
    return said;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function append(message: Uint8Array, arrival?: string): Uint8Array {
  const at = arrival === undefined ? "" : ` "${arrival}"`;
  return Buffer.concat([Buffer.from(`a APPEND INBOX${at} {${message.length}+}\r\n`), message, Buffer.from("\r\n")]);
}

function script(commands: readonly string[]): string {
  return ["s SELECT INBOX", ...commands.map((command, i) => `c${i} ${command}`), "z LOGOUT", ""].join("\r\n");
}

function configuration(dir: string): string {
  return [
    "protocols = imap",
    `base_dir = ${dir}/run`,
    "instance_name = stagepost-test",
    `log_path = ${dir}/mail/log`,
    "ssl = no",
    `mail_location = sdbox:${dir}/mail/box`,
    "first_valid_uid = 1",
    "stats_writer_socket_path =",
    ...(Deno.uid() === 0 ? [`mail_uid = ${NOBODY}`, `mail_gid = ${NOBODY}`] : []),
    "",
  ].join("\n");
}

/** A value of an IMAP answer: a string or number, NIL, or a list. */
export type ImapValue = string | null | ImapValue[];

/** The items of each FETCH answer, by the number of the message: names as they are written, values parsed. */
export function fetched(said: string): Map<number, Map<string, ImapValue>> {
  const messages = new Map<number, Map<string, ImapValue>>();
  const answer = /^\* (\d+) FETCH /gm;
  for (let match = answer.exec(said); match !== null; match = answer.exec(said)) {
    const reader = new ValueReader(said, answer.lastIndex);
    const list = reader.value() as ImapValue[];
    answer.lastIndex = reader.at;
    const items = messages.get(Number(match[1])) ?? new Map<string, ImapValue>();
    for (let i = 0; i + 1 < list.length; i += 2) items.set(list[i] as string, list[i + 1]!);
    messages.set(Number(match[1]), items);
  }
  return messages;
}

/** The value that a text of an answer is. */
export function imapValue(text: string): ImapValue {
  return new ValueReader(text, 0).value();
}

/** Reads values of well-formed answers. */
class ValueReader {
  constructor(private readonly text: string, public at: number) {}

  value(): ImapValue {
    while (this.text[this.at] === " ") this.at++;
    const literal = /~?\{(\d+)\}\r\n/y;
    literal.lastIndex = this.at;
    const match = literal.exec(this.text);
    if (match !== null) return this.#take(literal.lastIndex, literal.lastIndex + Number(match[1]));
    if (this.text[this.at] === "(") return this.#list();
    if (this.text[this.at] === '"') return this.#quoted();
    const word = this.#word();
    return word === "NIL" ? null : word;
  }

  #take(start: number, end: number): string {
    this.at = end;
    return this.text.slice(start, end);
  }

  #list(): ImapValue[] {
    const values: ImapValue[] = [];
    for (this.at++; this.text[this.at] !== ")";) {
      if (this.at >= this.text.length) throw new Error("a list does not end");
      if (this.text[this.at] === " ") this.at++;
      else values.push(this.value());
    }
    this.at++;
    return values;
  }

  #quoted(): string {
    let value = "";
    for (this.at++; this.text[this.at] !== '"'; this.at++) {
      if (this.at >= this.text.length) throw new Error("a string does not end");
      if (this.text[this.at] === "\\") this.at++;
      value += this.text[this.at];
    }
    this.at++;
    return value;
  }

  /** An atom, with what stands in brackets: `BODY[HEADER.FIELDS (TO)]`. */
  #word(): string {
    const word = /[^ ()[\]]+(?:\[[^\]]*\])?(?:<\d+>)?/y;
    word.lastIndex = this.at;
    const match = word.exec(this.text);
    if (match === null) throw new Error(`no value: ${JSON.stringify(this.text.slice(this.at, this.at + 80))}`);
    return this.#take(this.at, word.lastIndex);
  }
}
