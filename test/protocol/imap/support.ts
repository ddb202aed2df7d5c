import { concat, utf8 } from "../../../src/base/bytes.ts";
import { asFailure } from "../../../src/base/failure.ts";
import type { MailboxAskName } from "../../../src/mail/mailbox_ask.ts";
import type { WatchedName } from "../../../src/mail/watch.ts";
import type { MailboxName } from "../../../src/mail/mailbox_name.ts";
import type { Quota } from "../../../src/mail/quota.ts";
import {
  type AskOutcome,
  type AuthAnswer,
  createImapSession,
  type ImapAction,
  type ImapAskName,
  type ImapOptions,
  type ImapSession,
} from "../../../src/protocol/imap/mod.ts";
import type { SaslQuestion } from "../../../src/protocol/sasl/mod.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { watchedMailbox, watchedName } from "../../support/fake_watches.ts";
import { transcript, type TranscriptSession } from "../../support/transcript.ts";

export const OPTIONS: ImapOptions = { hostname: "mail.example", tls: "active", plaintextLogin: false };

/** Answered at once, and of no interest. */
const QUIET: ReadonlySet<string> = new Set(["ahead", "ask", "login", "authenticate", "open", "pause 0"]);

/** How a session of a test differs from the usual one. */
export type ClientOptions = Partial<ImapOptions> & {
  /** Of every account. */
  readonly quotaBytes?: number;
  readonly quotaMessages?: number;
  /** What the directory says to a mechanism's question. */
  readonly directory?: (question: SaslQuestion) => AuthAnswer;
};

/** A session whose questions are answered at once: by the fake, and for everybody whose password is not "wrong". */
export class Client {
  readonly session: ImapSession;
  /** Everything it has sent, and not yet been asked for. */
  #sent: Uint8Array[] = [];
  /** Other things it did, by type. */
  readonly did: string[] = [];
  readonly #quota: Quota;
  readonly #directory: (question: SaslQuestion) => AuthAnswer;
  /** Most input it held, in bytes. */
  heldMax = 0;
  /** Changes whose answers were not taken yet. */
  readonly #begun: { readonly request: unknown; readonly outcome: AskOutcome }[] = [];
  /** Most such changes at once. */
  begunMax = 0;
  /** What others do when one of them was made. */
  meanwhile: () => void = () => {};
  /** The largest page it held, in bytes. */
  pageMax = 0;

  constructor(readonly mailboxes: FakeMailboxes, options: ClientOptions = {}) {
    const { quotaBytes = 1_048_576, quotaMessages = 0, ...more } = options;
    const { directory = () => ({ type: "refused" }), ...others } = more;
    this.#quota = { quotaBytes, quotaMessages };
    this.#directory = directory;
    this.session = createImapSession({ ...OPTIONS, ...others });
    const before = mailboxes.onStirred;
    mailboxes.onStirred = (view) => {
      before(view);
      this.#stirred.push(view);
    };
  }

  /** Told when the session has no step under way. */
  #stirred: number[] = [];

