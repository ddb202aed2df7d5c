import { formatAddress, parseDomain } from "../../../../src/mail/mod.ts";
import {
  type AuthAnswer,
  type AuthQuestion,
  createSmtpSession,
  type DeliveryOutcome,
  type QueueTurn,
  type ReceivedMail,
  type RecipientVerdict,
  type SenderVerdict,
  type SmtpAction,
  type SmtpLimits,
  type SmtpSession,
  type SmtpSessionOptions,
} from "../../../../src/protocol/smtp/mod.ts";
import { latin1 } from "../../../../src/base/latin1.ts";
import type { TranscriptSession } from "../../../support/transcript.ts";

/** A session of mx.test that keeps what it delivered. */
export type TestSession = TranscriptSession<SmtpAction> & {
  readonly smtp: SmtpSession;
  readonly mails: ReceivedMail[];
};

/** When all that a test sends arrives: 2026-11-26T12:00:00Z, in ms since 1970 UTC. */
export const WALL_MS = Date.UTC(2026, 10, 26, 12);

/** A factory for the transcript runner; a `?` line of a delivery shows the content as JSON. */
export function smtp(
  limits: Partial<SmtpLimits> = {},
  options: Partial<
    Pick<
      SmtpSessionOptions,
      "tls" | "quirks" | "dialect" | "submission" | "channel" | "greetDelayMs" | "xclient" | "etrn"
    >
  > = {},
): () => TestSession {
  return () => {
    const session = createSmtpSession({
      hostname: "mx.test",
      postmasterDomain: parseDomain("mx.test")!,
      ...{ tls: "none", ...options },
      limits,
    });
    const mails: ReceivedMail[] = [];
    const keep = (actions: SmtpAction[]) => {
      for (const action of actions) if (action.type === "deliver") mails.push(action.mail);
      return actions;
    };
    return {
      smtp: session,
      mails,
      open: () => session.open(),
      receive: (bytes) => keep(session.receive(bytes, WALL_MS)),
      answer: (name, ...args) => keep(answer(session, name, args)),
      describe: describeSmtp,
    };
  };
}

/** The bytes of the content, one character each. */
export function content(mail: ReceivedMail): string {
  return mail.body.map(latin1).join("");
}

function answer(session: SmtpSession, name: string, args: readonly unknown[]): SmtpAction[] {
  switch (name) {
    case "authenticated":
      return session.authenticated(authAnswer(args[0]));
    case "senderChecked":
      return session.senderChecked(args[0] as SenderVerdict);
    case "recipientChecked":
      return session.recipientChecked(args[0] as RecipientVerdict);
    case "delivered": {
      const [type, id] = args as [string, string?];
      return session.delivered(outcomeOf(type, id ?? "id"));
    }
    case "deliveredEach":
      return session.deliveredEach(args.map((word, i) => outcomeOf(String(word), `id${i}`)));
    case "queueTurned": {
      const [type, mails] = args as [string, number?];
      return session.queueTurned({ type, mails } as QueueTurn);
    }
    case "loginAdopted":
      return session.loginAdopted((args[0] ?? null) as string | null);
    case "tlsStarted":
      return session.tlsStarted();
    case "resumed":
      return session.resumed();
    case "timedOut":
      return session.timedOut();
    case "shuttingDown":
      return session.shuttingDown();
    default:
      throw new Error(`no such answer: ${name}`);
  }
}

function outcomeOf(type: string, id: string): DeliveryOutcome {
  return (type === "accepted" ? { type, id } : { type }) as DeliveryOutcome;
}

/** An address is who has logged in; else the type of an answer, or a whole answer. */
function authAnswer(given: unknown): AuthAnswer {
  if (typeof given !== "string") return given as AuthAnswer;
  if (given.includes("@")) return { type: "accepted", user: given, signature: null };
  return { type: given as "refused" };
}

function describeSmtp(action: SmtpAction): string {
  switch (action.type) {
    case "authenticate": {
      const { type, ...rest } = action.question;
      const values = Object.values(rest).filter((value) => !(value instanceof Uint8Array));
      return `authenticate ${action.mechanism} ${type} ${JSON.stringify(values)}`;
    }
    case "checkSender":
      return `checkSender ${formatAddress(action.sender)}`;
    case "checkRecipient":
      return `checkRecipient ${formatAddress(action.recipient)} ${action.size}${action.relay ? " relay" : ""}`;
    case "deliver": {
      const { sender, recipients, protocol } = action.mail;
      const to = recipients.map(({ address }) => formatAddress(address)).join(",");
      return `deliver ${protocol} <${sender === null ? "" : formatAddress(sender)}> ${to} ${
        JSON.stringify(content(action.mail))
      }`;
    }
    case "adoptLogin":
      return `adoptLogin ${formatAddress(action.login)}`;
    case "turnQueue":
      return `turnQueue ${action.node.domain}${action.node.below ? " and below" : ""}`;
    case "clientNamed":
      return `clientNamed ${JSON.stringify(action.client)}`;
    case "pause":
      return `pause ${action.ms}`;
    default:
      return action.type;
  }
}

/** What a session said and did: its wire text, its other actions by name, and the mails it delivered. */
export interface Outcome {
  readonly text: string;
  readonly events: readonly string[];
  readonly mails: readonly ReceivedMail[];
  /** The most that `bufferedBytes` ever was. */
  readonly bufferedMax: number;
}

/** Feeds chunks to a session whose every question is answered with yes. */
export function drive(
  session: TestSession,
  chunks: Iterable<Uint8Array>,
  logins: (question: AuthQuestion) => AuthAnswer = () => ({ type: "refused" }),
): Outcome {
  let text = "";
  let bufferedMax = 0;
  const events: string[] = [];
  const work = [...session.open()];
  const settle = () => {
    for (let action = work.shift(); action !== undefined; action = work.shift()) {
      if (action.type === "send") text += action.text;
      else events.push(action.type);
      if (action.type === "checkRecipient") work.push(...session.answer("recipientChecked", "accepted"));
      else if (action.type === "checkSender") work.push(...session.answer("senderChecked", "accepted"));
      else if (action.type === "authenticate") work.push(...session.answer("authenticated", logins(action.question)));
      else if (action.type === "deliver") work.push(...session.answer("delivered", "accepted", "id"));
      else if (action.type === "adoptLogin") work.push(...session.answer("loginAdopted", formatAddress(action.login)));
      else if (action.type === "turnQueue") work.push(...session.answer("queueTurned", "none"));
      else if (action.type === "startTls") work.push(...session.answer("tlsStarted"));
      else if (action.type === "pause") work.push(...session.answer("resumed"));
    }
  };
  settle();
  for (const chunk of chunks) {
    work.push(...session.receive(chunk));
    settle();
    bufferedMax = Math.max(bufferedMax, session.smtp.bufferedBytes);
  }
  return { text, events, mails: session.mails, bufferedMax };
}

/** Latin-1 text as bytes. */
export function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The bytes cut at the given positions. */
export function cut(whole: Uint8Array, positions: readonly number[]): Uint8Array[] {
  const sorted = [...new Set(positions.filter((at) => at > 0 && at < whole.length))].sort((a, b) => a - b);
  return [0, ...sorted].map((from, i) => whole.slice(from, sorted[i] ?? whole.length));
}
