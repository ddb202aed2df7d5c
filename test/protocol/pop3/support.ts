import { assert } from "@std/assert";
import { concat, utf8 } from "../../../src/base/bytes.ts";
import {
  type AuthAnswer,
  createPop3Session,
  type MaildropEntry,
  type Pop3Action,
  type Pop3Options,
  type Pop3Session,
} from "../../../src/protocol/pop3/mod.ts";
import type { TranscriptSession } from "../../support/transcript.ts";

export const OPTIONS: Pop3Options = { hostname: "mx.test", tls: "active", plaintextLogin: false };

/** The greeting and a login by USER and PASS, up to its question. */
export const LOGIN = `
    S: +OK mx.test POP3 ready
    C: USER anna@smith.test
    S: +OK Send PASS
    C: PASS open  sesame
    ? login USER ["anna@smith.test","open  sesame"]`;

/** A transcript session; `! opened 10 20 30` opens a maildrop of those sizes, `! bytes "…"` answers a fetch. */
export function pop3(options: Partial<Pop3Options> = {}): () => TranscriptSession<Pop3Action> {
  return () => {
    const session = createPop3Session({ ...OPTIONS, ...options });
    return {
      open: () => session.open(),
      receive: (bytes) => session.receive(bytes),
      answer: (name, ...args) => answer(session, name, args),
      describe: (action) => {
        if (action.type === "update") return `update ${action.uids.join(" ")}`.trimEnd();
        if (action.type === "authenticate") {
          const { type, ...rest } = action.question;
          const values = Object.values(rest).filter((value) => !(value instanceof Uint8Array));
          return `authenticate ${action.mechanism} ${type} ${JSON.stringify(values)}`;
        }
        if (action.type === "login") return `login ${action.mechanism} ${JSON.stringify([action.user, action.secret])}`;
        return Object.values(action).join(" ");
      },
    };
  };
}

function answer(session: Pop3Session, name: string, args: readonly unknown[]): Pop3Action[] {
  switch (name) {
    case "opened":
      return session.loggedIn({ type: "opened", uidValidity: 7, entries: maildrop(args as number[]) });
    case "authenticated":
      return session.authenticated(authAnswer(args[0] as Record<string, unknown>));
    case "refused":
    case "inUse":
    case "loginDelay":
    case "temporary":
      return session.loggedIn({ type: name });
    case "bytes":
      return session.fetched({ type: "bytes", bytes: utf8(args[0] as string) });
    case "failed":
      return session.fetched({ type: "failed", kind: args[0] as "gone" });
    case "updated":
      return session.updated(args[0] as boolean);
    case "tlsStarted":
      return session.tlsStarted({
        binding: args[0] === undefined ? null : Uint8Array.from(args[0] as number[]),
        certified: false,
      });
    case "resumed":
    case "timedOut":
    case "shuttingDown":
      return session[name]();
    default:
      throw new Error(`unknown answer ${name}`);
  }
}

/** Lists are bytes. */
function authAnswer(given: Record<string, unknown>): AuthAnswer {
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => [key, Array.isArray(value) ? Uint8Array.from(value) : value]),
  ) as unknown as AuthAnswer;
}

/** Entries of these sizes, with the UIDs 11, 12, 13 … */
export function maildrop(sizes: readonly number[]): MaildropEntry[] {
  return sizes.map((size, index) => ({ uid: 11 + index, size }));
}

/** What a driven session sent, and what else it did. */
export interface Outcome {
  readonly sent: Uint8Array;
  readonly actions: readonly string[];
  readonly session: Pop3Session;
  /** Most bytes of input it held. */
  readonly bufferedMax: number;
}

/** Sends the chunks to a session whose questions are answered at once, the messages being `bodies`. */
export function drive(
  chunks: readonly Uint8Array[],
  bodies: readonly Uint8Array[],
  options: Partial<Pop3Options> = {},
): Outcome {
  const session = createPop3Session({ ...OPTIONS, ...options });
  const sent: Uint8Array[] = [];
  const actions: string[] = [];
  let bufferedMax = 0;
  const perform = (first: readonly Pop3Action[]) => {
    const todo = [...first];
    for (let action = todo.shift(); action !== undefined; action = todo.shift()) {
      if (action.type === "send") sent.push(typeof action.data === "string" ? utf8(action.data) : action.data);
      else if (action.type !== "pause" || action.ms > 0) actions.push(JSON.stringify(action));
      if (action.type !== "send" && action.type !== "close") assert(todo.length === 0, "actions behind a question");
      todo.push(...answerAtOnce(session, action, bodies));
      bufferedMax = Math.max(bufferedMax, session.bufferedBytes);
    }
  };
  perform(session.open());
  for (const chunk of chunks) {
    perform(session.receive(chunk));
    bufferedMax = Math.max(bufferedMax, session.bufferedBytes);
  }
  return { sent: concat(sent), actions, session, bufferedMax };
}

function answerAtOnce(session: Pop3Session, action: Pop3Action, bodies: readonly Uint8Array[]): Pop3Action[] {
  switch (action.type) {
    case "login":
      if (action.secret === "wrong") return session.loggedIn({ type: "refused" });
      return session.loggedIn({ type: "opened", uidValidity: 7, entries: maildrop(bodies.map((body) => body.length)) });
    case "fetch": {
      const body = bodies[action.uid - 11]!;
      return session.fetched({ type: "bytes", bytes: body.slice(action.offset, action.offset + action.length) });
    }
    case "update":
      return session.updated(true);
    case "startTls":
      return session.tlsStarted();
    case "pause":
      return session.resumed();
    default:
      return [];
  }
}
