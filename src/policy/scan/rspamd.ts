/** A mail and whose it is, as rspamd is told. */
export interface RspamdQuestion {
  /** Of the client; null where none is known. */
  readonly ip: string | null;
  readonly helo: string;
  /** The client's name, if it is known. */
  readonly hostname: string | null;
  /** Reverse-path without brackets; "" for the null one. */
  readonly sender: string;
  readonly recipients: readonly string[];
  /** Who has logged in. */
  readonly user: string | null;
  /** By which both logs name the mail. */
  readonly id: string;
  /** Our host name. */
  readonly server: string;
  readonly password: string | null;
}

/** What rspamd says of a mail. */
export interface RspamdAnswer {
  /** Its own word: `no action`, `greylist`, `add header`, `rewrite subject`, `soft reject`, `reject`, or one of the operator's. */
  readonly action: string;
  readonly score: number;
  /** The highest score that one of its actions waits for; null: none does. */
  readonly requiredScore: number | null;
  /** Names of what spoke for or against the mail, the weightiest first. */
  readonly symbols: readonly string[];
  /** What the client is to be told, one printable line; null when it says nothing. */
  readonly text: string | null;
  /** Fields to be put on, their values as rspamd has folded them. */
  readonly add: readonly (readonly [name: string, value: string])[];
  /** Names of fields to be taken away. */
  readonly remove: readonly string[];
}

/** Recipients that rspamd is told of. */
const RECIPIENTS_MAX = 1_000;
/** Symbols of an answer that are looked at, and those that are kept. */
const SYMBOLS_READ_MAX = 2_000;
const SYMBOLS_MAX = 40;
/** Fields that an answer may add or take away. */
const FIELDS_MAX = 50;
/** A score beyond this is none. */
const SCORE_MAX = 1_000_000;
const WORD_CHARS_MAX = 64;
const TEXT_CHARS_MAX = 200;
const VALUE_CHARS_MAX = 8_192;

/** The fields of a request to `/checkv2` (rspamd's HTTP protocol). */
export function rspamdFields(question: RspamdQuestion): (readonly [name: string, value: string])[] {
  const { ip, helo, hostname, sender, recipients, user, id, server, password } = question;
  const optional = (name: string, value: string | null) => value === null ? [] : [[name, value] as const];
  return [
    ["From", sender === "" ? "<>" : sender] as const,
    ...recipients.slice(0, RECIPIENTS_MAX).map((recipient) => ["Rcpt", recipient] as const),
    // What rspamd has learned of one reader counts when there is one.
    ...optional("Deliver-To", recipients.length === 1 ? recipients[0]! : null),
    ...optional("IP", ip),
    ["Helo", helo] as const,
    ...optional("Hostname", hostname),
    ...optional("User", user),
    ["Queue-Id", id] as const,
    ["MTA-Name", server] as const,
    ...optional("Password", password),
  ];
}

/** The answer in a body of `/checkv2`; null when it is none, so that nothing of it can be relied on. */
export function readRspamdAnswer(json: string): RspamdAnswer | null {
  const answer = parsed(json);
  if (answer === null) return null;
  const { action, score, required_score: requiredScore = null, symbols, messages, milter } = answer;
  if (typeof action !== "string" || action === "" || !isScore(score)) return null;
  if (requiredScore !== null && !isScore(requiredScore)) return null;
  const changes = fieldsOf(milter);
  return {
    action: word(action),
    score,
    requiredScore,
    symbols: namesOf(symbols),
    text: textOf(fieldsOf(messages)["smtp_message"]),
    add: additions(changes["add_headers"]),
    remove: Object.keys(fieldsOf(changes["remove_headers"])).slice(0, FIELDS_MAX).filter(isName),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function parsed(json: string): Fields | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Fields : null;
  } catch {
    return null;
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Fields : {};
}

function isScore(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) <= SCORE_MAX;
}

/** Whether it may be the name of a field (RFC 5322 §2.2). */
function isName(text: string): boolean {
  return /^[!-9;-~]{1,76}$/.test(text);
}

function word(text: string): string {
  return text.slice(0, WORD_CHARS_MAX).replace(/[^ -~]/g, "?");
}

function textOf(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const text = value.slice(0, TEXT_CHARS_MAX).replace(/[^ -~]/g, "?").trim();
  return text === "" ? null : text;
}

function namesOf(symbols: unknown): string[] {
  const weighed = Object.entries(fieldsOf(symbols)).slice(0, SYMBOLS_READ_MAX).map(([name, symbol]) => {
    const { score } = fieldsOf(symbol);
    return { name, weight: isScore(score) ? Math.abs(score) : 0 };
  });
  return weighed.sort((a, b) => b.weight - a.weight).slice(0, SYMBOLS_MAX)
    .map(({ name }) => name.slice(0, WORD_CHARS_MAX).replace(/[^A-Za-z0-9_.-]/g, "?"));
}

/** A value of `add_headers` is a text, `{ value, order }`, or a list of these. */
function additions(given: unknown): (readonly [string, string])[] {
  const added: (readonly [string, string])[] = [];
  for (const [name, value] of Object.entries(fieldsOf(given))) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (added.length >= FIELDS_MAX) return added;
      const text = typeof one === "string" ? one : fieldsOf(one)["value"];
      if (typeof text === "string" && text.trim() !== "" && isName(name)) {
        added.push([name, text.slice(0, VALUE_CHARS_MAX)]);
      }
    }
  }
  return added;
}
