import { Buffer } from "node:buffer";
import { Packr, RESET_BUFFER_MODE, REUSE_BUFFER_MODE, Unpackr } from "msgpackr/pack";
import { Failure, type FailureKind } from "../base/mod.ts";
import {
  ACTOR_NAME_CHARS_MAX,
  BATCH_BYTES_MAX,
  DEADLINE_MS_MAX,
  FAILURE_CHARS_MAX,
  MESSAGE_NAME_CHARS_MAX,
  TRACE_CHARS_MAX,
} from "./limits.ts";
import { type Beside, partsOf, putBack } from "./beside.ts";
import { scanBatch } from "./wire_scan.ts";

/** Version of the envelope and of the messages. A node understands this one and the one before. */
export const WIRE_VERSION = 1;

/** Whether a batch of `version` is understood by a program of version `own`. */
export function acceptsVersion(version: number, own: number = WIRE_VERSION): boolean {
  return version === own || (version === own - 1 && version > 0);
}

/** One thing that one worker says to another. The peer's node and worker are known from the link. */
export type Frame =
  | {
    readonly kind: "message";
    /** Name of the addressed actor, and of the sending one ("" when none sent it). */
    readonly to: string;
    readonly from: string;
    readonly type: string;
    /** Correlates the answer; 0 when it was told. */
    readonly id: number;
    /** Ms the asker still waits; 0 when it was told. */
    readonly deadlineMs: number;
    readonly trace: string | undefined;
    readonly request: unknown;
    /** About how many bytes it took on the wire; 0 on the way out. */
    readonly bytes: number;
  }
  /** `beside`: what was taken out of the value on the way out. */
  | { readonly kind: "ok"; readonly id: number; readonly value: unknown; readonly beside?: readonly Beside[] }
  | { readonly kind: "fail"; readonly id: number; readonly failure: Failure }
  | { readonly kind: "watch"; readonly id: number; readonly actor: string }
  | { readonly kind: "unwatch"; readonly id: number }
  | { readonly kind: "gone"; readonly id: number };

/** What one `postMessage` carries. */
export interface Batch {
  readonly version: number;
  /** Bytes received from the peer so far: gives it room to send more. */
  readonly acknowledged: number;
  readonly frames: readonly Frame[];
}

const MESSAGE = 0, OK = 1, FAIL = 2, WATCH = 3, UNWATCH = 4, GONE = 5;

/** A table, so that a kind added to `FailureKind` and forgotten here does not compile. */
const KINDS: Readonly<Record<FailureKind, true>> = {
  busy: true,
  down: true,
  deadline: true,
  disk: true,
  disk_full: true,
  dns: true,
  corrupt: true,
  locked: true,
  not_found: true,
  exists: true,
  invalid: true,
  refused: true,
  schema: true,
  closed: true,
};

// Plain maps instead of msgpackr's records: nothing on the wire may define structures that outlive a batch.
const packr = new Packr({ useRecords: false, variableMapSize: true });
const unpackr = new Unpackr({ useRecords: false });

/** From this size on a batch is packed into a buffer of its own. */
const LARGE_BYTES = 1024 * 1024;

/** The batch as one exact buffer, ready to be transferred. `bytes` is about how many it will take, when that is known. */
export function encodeBatch(
  batch: {
    readonly acknowledged: number;
    readonly frames: readonly Frame[];
    readonly version?: number;
    readonly bytes?: number;
  },
): ArrayBuffer {
  const list: unknown[] = [batch.version ?? WIRE_VERSION, batch.acknowledged];
  for (const frame of batch.frames) list.push(toWire(frame));
  const bytes = batch.bytes ?? 0;
  if (bytes >= LARGE_BYTES) return packLarge(list, bytes);
  // The packer's own buffer is used again at once: copied out here, nobody else sees it.
  return exactCopy(packr.pack(list, RESET_BUFFER_MODE));
}

function exactCopy(packed: Uint8Array): ArrayBuffer {
  const exact = new Uint8Array(packed.length);
  exact.set(packed);
  return exact.buffer;
}

/**
 * The packer's buffer would grow by copying itself and then stay as large as the largest batch ever; all packers of a thread
 * share it. So it is set aside, and put back where it was.
 */
function packLarge(list: unknown[], bytes: number): ArrayBuffer {
  const shared = packr.pack(null, REUSE_BUFFER_MODE | RESET_BUFFER_MODE);
  const position = packr.position;
  packr.useBuffer(Buffer.allocUnsafeSlow(Math.ceil(bytes * 1.125)));
  try {
    const packed = packr.pack(list);
    const { buffer } = packed;
    return packed.byteOffset === 0 && buffer instanceof ArrayBuffer
      ? buffer.transfer(packed.length)
      : exactCopy(packed);
  } finally {
    packr.useBuffer(shared);
    packr.position = position;
  }
}

/**
 * Reads what a peer sent; byte fields are views on the buffer. Throws Failure: `schema` for another version, `invalid` for
 * anything that is not a batch. Limits are checked on the bytes before anything is built.
 */
