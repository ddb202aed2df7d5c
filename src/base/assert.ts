/** Raised when our own code is wrong. Nobody catches it: the actor dies and its supervisor starts it anew. */
export class Bug extends Error {
  override name = "Bug";
}

/** States what must hold here. A failure is a defect of ours, never the answer to bad input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Bug(message);
}

/** Marks a branch that the types say cannot be reached. */
export function unreachable(value: never): never {
  throw new Bug(`unreachable: ${JSON.stringify(value)}`);
}
