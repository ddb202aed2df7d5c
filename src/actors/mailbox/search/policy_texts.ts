import type { TextProtocol } from "../../../messages/mod.ts";
import type { Ref } from "../../../runtime/types.ts";
import { ByteGate } from "./byte_gate.ts";
import type { MessageTexts, TextMessage, TextSource } from "./text_source.ts";

/** Texts that are kept in a worker, in bytes of memory. */
const KEPT_BYTES_MAX = 32 * 1024 * 1024;
/** A message whose texts take more is asked for anew each time. */
const KEPT_TEXT_BYTES_MAX = 2 * 1024 * 1024;
/** Bytes of messages that are on their way to the policy worker, over all searches of a worker. */
const ASKED_BYTES_MAX = 16 * 1024 * 1024;
/** What one message counts for at least. */
const ASKED_BYTES_MIN = 64 * 1024;
/** How long the texts of one message may take, in ms. */
const EXTRACT_DEADLINE_MS = 20_000;

interface Kept {
  readonly texts: MessageTexts;
  readonly bytes: number;
}

/**
 * Texts as the policy worker extracts them: it writes no files. Those used last are kept, as one search is often followed by
 * another that is a letter longer.
 */
export class PolicyTexts implements TextSource {
  readonly #kept = new Map<string, Kept>();
  #keptBytes = 0;
  readonly #gate = new ByteGate(ASKED_BYTES_MAX);
  constructor(private readonly policy: Ref<TextProtocol>) {}

  async texts(message: TextMessage): Promise<MessageTexts> {
    const kept = this.#kept.get(message.content);
    if (kept !== undefined) {
      this.#kept.delete(message.content);
      this.#kept.set(message.content, kept);
      return kept.texts;
    }
    const texts = await this.#gate.run(Math.max(ASKED_BYTES_MIN, message.size), async () => {
      const bytes = message.read(message.size);
      return await this.policy.ask("text.extract", { bytes }, { deadlineMs: EXTRACT_DEADLINE_MS });
    });
    this.#keep(message.content, texts);
    return texts;
  }
  #keep(content: string, texts: MessageTexts): void {
    const bytes = 2 * (texts.header.length + texts.body.length) + 200;
    if (bytes > KEPT_TEXT_BYTES_MAX || this.#kept.has(content)) return;
    this.#kept.set(content, { texts, bytes });
    this.#keptBytes += bytes;
    for (const [oldest, { bytes }] of this.#kept) {
      if (this.#keptBytes <= KEPT_BYTES_MAX) break;
      this.#kept.delete(oldest);
      this.#keptBytes -= bytes;
    }
  }
}
