import { asFailure, describeError, randomId } from "../../base/mod.ts";
import type { AccountRecord } from "../../messages/mod.ts";
import type { Connection } from "../../net/mod.ts";
import type { Credentials, SaslAnswer, SaslChannel, SaslQuestion } from "../../protocol/sasl/mod.ts";
import type { FrontServices } from "./services.ts";

/** Characters of our half of a SCRAM nonce, five random bits each (RFC 5802 §5.1: fresh for each exchange). */
const NONCE_CHARS = 32;

/** Who asks, and through which service: by that app passwords are limited. */
export interface LoginScene {
  readonly service: "smtp" | "pop3" | "imap";
  readonly connection: Connection;
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
    else if (found.answer.type === "refused") counters.failedLogins++; // The directory writes it down, and knows which user names are safe to write.
    return found;
  } catch (error) {
    if (asFailure(error) === null) throw error;
    log.warn("login failed", { service: scene.service, error: describeError(error) });
    return TEMPORARY;
  }
}

const TEMPORARY: LoginAnswer = { answer: { type: "temporary" }, account: null };

async function asked(
  question: LoginQuestion,
  { service, connection }: LoginScene,
  services: FrontServices,
): Promise<LoginAnswer> {
  const scene = { service, remote: connection.remote.address };
  const { directory, random } = services;
  const { type, ...request } = question;
  switch (type) {
    case "scramStart": {
      const found = await directory.ask("directory.scramStart", request as Asked<"scramStart">);
      return { answer: { type, ...found, nonce: randomId(random, NONCE_CHARS) }, account: null };
    }
    case "scramProof": {
      const found = await directory.ask("directory.scramProof", { ...request as Asked<"scramProof">, ...scene });
      return found.type === "accepted" ? granted(found.account, found.signature) : denied(found.type);
    }
    case "bearer": {
      const found = await directory.ask("directory.bearer", { ...request as Asked<"bearer">, ...scene });
      return found.type === "accepted" ? granted(found.account, null) : denied(found.type);
    }
    case "external": {
      const addresses = connection.tls?.peerAddresses ?? [];
      const given = { ...request as Asked<"external">, addresses, ...scene };
      const found = await directory.ask("directory.certified", given);
      return found.type === "accepted" ? granted(found.account, null) : denied(found.type);
    }
    case "password": {
      const found = await directory.ask("directory.authenticate", { ...request as Asked<"password">, ...scene });
      return found.type === "accepted" ? granted(found.account, null) : denied(found.type);
    }
  }
}

type Asked<T extends LoginQuestion["type"]> = Omit<Extract<LoginQuestion, { type: T }>, "type">;

function granted(account: AccountRecord, signature: Uint8Array | null): LoginAnswer {
  return { answer: { type: "accepted", user: account.address, signature }, account };
}

function denied(type: "refused" | "busy"): LoginAnswer {
  return type === "busy" ? TEMPORARY : { answer: { type }, account: null };
}
