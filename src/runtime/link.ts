import { describeError, Failure, type Log } from "../base/mod.ts";
import { ACK_EVERY_BYTES, BATCH_FLUSH_BYTES, LINK_REPLY_FACTOR } from "./limits.ts";
import { type Sent, sentBytes, takeOut } from "./beside.ts";
import { measure } from "./wire_measure.ts";
import { type Batch, decodeBatch, encodeBatch, type Frame } from "./wire.ts";

/** The two ends of a channel between workers: one of two threads, or the simulator's stand-in. */
export interface LinkPort {
  /** Hands over one batch; its buffers belong to the receiver afterwards. */
  send(batch: Sent): void;
  /** Calls `handle` for every batch that arrives, in the order sent. Called once. */
  receive(handle: (batch: unknown) => void): void;
  close(): void;
}

/** Counters of one link, for stats and tests. */
export interface LinkStats {
  readonly peer: string;
  readonly batchesSent: number;
  readonly framesSent: number;
  readonly bytesSent: number;
  /** Bytes the peer has not acknowledged yet. */
  readonly bytesWaiting: number;
  readonly batchesReceived: number;
  readonly framesReceived: number;
  readonly badBatches: number;
  readonly busy: number;
}

/** What a link needs of its system. */
export interface LinkOwner {
  /** Called when something waits to be flushed at the end of the turn. */
  wantFlush(link: Link): void;
  received(link: Link, frame: Frame): void;
}

/** The channel to one peer worker: gathers frames into batches and bounds what the peer has not taken yet. */
export class Link {
  #frames: Frame[] = [];
  #queuedBytes = 0;
  /** How many of them go beside the batch. */
  #besideBytes = 0;
  #sentBytes = 0;
  #acknowledged = 0;
  #receivedBytes = 0;
  #toldReceived = 0;
  #wanted = false;
  readonly #ackEvery: number;
  #counts = { batchesSent: 0, framesSent: 0, batchesReceived: 0, framesReceived: 0, badBatches: 0, busy: 0 };
  closed = false;
  /** Watches that the peer holds on actors here: id → how to end it. */
  readonly watches = new Map<number, () => void>();

