import { asFailure, describeError, randomId, unreachable } from "../../base/mod.ts";
import type { AccountRecord, AuthenticateReply } from "../../messages/mod.ts";
import type { Connection } from "../../net/mod.ts";
import type { Credentials, SaslAnswer, SaslChannel, SaslQuestion } from "../../protocol/sasl/mod.ts";
import type { FrontServices } from "./services.ts";

/** Characters of our half of a SCRAM nonce, five random bits each (RFC 5802 §5.1: fresh for each exchange). */
const NONCE_CHARS = 32;

/** Who asks, and through which service: by that app passwords are limited. */
export interface LoginScene {
  readonly service: "smtp" | "pop3" | "imap";
  /** Whose failures these are: the client's address, behind a proxy that of the proxy's client. */
  readonly remote: string;
  /** Mail addresses in the client's certificate, vouched for by an authority. */
  readonly addresses: readonly string[];
}

/** The scene of a login on this connection. */
export function loginScene(service: LoginScene["service"], { remote, tls }: Connection): LoginScene {
  return { service, remote: remote.address, addresses: tls?.peerAddresses ?? [] };
}

/** What the connection's TLS is good for; `binding` gives that of the certificate in use. */
export function channelOf({ tls }: Connection, binding?: () => Uint8Array | null): SaslChannel {
  return { binding: tls === null ? null : binding?.() ?? null, certified: (tls?.peerAddresses.length ?? 0) > 0 };
}

/** What a session asks when somebody wants in. */
export type LoginQuestion = { readonly type: "password" } & Credentials | SaslQuestion;

/** The answer for the session, and with `accepted` whose account it is. */
export type LoginAnswer =
  | { readonly answer: Extract<SaslAnswer, { type: "accepted" }>; readonly account: AccountRecord }
  | {
    readonly answer: Exclude<SaslAnswer, { type: "accepted" }> | { readonly type: "temporary" };
    readonly account: null;
  };

/** Takes a question of a login to the directory. What the world does to it is `temporary`; a defect of ours is thrown. */
export async function askLogin(
  question: LoginQuestion,
  scene: LoginScene,
  services: FrontServices,
): Promise<LoginAnswer> {
  const { counters, log } = services;
  try {
    const found = await asked(question, scene, services);
    if (found.account !== null) counters.logins++;
    // The directory writes it down, and knows which user names are safe to write.
    else if (found.answer.type === "refused") counters.failedLogins++;
    return found;
  } catch (error) {
    if (asFailure(error) === null) throw error;
    log.warn("login failed", { service: scene.service, error: describeError(error) });
    return TEMPORARY;
  }
}

const TEMPORARY: LoginAnswer = { answer: { type: "temporary" }, account: null };

async function asked(question: LoginQuestion, scene: LoginScene, services: FrontServices): Promise<LoginAnswer> {
  const { directory, random } = services;
  const { service, remote, addresses } = scene;
  switch (question.type) {
    case "scramStart": {
      const { type, user, hash } = question;
      const found = await directory.ask("directory.scramStart", { user, hash });
      return { answer: { type, ...found, nonce: randomId(random, NONCE_CHARS) }, account: null };
    }
    case "scramProof": {
      const { user, hash, authMessage, proof } = question;
      const request = { user, hash, authMessage, proof, service, remote };
      const reply = await directory.ask("directory.scramProof", request);
      return reply.type === "accepted" ? granted(reply.account, reply.signature) : denied(reply.type);
    }
    case "bearer": {
      const { user, token } = question;
      return plainAnswer(await directory.ask("directory.bearer", { user, token, service, remote }));
    }
    case "external":
      return plainAnswer(
        await directory.ask("directory.certified", { user: question.user, addresses, service, remote }),
      );
    case "password": {
      const { user, secret } = question;
      return plainAnswer(await directory.ask("directory.authenticate", { user, secret, service, remote }));
    }
    default:
      return unreachable(question);
  }
}

function plainAnswer(reply: AuthenticateReply): LoginAnswer {
  return reply.type === "accepted" ? granted(reply.account, null) : denied(reply.type);
}

function granted(account: AccountRecord, signature: Uint8Array | null): LoginAnswer {
  return { answer: { type: "accepted", user: account.address, signature }, account };
}

function denied(type: "refused" | "busy"): LoginAnswer {
  return type === "busy" ? TEMPORARY : { answer: { type }, account: null };
}
