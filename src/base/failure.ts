/** What went wrong with the world outside: the name a program can test for. */
export type FailureKind =
  | "busy" // A bounded queue is full: try again later.
  | "down" // The actor or worker that was asked is gone.
  | "deadline" // No answer came in time.
  | "disk" // A write or flush failed.
  | "disk_full" // No space is left on the device.
  | "corrupt" // A checksum or structure is wrong.
  | "locked" // Another process or session owns it.
  | "dns" // A name server failed or did not answer.
  | "not_found"
  | "exists"
  | "invalid" // The request cannot be honoured as it is written.
  | "refused"
  | "schema" // Data written by another version of the program.
  | "closed";

const TEMPORARY: ReadonlySet<FailureKind> = new Set([
  "busy",
  "down",
  "deadline",
  "disk",
  "disk_full",
  "dns",
  "locked",
  "closed",
]);

/**
 * The world is wrong: disk, peer worker, deadline. Marked temporary or permanent where it is born. The client is told a
 * generic text; `message` and `cause` are for the operator's log and never hold message text or secrets.
 */
export class Failure extends Error {
  override name = "Failure";
  readonly temporary: boolean;
  constructor(readonly kind: FailureKind, message: string, options: { cause?: unknown; temporary?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.temporary = options.temporary ?? TEMPORARY.has(kind);
  }
}

/** The failure in `error`, or null when it is a defect of ours. */
export function asFailure(error: unknown): Failure | null {
  return error instanceof Failure ? error : null;
}

/** One line for the log: name, message and the chain of causes. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error, depth = 0; at !== undefined && depth < 5; depth++) {
    parts.push(at instanceof Error ? `${at.name}: ${at.message}` : String(at));
    at = at instanceof Error ? at.cause : undefined;
  }
  return parts.join(" <- ");
}
