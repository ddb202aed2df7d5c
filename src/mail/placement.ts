import type { DomainName } from "./domain.ts";

/** Which shard a domain lives in: FNV-1a of its A-label form, so every node and version agrees. */
export function shardOfDomain(domain: DomainName, shardCount: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < domain.length; i++) hash = Math.imul(hash ^ domain.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % shardCount;
}
