import { Bug, Failure } from "../base/mod.ts";
import { FRAME_BYTES_MAX, FRAME_DEPTH_MAX, FRAME_ITEMS_MAX } from "./limits.ts";

interface Tally {
  bytes: number;
  items: number;
}

/**
 * About how many bytes `value` takes on the wire (never less than half, never more than three times as many). Throws Bug for
 * what the wire cannot carry (functions, class instances, cycles), Failure `invalid` for what is too large.
 */
export function measure(value: unknown): number {
  const tally: Tally = { bytes: 0, items: 0 };
  walk(value, 1, tally);
  return tally.bytes;
}

function walk(value: unknown, depth: number, tally: Tally): void {
  if (++tally.items > FRAME_ITEMS_MAX) throw new Failure("invalid", "a message holds too many values");
  switch (typeof value) {
    case "string":
      tally.bytes += 3 + value.length;
      break;
    case "number":
      tally.bytes += 5;
      break;
    case "boolean":
      tally.bytes += 1;
      break;
    case "undefined":
      tally.bytes += 3;
      break;
    case "bigint":
      if (BigInt.asIntN(64, value) !== value && BigInt.asUintN(64, value) !== value) {
        throw new Bug("a message holds an integer of more than 64 bits");
      }
      tally.bytes += 9;
      break;
    case "object":
      if (value === null) tally.bytes += 1;
      else walkObject(value, depth, tally);
      break;
    default:
      throw new Bug(`a message holds a ${typeof value}`);
  }
  if (tally.bytes > FRAME_BYTES_MAX) throw new Failure("invalid", "a message is too large");
}

function walkObject(value: object, depth: number, tally: Tally): void {
  if (value instanceof Uint8Array) {
    tally.bytes += 5 + value.length;
    return;
  }
  if (depth > FRAME_DEPTH_MAX) throw new Bug("a message is nested too deeply");
  tally.bytes += 3;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) walk(value[i], depth + 1, tally);
    return;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new Bug(`a message holds an instance of ${value.constructor?.name ?? "a class"}`);
  }
  if ("toJSON" in value) throw new Bug("a message holds a member named toJSON");
  for (const key in value) {
    tally.bytes += 1 + key.length;
    tally.items++;
    walk((value as Record<string, unknown>)[key], depth + 1, tally);
  }
}
