import { SESSIONS_ACTOR } from "./actors/mod.ts";
import { asFailure } from "./base/mod.ts";
import type { SessionProtocol, SessionRow } from "./messages/mod.ts";
import type { Ref, Supervisor } from "./runtime/mod.ts";

/** How long a listener worker may take to tell of its sessions, in ms. */
const ANSWER_MS_MAX = 5_000;

/** Who is connected, over all listener workers: at most `limit`, the oldest first. A worker that does not answer counts for nobody. */
export async function listSessions(
  supervisor: Supervisor,
  { node, limit }: { readonly node: string; readonly limit: number },
): Promise<{ readonly total: number; readonly sessions: readonly SessionRow[] }> {
  const answers = await askAll(
    supervisor,
    node,
    (sessions) => sessions.ask("session.list", { limit }, { deadlineMs: ANSWER_MS_MAX }),
  );
  const rows = answers.flatMap(({ sessions }) => sessions);
  rows.sort((a, b) => a.since < b.since ? -1 : Number(a.since > b.since));
  return { total: answers.reduce((sum, { total }) => sum + total, 0), sessions: rows.slice(0, limit) };
}

/** Ends a session, whichever worker has it; false when none has. */
export async function kickSession(
  supervisor: Supervisor,
  { node, id }: { readonly node: string; readonly id: string },
): Promise<boolean> {
  const kick = (sessions: Ref<SessionProtocol>) => sessions.ask("session.kick", { id }, { deadlineMs: ANSWER_MS_MAX });
  return (await askAll(supervisor, node, kick)).some(({ kicked }) => kicked);
}

async function askAll<T>(
  supervisor: Supervisor,
  node: string,
  ask: (sessions: Ref<SessionProtocol>) => Promise<T>,
): Promise<T[]> {
  const running = supervisor.list().filter(({ name, state }) => name.startsWith("listener-") && state === "running");
  const answers = running.map(async ({ name: worker }): Promise<T[]> => {
    try {
      return [await ask(supervisor.system.ref<SessionProtocol>({ node, worker, actor: SESSIONS_ACTOR }))];
    } catch (error) {
      if (asFailure(error) === null) throw error;
      return [];
    }
  });
  return (await Promise.all(answers)).flat();
}
