import { asFailure } from "../../base/failure.ts";
import { untaggedStatus } from "./completion.ts";
import { ask, type Program } from "./effects.ts";
import { noNotices, type Scene } from "./state.ts";

/** Ends a watch; an owner that cannot be asked ends it with the connection. */
export function* endWatch(watch: number): Program<void> {
  try {
    yield* ask("mailbox.close", { view: watch });
  } catch (error) {
    if (asFailure(error) === null) throw error;
  }
}

/** More happened than can be told: from now on it is as if NOTIFY NONE had come (RFC 5465 §5.8). */
export function overflow({ state, output }: Scene): void {
  state.notify = noNotices();
  output.push(untaggedStatus("ok", "More happened than can be told", "NOTIFICATIONOVERFLOW"));
}