export function decodeBatch(data: unknown): Batch {
  const { batch, beside } = partsOf(data);
  if (batch.byteLength > BATCH_BYTES_MAX) throw new Failure("invalid", "a batch is too large");
  const bytes = new Uint8Array(batch);
  const rest = beside.values();
  scanBatch(bytes);
  const list: unknown = unpack(bytes);
  if (!Array.isArray(list) || list.length < 2) throw new Failure("invalid", "a batch is no list");
  const [version, acknowledged] = list as [unknown, unknown];
  if (!isCount(version) || !acceptsVersion(version)) {
    throw new Failure("schema", `a batch of wire version ${isCount(version) ? version : "unknown"}`);
  }
  if (!isCount(acknowledged)) throw new Failure("invalid", "a batch acknowledges no number");
  const frames: Frame[] = new Array(list.length - 2);
  // Shared out evenly: the sum is right, and that is what bounds an inbox.
  const share = Math.ceil(bytes.length / Math.max(1, frames.length));
  for (let i = 2; i < list.length; i++) frames[i - 2] = fromWire(list[i], share, rest);
  if (rest.next().done !== true) throw new Failure("invalid", "bytes beside a batch belong nowhere");
  return { version, acknowledged, frames };
}

function unpack(bytes: Uint8Array): unknown {
  try {
    return unpackr.unpack(bytes);
  } catch (cause) {
    throw new Failure("invalid", "a batch cannot be decoded", { cause });
  }
}

function toWire(frame: Frame): unknown[] {
  switch (frame.kind) {
    case "message": {
      const { to, from, type, id, deadlineMs, trace, request } = frame;
      return [MESSAGE, to, from, type, id, deadlineMs, trace ?? null, request];
    }
    case "ok":
      if (frame.beside === undefined) return [OK, frame.id, frame.value];
      return [OK, frame.id, frame.value, frame.beside.map(({ field }) => field)];
    case "fail": {
      const { kind, message, temporary } = frame.failure;
      return [FAIL, frame.id, kind, message.slice(0, FAILURE_CHARS_MAX), temporary];
    }
    case "watch":
      return [WATCH, frame.id, frame.actor];
    case "unwatch":
      return [UNWATCH, frame.id];
    case "gone":
      return [GONE, frame.id];
  }
}

function fromWire(value: unknown, bytes: number, beside: Iterator<ArrayBuffer>): Frame {
  if (!Array.isArray(value)) throw new Failure("invalid", "a frame is no list");
  const frame = value as unknown[];
  switch (frame[0]) {
    case MESSAGE:
      if (frame.length === 8) return messageFrom(frame, bytes);
      break;
    case OK:
      if (frame.length === 4 && Array.isArray(frame[3])) {
        for (const field of frame[3] as unknown[]) putBack(frame[2], field, beside.next().value);
      } else if (frame.length !== 3) break;
      if (isId(frame[1])) return { kind: "ok", id: frame[1], value: frame[2] };
      break;
    case FAIL:
      if (frame.length === 5) return failFrom(frame);
      break;
    case WATCH:
      if (frame.length === 3 && isId(frame[1]) && isText(frame[2], ACTOR_NAME_CHARS_MAX)) {
        return { kind: "watch", id: frame[1], actor: frame[2] };
      }
      break;
    case UNWATCH:
      if (frame.length === 2 && isId(frame[1])) return { kind: "unwatch", id: frame[1] };
      break;
    case GONE:
      if (frame.length === 2 && isId(frame[1])) return { kind: "gone", id: frame[1] };
      break;
  }
  throw new Failure("invalid", "a frame has an unknown form");
}

function messageFrom([, to, from, type, id, deadlineMs, trace, request]: unknown[], bytes: number): Frame {
  if (
    !isText(to, ACTOR_NAME_CHARS_MAX) || !isText(from, ACTOR_NAME_CHARS_MAX) || !isText(type, MESSAGE_NAME_CHARS_MAX) ||
    !isCount(id) || typeof deadlineMs !== "number" || !(deadlineMs >= 0 && deadlineMs <= DEADLINE_MS_MAX) ||
    !(trace === null || isText(trace, TRACE_CHARS_MAX))
  ) throw new Failure("invalid", "a message frame has a wrong field");
  return { kind: "message", to, from, type, id, deadlineMs, trace: trace ?? undefined, request, bytes };
}

function failFrom([, id, kind, message, temporary]: unknown[]): Frame {
  if (!isId(id) || !isKind(kind) || !isText(message, FAILURE_CHARS_MAX) || typeof temporary !== "boolean") {
    throw new Failure("invalid", "a failure frame has a wrong field");
  }
  return { kind: "fail", id, failure: new Failure(kind, message, { temporary }) };
}

function isKind(value: unknown): value is FailureKind {
  return typeof value === "string" && Object.hasOwn(KINDS, value);
}

function isText(value: unknown, charsMax: number): value is string {
  return typeof value === "string" && value.length <= charsMax;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isId(value: unknown): value is number {
  return isCount(value) && value > 0;
}
