import { Failure } from "../../base/mod.ts";
import { DEFAULT_LIMITS, type StoreLimits } from "../limits.ts";
import { MemoryShard } from "./shard.ts";
import type { MailStore, VerifyEvent } from "../types.ts";

/** What a memory store is made with; everything has a default. */
export interface MemoryStoreOptions {
  readonly shards?: readonly number[];
  /** UIDVALIDITY of the first mailboxes. */
  readonly uidValidity?: number;
  readonly defer?: (run: () => void) => void;
  readonly limits?: Partial<StoreLimits>;
}

/** A mail store that forgets everything with the process: for tests and simulations of what stands above the store. */
export function createMemoryStore(options: MemoryStoreOptions = {}): MailStore {
  const made = (number: number) =>
    new MemoryShard(number, {
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      defer: options.defer ?? ((run) => void setImmediate(run)),
      uidValidity: options.uidValidity ?? 1,
    });
  const shards = new Map((options.shards ?? [0]).map((number) => [number, made(number)]));
  return {
    shard(number) {
      const shard = shards.get(number);
      if (shard === undefined) throw new Failure("not_found", `shard ${number} is not owned here`);
      return shard;
    },
    async *verify(): AsyncIterable<VerifyEvent> {
      for (const shard of shards.values()) {
        yield { type: "progress", shard: shard.number, messages: shard.messages(), done: true };
      }
    },
    async close() {
      for (const shard of shards.values()) await shard.close();
    },
  };
}
