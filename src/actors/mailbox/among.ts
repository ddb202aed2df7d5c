import { asFailure, type FailureKind } from "../../base/mod.ts";

/** What one of several comes to, which is its own: that it fails keeps no other. */
export async function among<T>(
  work: () => Promise<T>,
): Promise<T | { readonly type: "failed"; readonly kind: FailureKind }> {
  try {
    return await work();
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    return { type: "failed", kind: failure.kind };
  }
}
