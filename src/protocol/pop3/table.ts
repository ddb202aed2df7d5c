import { auth } from "./commands/auth.ts";
import { capa } from "./commands/capa.ts";
import { dele } from "./commands/dele.ts";
import { lang } from "./commands/lang.ts";
import { list } from "./commands/list.ts";
import { noop } from "./commands/noop.ts";
import { pass } from "./commands/pass.ts";
import { quit } from "./commands/quit.ts";
import { retr } from "./commands/retr.ts";
import { rset } from "./commands/rset.ts";
import { stat } from "./commands/stat.ts";
import { stls } from "./commands/stls.ts";
import { top } from "./commands/top.ts";
import { uidl } from "./commands/uidl.ts";
import { user } from "./commands/user.ts";
import { utf8 } from "./commands/utf8.ts";
import type { Pop3Command } from "./state.ts";

const ALL = [top, uidl, auth, user, pass, stls, utf8, lang, capa, stat, list, retr, dele, noop, rset, quit] as const;

/** Every command by its verb, in the order CAPA shows them. APOP is absent: see the greeting in `replies.ts`. */
export const COMMANDS: ReadonlyMap<string, Pop3Command> = new Map(ALL.map((command) => [command.verb, command]));
