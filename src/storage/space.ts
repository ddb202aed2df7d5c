import { bytesOfAnnotations } from "./account/annotation_change.ts";
import type { Change } from "./change.ts";
import type { ShardOp } from "./shard_log.ts";

/** Bytes that a change keeps in memory while it waits. */
export function bytesOf(change: Change): number {
  switch (change.kind) {
    case "deliver":
      return change.size + (change.index?.length ?? 0);
    case "append":
      return change.messages.reduce((sum, { size, index }) => sum + size + (index?.length ?? 0), 0);
    case "annotate":
      return bytesOfAnnotations(change.changes);
    case "settings":
      return change.entries.reduce((sum, [name, value]) => sum + name.length + (value?.length ?? 0), 0);
    default:
      return 0;
  }
}

/** Whether it is refused on a full device; what frees space goes on. */
export function takesSpace(change: Change): boolean {
  switch (change.kind) {
    case "deliver":
    case "append":
      return true;
    case "copy":
      return !change.move;
    case "annotate":
      return change.changes.some(({ value }) => value !== null);
    case "settings":
      return change.entries.some(([, value]) => value !== null);
    default:
      return false;
  }
}

/** Whether an op of a record is what such a change becomes. */
export function opTakesSpace(op: ShardOp): boolean {
  switch (op.kind) {
    case "deliver":
    case "append":
      return true;
    case "copy":
      return op.removed === null;
    case "annotate":
      return op.changes.some(({ value }) => value !== null);
    case "settings":
      return op.entries.some(([, value]) => value !== null);
    default:
      return false;
  }
}
