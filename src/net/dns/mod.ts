/**
 * What is here: the stub resolver: questions to recursive name servers over UDP and TCP, and a cache of their answers.
 * Who may import it: actors (delivery, listener) and workers, through `net`.
 * It must never take a server's trouble for "no such name", nor trust a packet's lengths.
 */
export { RESOLVER_LIMITS, type ResolverLimits } from "./limits.ts";
export { createResolver, type ResolverOptions, type ResolverStatus, type StubResolver } from "./resolver.ts";
export { parseResolvConf, parseServer, type ServerAddress } from "./server_address.ts";
