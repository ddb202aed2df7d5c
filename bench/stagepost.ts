/** Our own server as the benchmark runs it: fresh data, one domain, a hundred accounts. */
import { Pop3Client } from "../test/support/pop3_client.ts";
import { type ServerOptions, startServer, type TestServer } from "../test/support/server.ts";
import { hasProc, processCpu } from "./process_figures.ts";
import type { Target } from "./target.ts";

/** Domain and accounts of every benchmark. */
export const BENCH_DOMAIN = "bench.test";
export const BENCH_ACCOUNTS = 100;
const PASSWORD = "a long way for a letter";
/** Accounts made, or maildrops counted, at the same time. */
const TOGETHER = 8;

/** A running server of ours. */
export interface Stagepost extends Target, AsyncDisposable {
  readonly server: TestServer;
  /** Of every account. */
  readonly password: string;
  /** Messages in all maildrops, as POP3 tells them. */
  stored(): Promise<number>;
  /** Ends it cleanly; throws when it does not end well. */
  stop(): Promise<void>;
}

/** Starts the server in a directory of its own and makes the accounts; disposing leaves nothing behind. */
export async function startStagepost(
  config: Readonly<Record<string, unknown>> = {},
  options: Pick<ServerOptions, "wrapper" | "env"> = {},
): Promise<Stagepost> {
  const server = await startServer({ ...options, domains: [BENCH_DOMAIN], config });
  const addresses = Array.from({ length: BENCH_ACCOUNTS }, (_, index) => `u${index}@${BENCH_DOMAIN}`);
  const all = <T>(run: (address: string) => Promise<T>) => inGroups(addresses, run);
  try {
    await all((address) => server.rpc("account.add", { address, password: PASSWORD }));
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  return {
    name: "stagepost",
    smtpPort: server.ports.smtp,
    server,
    password: PASSWORD,
    delivered: () => null,
    cpu: () => hasProc() ? processCpu(server.pid) : null,
    async stored() {
      const counts = await all((address) => countMaildrop(server.ports.pop3, address));
      return counts.reduce((total, count) => total + count, 0);
    },
    stop: () => server.stop(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function countMaildrop(port: number, user: string): Promise<number> {
  await using client = await Pop3Client.open({ port }, { user, password: PASSWORD });
  const count = await client.count();
  await client.quit();
  return count;
}

async function inGroups<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += TOGETHER) {
    results.push(...await Promise.all(items.slice(at, at + TOGETHER).map(run)));
  }
  return results;
}
