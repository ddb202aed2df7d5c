import type { QueueVerb } from "../../messages/mod.ts";
import type { ItemState, StoredItem } from "../../storage/mod.ts";

/** How an item ends that an operator gives up. */
export const GIVEN_UP = {
  action: "failed",
  code: null,
  status: "5.0.0",
  text: "given up by an operator of this server",
} as const;

/** Whether a verb fits an item as it is. */
export function fits({ held }: StoredItem, verb: QueueVerb): boolean {
  return verb === "release" ? held : verb === "hold" || verb === "retry" ? !held : true;
}

/** An item after a verb; null when it is gone. */
export function nextOf(item: StoredItem, verb: Exclude<QueueVerb, "bounce">, nowMs: number): ItemState | null {
  switch (verb) {
    case "retry":
      return { ...item, dueMs: Math.min(item.dueMs, nowMs) };
    case "hold":
      return { ...item, held: true };
    case "release":
      return { ...item, held: false, dueMs: nowMs };
    case "delete":
      return null;
  }
}
