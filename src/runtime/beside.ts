import { Failure } from "../base/mod.ts";

/** Fewer bytes are copied: a buffer of its own costs more. */
const BYTES_MIN = 16 * 1024;
/** Buffers that go beside one batch: a batch goes out when it has grown to a few of the smallest. */
const BUFFERS_MAX = 64;

/** Bytes of an answer that go to the other worker as they are, beside the batch; nobody here may use them any more. */
export interface Beside {
  /** The field of the answer where they belong. */
  readonly field: string;
  readonly buffer: ArrayBuffer;
}

/** What a port carries: a batch, or a batch and what goes beside it. */
export type Sent = ArrayBuffer | ArrayBuffer[];

/** Takes those of the given fields out of an answer that fill a buffer of their own. */
export function takeOut(
  value: object,
  fields: readonly string[],
): { readonly rest: object; readonly beside: Beside[] } {
  const rest: Record<string, unknown> = { ...value };
  const beside: Beside[] = [];
  for (const field of fields) {
    const bytes = rest[field];
    if (!(bytes instanceof Uint8Array) || bytes.length < BYTES_MIN) continue;
    const { buffer } = bytes;
    if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== bytes.length) continue;
    // One buffer in two fields cannot go twice.
    if (beside.some((other) => other.buffer === buffer)) continue;
    beside.push({ field, buffer });
    rest[field] = null;
  }
  return { rest, beside };
}

/** Puts bytes back where they belong. Throws Failure `invalid` when there is no such place. */
export function putBack(value: unknown, field: unknown, buffer: ArrayBuffer | undefined): void {
  const fits = typeof value === "object" && value !== null && typeof field === "string" && Object.hasOwn(value, field);
  if (!fits || buffer === undefined) throw new Failure("invalid", "bytes beside a batch belong nowhere");
  (value as Record<string, unknown>)[field] = new Uint8Array(buffer);
}

/** A batch and what is beside it. Throws Failure `invalid` for anything else. */
export function partsOf(sent: unknown): { readonly batch: ArrayBuffer; readonly beside: readonly ArrayBuffer[] } {
  const parts: readonly unknown[] = Array.isArray(sent) ? sent.slice(0, BUFFERS_MAX + 2) : [sent];
  if (parts.length > BUFFERS_MAX + 1) throw new Failure("invalid", "too much goes beside a batch");
  const buffers = parts.filter((part) => part instanceof ArrayBuffer);
  const [batch, ...beside] = buffers;
  if (batch === undefined || buffers.length < parts.length) throw new Failure("invalid", "a batch is no buffer");
  return { batch, beside };
}

/** Bytes of all that a port carries; 0 for what is nothing of the kind. */
export function sentBytes(sent: unknown): number {
  if (sent instanceof ArrayBuffer) return sent.byteLength;
  let bytes = 0;
  if (!Array.isArray(sent) || sent.length > BUFFERS_MAX + 1) return 0;
  for (const part of sent) bytes += part instanceof ArrayBuffer ? part.byteLength : 0;
  return bytes;
}
