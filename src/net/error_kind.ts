/** The system's name of an error ("ECONNRESET"): all that a log says of a socket's trouble. */
export function kindOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : error instanceof Error ? error.name : "unknown";
}