  perform(first: readonly ImapAction[]): void {
    const todo = [...first];
    for (;;) {
      const action = todo.shift();
      if (action === undefined) {
        const view = this.#stirred.shift();
        if (view === undefined) return;
        const { session } = this;
        if (view === session.view || view === session.watch || session.view === null) {
          todo.push(...this.session.stirred(view));
        }
        continue;
      }
      if (action.type === "send") this.#sent.push(typeof action.data === "string" ? utf8(action.data) : action.data);
      else if (!QUIET.has(describe(action))) this.did.push(describe(action));
      todo.push(...this.#answer(action));
      this.heldMax = Math.max(this.heldMax, this.session.bufferedBytes);
      this.pageMax = Math.max(this.pageMax, this.session.pageBytes);
    }
  }

  receive(bytes: Uint8Array): void {
    this.perform(this.session.receive(bytes));
    this.heldMax = Math.max(this.heldMax, this.session.bufferedBytes);
  }

  /** What was sent since the last call. */
  take(): Uint8Array {
    const sent = concat(this.#sent);
    this.#sent = [];
    return sent;
  }

  #answer(action: ImapAction): readonly ImapAction[] {
    const { session } = this;
    switch (action.type) {
      case "login":
        if (action.secret === "wrong") return session.loggedIn({ type: "refused" });
        if (action.secret === "later") return session.loggedIn({ type: "temporary" });
        return session.loggedIn({ type: "opened", user: action.user, ...this.#quota });
      case "authenticate":
        return session.authenticated(this.#directory(action.question));
      case "open":
        return session.loggedIn({ type: "opened", user: "anna@a.example", quotaBytes: 0 });
      case "ask": {
        const begun = this.#begun[0]?.request === action.request ? this.#begun.shift() : undefined;
        return session.answered(begun?.outcome ?? this.#outcome(action));
      }
      case "ahead":
        // What is changed is changed now, whatever is asked before the answer is taken.
        if (action.name === "mailbox.store") {
          this.#begun.push({ request: action.request, outcome: this.#outcome(action) });
          this.begunMax = Math.max(this.begunMax, this.#begun.length);
          this.meanwhile();
        }
        return [];
      case "startTls":
        return session.tlsStarted();
      case "compress":
        return session.compressed();
      case "pause":
        return session.resumed();
      default:
        return [];
    }
  }

  #outcome({ name, request }: { readonly name: ImapAskName; readonly request: unknown }): AskOutcome {
    try {
      if (name === "mailbox.usage") return { type: "reply", reply: { bytes: 4_096, messages: 2 } };
      return { type: "reply", reply: this.mailboxes.answer(name as MailboxAskName, request as never) };
    } catch (error) {
      const failure = asFailure(error);
      if (failure === null) throw error;
      return { type: "failed", kind: failure.kind };
    }
  }
}

function describe(action: ImapAction): string {
  return action.type === "pause" ? `pause ${action.ms}` : action.type;
}

/** What SELECT tells of the first mailbox with three letters that came and nothing else: lines of a transcript. */
export const SELECTED_THREE = `
    S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
    S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] Kept
    S: * 3 EXISTS
    S: * 3 RECENT
    S: * OK [UNSEEN 1] First unseen
    S: * OK [UIDVALIDITY 1001] UIDs valid
    S: * OK [UIDNEXT 4] Predicted next UID
    S: * OK [HIGHESTMODSEQ 4] Highest
    S: * OK [ANNOTATIONS 4096] Annotations
    S: * OK [MAILBOXID (M1)] Id
    S: * OK [URLMECH INTERNAL] Mechanisms`;

/** Replays a transcript; questions are answered by a fake that `before` has filled. */
export function replay(
  text: string,
  before: (mailboxes: FakeMailboxes) => void,
  options: ClientOptions = {},
): void {
  transcript(() => driven(before, options), text);
}

/** The same for somebody who has logged in: the transcript begins behind that. */
export function replayUser(
  text: string,
  before: (mailboxes: FakeMailboxes) => void,
  options: ClientOptions = {},
): void {
  transcript(() => {
    const session = driven(before, options);
    return {
      ...session,
      open() {
        session.open();
        session.receive(utf8("l LOGIN anna@a.example secret\r\n"));
        return [];
      },
    };
  }, text);
}

/** A session for transcripts: greets, logs in and forgets what was said until then, unless `options.tls` says otherwise. */
function driven(before: (mailboxes: FakeMailboxes) => void, options: ClientOptions): TranscriptSession {
  const mailboxes = new FakeMailboxes();
  before(mailboxes);
  const client = new Client(mailboxes, options);
  let done = 0;
  const taken = () => {
    const sent = client.take();
    const others = client.did.slice(done);
    done = client.did.length;
    return [...(sent.length > 0 ? [{ type: "send", data: sent }] : []), ...others.map((type) => ({ type }))];
  };
  return {
    open() {
      client.perform(client.session.open());
      return taken();
    },
    receive(bytes) {
      client.receive(bytes);
      return taken();
    },
    answer(name, ...args) {
      happen(client, name, args);
      return taken();
    },
  };
}

const WATCHED = ["messages", "flags"] as const;

/** What others do meanwhile. */
function happen(client: Client, name: string, args: readonly unknown[]): void {
  const { session, mailboxes } = client;
  switch (name) {
    case "deliver":
      mailboxes.deliver(String(args[0]), String(args[1]));
      return client.perform([]);
    case "other":
      return other(mailboxes, String(args[0])), client.perform([]);
    case "messages":
      mailboxes.happened({
        mailboxes: [watchedMailbox(String(args[0]), Number(args[1]), WATCHED.slice(0, Number(args[2] ?? 1)))],
      });
      return client.perform([]);
    case "named":
      mailboxes.happened({
        names: [watchedName(String(args[0]), args[1] === true, (args[2] ?? {}) as Partial<WatchedName>)],
      });
      return client.perform([]);
    case "annotated":
      mailboxes.happened({ metadata: [{ name: String(args[0]) as MailboxName, entries: args.slice(1).map(String) }] });
      return client.perform([]);
    case "overflow":
      mailboxes.happened({ overflow: true });
      return client.perform([]);
    case "forgetViews":
      return mailboxes.forgetViews();
    case "timedOut":
    case "shuttingDown":
      return client.perform(session[name]());
    default:
      throw new Error(`nothing of the name ${name} can happen`);
  }
}

/** Another session of the same user selects INBOX, says this and leaves. */
export function other(mailboxes: FakeMailboxes, line: string): string {
  const client = new Client(mailboxes);
  client.perform(client.session.open());
  client.receive(utf8(`1 LOGIN anna secret\r\n2 SELECT INBOX\r\n3 ${line}\r\n4 LOGOUT\r\n`));
  return new TextDecoder().decode(client.take());
}

/** A session that has logged in, and selected INBOX when there is a name for it. */
export function loggedIn(
  mailboxes: FakeMailboxes,
  { user = "anna@a.example", ...options }: ClientOptions & { readonly user?: string } = {},
): Client {
  const client = new Client(mailboxes, options);
  client.perform(client.session.open());
  client.receive(utf8(`l LOGIN ${user} secret\r\n`));
  client.take();
  return client;
}

/** Says lines and gives the lines of the answer. */
export function say(client: Client, ...lines: readonly string[]): string[] {
  client.receive(utf8(lines.map((line) => `${line}\r\n`).join("")));
  const text = new TextDecoder().decode(client.take());
  return text === "" ? [] : text.replace(/\r\n$/, "").split("\r\n");
}
