import * as z from "zod";
import { Failure } from "../../base/mod.ts";
import type { SessionRow } from "../../messages/mod.ts";
import { read, write } from "../method.ts";
import { bytesText, durationText, said } from "./shows.ts";

/** Sessions one answer lists. */
const SESSIONS_MAX = 10_000;

export const sessionList = read({
  name: "session.list",
  synonyms: ["who"],
  summary: "Who is connected, the oldest first",
  params: { limit: z.int().min(1).max(SESSIONS_MAX).default(1_000).describe("Sessions at most") },
  verbs: [{
    usage: "who",
    show: ({ sessions }: { sessions: readonly SessionRow[] }) => ({
      type: "table",
      columns: ["ID", "SERVICE", "CLIENT", "TLS", "ACCOUNT", "SINCE", "PHASE", "IDLE", "IN", "OUT", "MAILS"],
      rows: sessions.map((row) => [
        row.id,
        row.service,
        row.remote,
        row.tls ?? "-",
        row.account ?? "-",
        row.since.slice(0, 19),
        row.phase,
        durationText(row.idleMs / 1_000),
        bytesText(row.bytesIn),
        bytesText(row.bytesOut),
        String(row.messages),
      ]),
    }),
  }],
  run: ({ limit }, context) => context.sessions(limit),
});

export const sessionKick = write({
  name: "session.kick",
  synonyms: ["kick"],
  summary: "End a session; a message that is being stored is answered first",
  params: { id: z.string().min(1).max(64).describe("As session.list shows it") },
  verbs: [{ usage: "kick ID", show: ({ kicked }: { kicked: string }) => said(`session ${kicked} is ended`) }],
  async run({ id, dryRun }, context) {
    const found = dryRun === true
      ? (await context.sessions(SESSIONS_MAX)).sessions.some((row) => row.id === id)
      : await context.kick(id);
    if (!found) throw new Failure("not_found", "there is no session of that id: see session.list");
    return { kicked: id };
  },
});
