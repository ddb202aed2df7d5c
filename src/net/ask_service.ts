import { type Clock, Failure } from "../base/mod.ts";
import { dial } from "./dial.ts";
import { kindOf } from "./error_kind.ts";
import type { Connection } from "./types.ts";
import { connectUnix } from "./unix.ts";
import type { DeadlineWheel } from "./wheel.ts";

/** Where a service of this or a neighbouring machine answers: over TCP in plain text, or at a Unix socket. */
export type ServiceAddress =
  | { readonly host: string; readonly port: number }
  | { readonly socket: string };

/** One question to a service, on a connection of its own. */
export interface ServiceQuestion<T> {
  readonly at: ServiceAddress;
  /**
   * What is sent at once, and for how long the service may think about it before the rest follows, in ms: what it answers to that
   * would be lost if it hung up while more is on its way.
   */
  readonly first?: { readonly piece: Uint8Array | string; readonly pauseMs: number };
  /** What is sent; taken piece by piece, as the service reads. */
  readonly pieces: Iterable<Uint8Array | string>;
  /** Given each piece of the answer: what it means once it is whole, null while more has to come. It has to keep its own bounds. */
  readonly read: (chunk: Uint8Array) => T | null;
  /** Called once somebody is there. */
  readonly connected?: () => void;
  /** Longest wait for the connection, in ms. */
  readonly connectMsMax: number;
  /** Longest time for all, in ms. */
  readonly timeMsMax: number;
  readonly clock: Clock;
  readonly wheel?: DeadlineWheel;
}

/**
 * Asks, and hangs up once the answer is whole, even when not all was sent: who has seen enough may say so early. Rejects with a
 * Failure: `refused` (nobody is there), `deadline`, or `closed` (no whole answer).
 */
export async function askService<T>(question: ServiceQuestion<T>): Promise<T> {
  const { first, pieces, read, timeMsMax, clock } = question;
  const untilMs = clock.monotonicMs() + timeMsMax;
  const connection = await connectionTo(question);
  question.connected?.();
  return await new Promise<T>((resolve, reject) => {
    const unsent = pieces[Symbol.iterator]();
    let stopPause = () => {};
    const give = (settle: () => void) => {
      settle();
      stopPause();
      connection.destroy();
    };
    const send = () => {
      while (!connection.congested) {
        const next = unsent.next();
        if (next.done) return;
        connection.write(next.value);
      }
    };
    connection.start({
      data(chunk) {
        const answer = read(chunk);
        if (answer !== null) give(() => resolve(answer));
      },
      drained: send,
      end: () => give(() => reject(new Failure("closed", "the service gave no whole answer"))),
      deadline: () => give(() => reject(new Failure("deadline", "the service took too long"))),
      // The last word, where nothing else was said: after an answer it changes nothing.
      closed: () => give(() => reject(new Failure("closed", "the service broke off"))),
    });
    connection.deadline(Math.max(1, untilMs - clock.monotonicMs()));
    if (first !== undefined) connection.write(first.piece);
    if (first === undefined || first.pauseMs === 0) send();
    else stopPause = clock.after(first.pauseMs, send);
  });
}

async function connectionTo<T>({ at, connectMsMax, clock, wheel }: ServiceQuestion<T>): Promise<Connection> {
  const options = { connectMsMax, clock, ...(wheel === undefined ? {} : { wheel }) };
  try {
    return "socket" in at
      ? await connectUnix(at.socket, options)
      : await dial({ ...options, host: at.host, port: at.port, tls: "none" });
  } catch (cause) {
    const reason = cause instanceof Failure ? cause.message : kindOf(cause);
    throw new Failure("refused", `the service is not there (${reason})`, { cause, temporary: true });
  }
}
