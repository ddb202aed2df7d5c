import { type Command, LOGGED_IN } from "../command.ts";
import { ok } from "../completion.ts";
import type { Enabled } from "../state.ts";

/** What each name turns on; QRESYNC turns on CONDSTORE, too (RFC 7162 §3.2.3), which is not told. */
const ENABLES: ReadonlyMap<string, readonly [Enabled, ...Enabled[]]> = new Map([
  ["CONDSTORE", ["CONDSTORE"]],
  ["QRESYNC", ["QRESYNC", "CONDSTORE"]],
  ["UTF8=ACCEPT", ["UTF8=ACCEPT"]],
  ["IMAP4REV2", ["IMAP4rev2"]],
  ["UIDONLY", ["UIDONLY"]], // RFC 9586 §3.1.
]);

/** ENABLE (RFC 9051 §6.3.1, RFC 5161): unknown names are passed over. Legal with a mailbox selected, as nothing forbids it. */
export const enable: Command<"ENABLE"> = {
  verb: "ENABLE",
  phases: LOGGED_IN,
  news: "all",
  brings: ["ENABLE", "UTF8=ACCEPT", "UIDONLY"],
  run({ capabilities }, { state, output }) {
    const told: string[] = [];
    for (const name of capabilities) {
      const names = ENABLES.get(name.toUpperCase());
      if (names === undefined || told.includes(names[0])) continue;
      told.push(names[0]);
      for (const each of names) state.enabled.add(each);
    }
    output.push(`* ENABLED${told.map((name) => ` ${name}`).join("")}\r\n`);
    return ok();
  },
};
