import type { Pop3Context, Pop3State } from "./state.ts";

/** The lines of CAPA (RFC 2449 §5): what the commands say of themselves, then what has no command. */
export function capabilityLines(state: Pop3State, context: Pop3Context): readonly string[] {
  const lines: string[] = [];
  for (const command of context.commands.values()) {
    const line = command.capability?.(state, context) ?? null;
    if (line !== null) lines.push(line);
  }
  return [...lines, ...features(context)];
}

function features({ options }: Pop3Context): readonly string[] {
  const delay = options.loginDelaySeconds;
  return [
    "PIPELINING", // RFC 2449 §6.6
    "RESP-CODES", // RFC 2449 §6.4
    "AUTH-RESP-CODE", // RFC 3206 §6
    ...(delay === undefined ? [] : [`LOGIN-DELAY ${delay}`]), // RFC 2449 §6.5
    `EXPIRE ${options.expire ?? "NEVER"}`, // RFC 2449 §6.7
    ...(options.implementation === undefined ? [] : [`IMPLEMENTATION ${options.implementation}`]), // RFC 2449 §6.9
  ];
}
