import type { Scene } from "./state.ts";

/** What no command brings: both revisions, and literals that need no go-ahead (RFC 7888). */
const BASE: readonly string[] = ["IMAP4rev1", "IMAP4rev2", "LITERAL+"];

/**
 * The capabilities of a session as it is now (RFC 9051 §7.2.2): what the commands of the table say of themselves. What only a
 * user can use is told only to users: strangers learn little, and greetings are short.
 */
export function capabilityList(scene: Scene): string {
  const names = new Set(BASE);
  for (const command of scene.commands.values()) {
    if (scene.state.login !== null) { for (const name of command.brings ?? []) names.add(name); }
    for (const name of command.capabilities?.(scene) ?? []) names.add(name);
  }
  return [...names].join(" ");
}
