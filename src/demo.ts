import { existsSync, rmSync } from "node:fs";
import { demoLetter, DIRECTORY_ACTOR, readLetter, sendLetter, takeDataDirectory } from "./actors/mod.ts";
import { type Clock, Failure, type Log, type Random, randomId } from "./base/mod.ts";
import { type ClusterConfig, validateConfig } from "./config/mod.ts";
import { controlPath } from "./control.ts";
import { parseMailbox } from "./mail/mod.ts";
import type { DirectoryProtocol } from "./messages/mod.ts";
import type { Ref } from "./runtime/mod.ts";
import { startServer } from "./server.ts";
import type { Server, ServerOptions } from "./server_types.ts";

/** Where the demo keeps its mail: made anew at each start. */
const DEMO_DIR = "data/demo";

/** By this file a directory is known as the demo's own, which may be thrown away. */
const LOCK_FILE = "lock.db";

/** Characters of a demo password, five random bits each. */
const PASSWORD_CHARS = 12;

const JOHN = "john@smith.test";
const BILLY = "billy@bob.test";

/** What the demo is given by `main.ts`. */
export interface DemoOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly env: ServerOptions["env"];
  readonly print: (line: string) => void;
}

/** Starts a server on fresh data, sends one letter through it, shows it and goes on serving. */
export async function startDemo(options: DemoOptions): Promise<Server> {
  const { clock, log, random, env, print } = options;
  clearDemoDirectory();
  const config = validateConfig(
    { hostname: "localhost", dataDir: DEMO_DIR, log: { level: "warn" } },
    "the demo's config",
  );
  const server = await startServer({ config, reread: () => Promise.resolve(config), clock, log, random, env });
  try {
    const directory = server.supervisor.system.ref<DirectoryProtocol>({
      node: config.node,
      worker: "directory",
      actor: DIRECTORY_ACTOR,
    });
    const passwords = await addAccounts(directory, random);
    const { reply, letter } = await exchange(config, passwords[BILLY], clock);
    for (const line of report({ config, passwords, reply, letter })) print(line);
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Only what an earlier demo left is removed, and only when no demo runs on it. */
function clearDemoDirectory(): void {
  if (!existsSync(DEMO_DIR)) return;
  if (!existsSync(`${DEMO_DIR}/${LOCK_FILE}`)) {
    throw new Failure("refused", `${DEMO_DIR} is not a directory of the demo: move it away first`);
  }
  takeDataDirectory(DEMO_DIR).release();
  rmSync(DEMO_DIR, { recursive: true });
}

type Passwords = Readonly<Record<typeof JOHN | typeof BILLY, string>>;

async function addAccounts(directory: Ref<DirectoryProtocol>, random: Random): Promise<Passwords> {
  const passwords = { [JOHN]: randomId(random, PASSWORD_CHARS), [BILLY]: randomId(random, PASSWORD_CHARS) };
  for (const [address, password] of Object.entries(passwords)) {
    await directory.ask("directory.domainAdd", { name: address.slice(address.indexOf("@") + 1) });
    await directory.ask("directory.accountAdd", { address, password });
  }
  return passwords as Passwords;
}

function portOf(
  config: ClusterConfig,
  service: "smtp" | "submission" | "pop3" | "imap",
  tls: "starttls" | "implicit",
): number {
  const listener = config.listeners.find((each) => each.service === service && each.tls === tls);
  if (listener === undefined) throw new Failure("invalid", `no ${service} listener with ${tls}`);
  return listener.port;
}

async function exchange(
  config: ClusterConfig,
  secret: string,
  clock: Clock,
): Promise<{ reply: string; letter: string }> {
  const [from, to] = [parseMailbox(JOHN, { utf8: false }), parseMailbox(BILLY, { utf8: false })];
  if (from === null || to === null) throw new Failure("invalid", "the demo's addresses are not addresses");
  const content = demoLetter({ from, to, date: new Date(clock.wallMs()) });
  const reply = await sendLetter({ port: portOf(config, "smtp", "starttls"), clock, from, to, content });
  const letter = await readLetter({ port: portOf(config, "pop3", "implicit"), clock, user: BILLY, secret });
  return { reply, letter };
}

function* report(
  { config, passwords, reply, letter }: { config: ClusterConfig; passwords: Passwords; reply: string; letter: string },
): Iterable<string> {
  const [smtp, submissions] = [portOf(config, "smtp", "starttls"), portOf(config, "submission", "implicit")];
  const [pop3s, imaps] = [portOf(config, "pop3", "implicit"), portOf(config, "imap", "implicit")];
  const command = `deno task stagepost --socket ${controlPath(config.dataDir)}`;
  yield `A server with fresh data in ${config.dataDir} and two accounts:`;
  yield "";
  for (const [address, password] of Object.entries(passwords)) yield `  ${address.padEnd(18)} password ${password}`;
  yield "";
  yield `John's letter went in by SMTP on 127.0.0.1:${smtp}, and the server said: ${reply}`;
  yield `Billy fetched it by POP3 over TLS from 127.0.0.1:${pop3s}:`;
  yield "";
  for (const line of letter.split("\r\n")) yield `  | ${line}`;
  yield "";
  yield "To try next, in another terminal (npx -y deno@2.9.6 does for deno):";
  yield "";
  yield `  ${command} status`;
  yield `  ${command} resolve john+gym@smith.test`;
  yield `  ${command} account add ann@smith.test`;
  yield `  swaks --server 127.0.0.1:${smtp} --tls --from ann@elsewhere.test --to ${JOHN}`;
  yield `  swaks --server 127.0.0.1:${submissions} --tls-on-connect --auth PLAIN --auth-user ${JOHN} --auth-password ${
    passwords[JOHN]
  } --from ${JOHN} --to ${BILLY}`;
  yield `  curl --insecure --user '${JOHN}:${passwords[JOHN]}' pop3s://127.0.0.1:${pop3s}/`;
  yield `  curl --insecure --user '${BILLY}:${passwords[BILLY]}' 'imaps://127.0.0.1:${imaps}/INBOX;UID=1'`;
  yield "";
  yield "Serving until Ctrl-C.";
}
