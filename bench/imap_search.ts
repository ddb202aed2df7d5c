/** SEARCH against Dovecot with a full-text index (Xapian, the one that Debian has): the same mailbox, searches and client, in turn. */
import { existsSync } from "node:fs";
import { type BenchContext, figure, type Findings, noFindings } from "./figures.ts";
import { fill, letter, type Measure, overAll } from "./imap.ts";
import { startPeer, whyNoPeer } from "./peers.ts";
import { startStagepost } from "./stagepost.ts";

const PLUGIN = "/usr/lib/dovecot/modules/lib21_fts_xapian_plugin.so";
const PEER = "Dovecot with Xapian";
/** Substrings of three to twenty characters, as the plugin's own documentation sets it up. */
const CONFIG = `
mail_plugins = fts fts_xapian
plugin {
  fts = xapian
  fts_xapian = partial=3 full=20
  fts_enforced = yes
  fts_autoindex = no
}
service indexer-worker {
  vsz_limit = 0
}
`;
/** Digits of the word that only one message has, and where in the message it stands. */
const WORD_DIGITS = 7;
const WORD_AT = 2_000;

const SEARCHES = {
  "BODY, nobody": 'SEARCH BODY "nowhere to be found"',
  "BODY, one": `SEARCH BODY "${word(1_234)}"`,
  "BODY, all": 'SEARCH BODY "courier"',
  "SUBJECT, nobody": 'SEARCH SUBJECT "nowhere to be found"',
  "SUBJECT, all": 'SEARCH SUBJECT "measure with"',
} as const;
/** Each search so often: the first makes the index. */
const TIMES = 10;

/** Measures both in turn (A B A B …). */
export async function benchImapSearch(context: BenchContext): Promise<Findings> {
  const findings = noFindings();
  const reason = whyNoPeer() ?? (existsSync(PLUGIN) ? null : "not installed: dovecot-fts-xapian");
  if (reason !== null) {
    findings.skipped.push(`imap-search: ${reason}`);
    return findings;
  }
  const messages = context.quick ? 2_000 : 20_000;
  const rounds = context.quick ? 1 : 3;
  await using server = await startStagepost();
  await using peer = await startPeer({ dovecot: CONFIG });
  const ours = { name: "stagepost", imapPort: server.server.ports.imap, password: server.password };
  const theirs = { name: PEER, imapPort: peer.imapPort, password: "secret" };
  for (const target of [ours, theirs]) {
    context.note(`imap-search: filling the mailbox of ${target.name}`);
    await fill(target, "Some", { distinct: messages, messages, make: letterWithWord });
  }
  for (const [name, command] of Object.entries(SEARCHES)) {
    const measure: Measure = overAll("Some", command, messages, TIMES);
    const [own, other]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      for (const [target, values] of [[ours, own], [theirs, other]] as const) {
        context.note(`imap-search: ${name}, round ${round + 1} of ${rounds}, ${target.name}`);
        values.push(await measure(target));
      }
    }
    findings.figures.push(
      figure(`imap-search/${name}`, { unit: "msg/s", better: "higher", rounds: own }, { name: PEER, rounds: other }),
    );
  }
  await server.stop();
  return findings;
}

function word(number: number): string {
  return `q${String(number).padStart(WORD_DIGITS, "0")}z`;
}

function letterWithWord(number: number): Uint8Array {
  const bytes = letter(number);
  bytes.set(new TextEncoder().encode(` ${word(number)} `), WORD_AT);
  return bytes;
}
