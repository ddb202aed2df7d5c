import { bytesOfAnnotations } from "./annotation_change.ts";
import type { Change } from "./change.ts";

/** Space the index may need for one row of a commit: two pages. */
const INDEX_BYTES_A_ROW = 8 * 1024;
/** Pages of names that one change of a tree may touch: thousands of names lie close together. */
const TREE_ROWS = 256;

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

/** Space that the index may need for it. */
export function indexBytesOf(change: Change): number {
  return rowsOf(change) * INDEX_BYTES_A_ROW;
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

/** Rows a change may touch. */
function rowsOf(change: Change): number {
  switch (change.kind) {
    case "deliver":
      return change.targets.length;
    case "append":
      return change.messages.length + (change.replaces === null ? 0 : 1);
    case "withdraw":
      return 16;
    case "tree":
      return TREE_ROWS;
    case "annotate":
      return change.uids.length * (1 + change.changes.length + Math.ceil(bytesOf(change) / 1_024));
    case "settings":
      return change.entries.length + Math.ceil(bytesOf(change) / 1_024);
    case "purge":
    case "drain":
    case "sweep":
      return change.limit;
    default:
      return change.uids.length;
  }
}
