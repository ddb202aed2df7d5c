import { describeError, Failure } from "../../base/mod.ts";
import type { QueueProtocol } from "../../messages/mod.ts";
import { defineActor } from "../../runtime/define_actor.ts";
import type { Context, Reply } from "../../runtime/types.ts";
import type { TraceRing } from "../trace.ts";
import { queueAccepts } from "./accepts.ts";
import { QueueEngine } from "./engine.ts";
import { decideWaiting, fetchWaiting, waitingUnder } from "./list_waiting.ts";
import { QueueOperator } from "./operator.ts";
import type { QueueServices } from "./services.ts";
import { mayAsk } from "../rights.ts";
import { tlsReportMail } from "./tls_report.ts";
import { QueueTurns } from "./turn.ts";

/** Name of the queue actor, in the worker of the same name. */
export const QUEUE_ACTOR = "queue";

/** Mails that may wait to be taken over; beyond it listeners are told "busy" and SMTP answers 451. */
const INBOX_MAX = 20_000;

/** What the queue actor is started with. */
export type QueueArgs = Omit<QueueServices, "clock" | "random" | "log"> & {
  /** Remembers what happens to mails; absent, only the log tells. */
  readonly trace?: TraceRing;
};

interface QueueState {
  readonly engine: QueueEngine;
  readonly operator: QueueOperator;
  readonly turns: QueueTurns;
}

/** The only owner of the outbound queue: takes mail over durably, and sees to it until it is delivered or reported on. */
export const queueActor = defineActor<QueueProtocol, QueueState, QueueArgs>({
  restart: "permanent",
  inboxMax: INBOX_MAX,
  accepts: queueAccepts,
  mayAsk,
  init(args, context) {
    const { clock, random } = context;
    const log = args.trace?.over(context.log) ?? context.log;
    const engine = new QueueEngine({ ...args, clock, random, log }, {
      tick: (delayMs) => context.later(delayMs, "queue.tick", null),
      load: (delayMs) => void context.later(delayMs, "queue.load", null),
    });
    const pause = () => new Promise<void>((resolve) => void clock.after(0, resolve));
    return { engine, operator: new QueueOperator(engine, pause), turns: new QueueTurns(engine, pause) };
  },
  stopped: ({ engine }) => engine.stop(),
  receive: {
    "queue.enqueue": ({ engine }, request, reply, context) =>
      beside(reply, context, async () => {
        await engine.enqueue(request);
        return null;
      }),
    "queue.report": ({ engine }, request, reply, context) =>
      beside(reply, context, async () => {
        await engine.reportSuccess(request);
        return null;
      }),
    "queue.tlsReport": ({ engine }, request, reply, context) =>
      beside(reply, context, async () => {
        await engine.enqueue(await tlsReportMail(request, engine.services));
        return null;
      }),
    "queue.listWaiting": ({ engine }, request, reply, context) =>
      beside(reply, context, () => Promise.try(() => waitingUnder(engine, request))),
    "queue.listFetch": ({ engine }, request, reply, context) =>
      beside(reply, context, () => Promise.try(() => fetchWaiting(engine, request))),
    "queue.listDecide": ({ engine }, request, reply, context) =>
      beside(reply, context, () => decideWaiting(engine, request)),
    "queue.list": ({ operator }, request, reply, context) => beside(reply, context, () => operator.list(request)),
    "queue.summary": ({ operator }, _request, reply) => reply.ok(operator.summary()),
    "queue.shape": ({ operator }, _request, reply, context) => beside(reply, context, () => operator.shape()),
    "queue.act": ({ operator }, request, reply, context) => beside(reply, context, () => operator.act(request)),
    "queue.turn": ({ turns }, request, reply, context) => beside(reply, context, () => turns.turn(request)),
    "queue.suspend": ({ engine }, { domain, forSeconds }, reply, context) =>
      beside(reply, context, async () => {
        await engine.suspend(domain, forSeconds * 1_000);
        return null;
      }),
    "queue.resume": ({ engine }, { domain }, reply, context) =>
      beside(reply, context, async () => {
        await engine.resume(domain);
        return null;
      }),
    "queue.drain": ({ engine }, { graceMs }, reply, context) =>
      beside(reply, context, async () => {
        await engine.drain(graceMs);
        return null;
      }),
    "queue.tick": ({ engine }) => engine.rang(),
    "queue.load": ({ engine }) => engine.load(),
  },
});

/** Work that goes on beside the inbox, so that all that waits forms one group; a defect there reaches the asker as `down`, and the log. */
function beside<T>(reply: Reply<T>, { log }: Context<QueueProtocol>, run: () => Promise<T>): void {
  run().then((value) => reply.ok(value), (error) => {
    if (!(error instanceof Failure)) log.error("queue request failed", { cause: describeError(error) });
    reply.fail(error);
  });
}
