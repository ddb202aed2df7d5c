import { asFailure, Failure, type FailureKind } from "../../base/failure.ts";
import type { Program } from "./effects.ts";

/** What one of several comes to that could not be made. */
interface Failed {
  readonly type: "failed";
  readonly kind: FailureKind;
}

/** Asks for several at once: what keeps all of them is the failure of each. */
export function* askEach<R extends { readonly answers: readonly unknown[] }>(
  asked: Program<R>,
  failed: (answer: Failed) => R,
): Program<R> {
  try {
    return yield* asked;
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    return failed({ type: "failed", kind: failure.kind });
  }
}

/** What became of one of them. Throws its `Failure` when it could not be made. */
export function made<A extends { readonly type: string } | null>(answer: A): Exclude<A, Failed> {
  if (answer?.type !== "failed") return answer as Exclude<A, Failed>;
  throw new Failure((answer as unknown as Failed).kind, "one of several commands of a pipeline failed");
}
