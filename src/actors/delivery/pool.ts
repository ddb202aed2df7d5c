import type { Conversation } from "./conversation.ts";
import { securityKey } from "./security.ts";
import type { Target } from "./targets.ts";

/** Connections that wait for the next mail to their host. Each takes its own leave when its time is over. */
export class ConversationPool {
  /** By the key of their target, in the order in which they were given. */
  readonly #kept = new Map<string, Conversation[]>();
  readonly #keys = new Map<Conversation, string>();

  constructor(private readonly keptMax: number) {}

  get size(): number {
    return this.#keys.size;
  }

  /** Takes the one out that was used last, or answers null. */
  take(key: string): Conversation | null {
    const kept = this.#kept.get(key)?.at(-1) ?? null;
    if (kept !== null) this.remove(kept);
    return kept;
  }

  /** Keeps a conversation; the one that has waited longest goes when there are too many. */
  give(key: string, conversation: Conversation): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) this.#kept.set(key, [conversation]);
    else kept.push(conversation);
    this.#keys.set(conversation, key);
    conversation.keep();
    if (this.#keys.size <= this.keptMax) return;
    for (const oldest of this.#keys.keys()) {
      this.remove(oldest);
      oldest.quit();
      break;
    }
  }

  /** Forgets one that has ended. */
  remove(conversation: Conversation): void {
    const key = this.#keys.get(conversation);
    if (key === undefined) return;
    this.#keys.delete(conversation);
    const kept = this.#kept.get(key)!;
    kept.splice(kept.lastIndexOf(conversation), 1);
    if (kept.length === 0) this.#kept.delete(key);
  }

  /** Takes leave of all. */
  clear(): void {
    for (const conversation of [...this.#keys.keys()]) {
      this.remove(conversation);
      conversation.quit();
    }
  }
}

/** Mails share a connection only where all that protects them is the same. */
export function keyOf({ name, address, port, tls, security, ca, login }: Target): string {
  const protection = [tls, securityKey(security), ca];
  return JSON.stringify([name, address, port, protection, login?.user ?? null, login?.secret ?? null]);
}
