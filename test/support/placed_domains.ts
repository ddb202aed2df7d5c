import type { DomainName } from "../../src/mail/domain.ts";
import { shardOfDomain } from "../../src/mail/placement.ts";

const SHARDS = 16;

/** One domain for each of `workers` mailbox workers: the first lives at mailbox-0, the second at mailbox-1 … */
export function placedDomains(workers: number): string[] {
  return Array.from({ length: workers }, (_, worker) => {
    for (let i = 0;; i++) {
      const name = `place${i}.test`;
      if (shardOfDomain(name as DomainName, SHARDS) % workers === worker) return name;
    }
  });
}