  constructor(
    readonly peer: { readonly node: string; readonly worker: string },
    private readonly port: LinkPort,
    private readonly owner: LinkOwner,
    private readonly log: Log,
    private readonly bytesMax: number,
  ) {
    this.#ackEvery = Math.min(ACK_EVERY_BYTES, bytesMax / 4);
    port.receive((data) => this.#receive(data));
  }

  stats(): LinkStats {
    return {
      peer: this.peer.worker,
      ...this.#counts,
      bytesSent: this.#sentBytes,
      bytesWaiting: this.#sentBytes - this.#acknowledged + this.#queuedBytes,
    };
  }

  /**
   * Queues a message. False when the peer is too far behind. Throws Bug for what the wire cannot carry and Failure
   * `invalid` for what is too large.
   */
  offer(frame: Frame & { readonly kind: "message" }): boolean {
    const bytes = measure(frame.request) + frame.to.length + frame.type.length + 32;
    if (!this.#roomFor(1)) {
      this.#counts.busy++;
      return false;
    }
    this.#queue(frame, bytes);
    return true;
  }

  /**
   * Queues an answer; the bytes in the fields `moved` may be given away. One that finds no room is answered as `busy`, so that the
   * asker need not wait for its deadline.
   */
  answer(id: number, value: unknown, moved: readonly string[] = []): void {
    if (this.closed) return;
    try {
      const bytes = measure(value) + 16;
      if (this.#roomFor(LINK_REPLY_FACTOR)) return this.#queue(this.#answerOf(id, value, moved), bytes);
      this.#counts.busy++;
      this.control({ kind: "fail", id, failure: new Failure("busy", `${this.peer.worker} takes no more answers`) });
    } catch (error) {
      const failure = error instanceof Failure ? error : new Failure("down", "the answer cannot be sent");
      this.control({ kind: "fail", id, failure });
      if (failure !== error) throw error;
    }
  }

  #answerOf(id: number, value: unknown, moved: readonly string[]): Frame {
    if (moved.length === 0 || typeof value !== "object" || value === null) return { kind: "ok", id, value };
    const { rest, beside } = takeOut(value, moved);
    if (beside.length === 0) return { kind: "ok", id, value };
    for (const { buffer } of beside) this.#besideBytes += buffer.byteLength;
    return { kind: "ok", id, value: rest, beside };
  }

  /** Queues what must not be refused: failures, watches and their ends. */
  control(frame: Frame): void {
    if (!this.closed) this.#queue(frame, 64);
  }

  /** Sends what waits as one batch; without frames only when the peer must be told what has arrived. */
  flush(): void {
    this.#wanted = false;
    if (this.closed) return;
    if (this.#frames.length === 0 && this.#receivedBytes - this.#toldReceived < this.#ackEvery) return;
    const frames = this.#frames;
    const batch = this.#encode(frames, this.#queuedBytes - this.#besideBytes);
    this.#frames = [];
    this.#queuedBytes = this.#besideBytes = 0;
    this.#toldReceived = this.#receivedBytes;
    this.#sentBytes += sentBytes(batch);
    this.#counts.batchesSent++;
    this.#counts.framesSent += frames.length;
    this.port.send(batch);
  }

  /** Ends the link; what waits is dropped, for its askers are told "down" by the system. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#frames = [];
    for (const end of [...this.watches.values()]) end();
    this.watches.clear();
    this.port.close();
  }

  #roomFor(factor: number): boolean {
    return !this.closed && this.#sentBytes - this.#acknowledged + this.#queuedBytes < this.bytesMax * factor;
  }

  #queue(frame: Frame, bytes: number): void {
    this.#frames.push(frame);
    this.#queuedBytes += bytes;
    if (this.#queuedBytes >= BATCH_FLUSH_BYTES) this.flush();
    else this.#want();
  }

  #want(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.owner.wantFlush(this);
  }

  /** What was measured can be packed, unless its sender changed it afterwards: then that frame alone is lost. */
  #encode(frames: Frame[], bytes: number): Sent {
    try {
      return withBeside(encodeBatch({ acknowledged: this.#receivedBytes, frames, bytes }), frames);
    } catch (error) {
      this.log.error("batch cannot be encoded", { peer: this.peer.worker, error: describeError(error) });
      const sound = frames.filter((frame) => canEncode(frame));
      return withBeside(encodeBatch({ acknowledged: this.#receivedBytes, frames: sound }), sound);
    }
  }

  #receive(data: unknown): void {
    if (this.closed) return;
    this.#receivedBytes += sentBytes(data);
    if (this.#receivedBytes - this.#toldReceived >= this.#ackEvery) this.#want();
    const batch = this.#decode(data);
    if (batch === null) return;
    this.#counts.batchesReceived++;
    this.#counts.framesReceived += batch.frames.length;
    // A peer cannot acknowledge what was never sent, nor take an acknowledgement back.
    this.#acknowledged = Math.max(this.#acknowledged, Math.min(batch.acknowledged, this.#sentBytes));
    for (const frame of batch.frames) this.owner.received(this, frame);
  }

  #decode(data: unknown): Batch | null {
    try {
      return decodeBatch(data);
    } catch (error) {
      const bad = ++this.#counts.badBatches;
      // A peer gone wrong must not fill the log: the 1st, 2nd, 4th, 8th … are written.
      if ((bad & (bad - 1)) === 0) {
        this.log.warn("batch refused", { peer: this.peer.worker, count: bad, error: describeError(error) });
      }
      return null;
    }
  }
}

function withBeside(batch: ArrayBuffer, frames: readonly Frame[]): Sent {
  const all = [batch];
  for (const frame of frames) {
    if (frame.kind === "ok") { for (const { buffer } of frame.beside ?? []) all.push(buffer); }
  }
  return all.length === 1 ? batch : all;
}

function canEncode(frame: Frame): boolean {
  try {
    encodeBatch({ acknowledged: 0, frames: [frame] });
    return true;
  } catch {
    return false;
  }
}
