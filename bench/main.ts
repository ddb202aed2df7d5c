/** The benchmark suite: `deno task bench [--quick] [--only NAME] [--json FILE] [--peers]`. Time alone never fails it. */
import { loadavg } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { benchE2e } from "./e2e.ts";
import type { BenchContext, BenchResult, Findings } from "./figures.ts";
import { benchGenerator } from "./generator.ts";
import { keepResult, latestResult, writeResult } from "./history.ts";
import { thisMachine } from "./machine.ts";
import { benchImap } from "./imap.ts";
import { benchImapIdle } from "./imap_idle.ts";
import { benchImapSearch } from "./imap_search.ts";
import { benchDeliver } from "./micro/deliver.ts";
import { benchIndex } from "./micro/index.ts";
import { benchParse } from "./micro/parse.ts";
import { benchRoute } from "./micro/route.ts";
import { benchWire } from "./micro/wire.ts";
import { benchPeers } from "./peers.ts";
import { benchRelay } from "./relay.ts";
import { markdownReport, terminalReport } from "./report.ts";

/** All parts by name, in the order they run. */
const PARTS: Readonly<Record<string, (context: BenchContext) => Promise<Findings>>> = {
  parse: benchParse,
  index: benchIndex,
  route: benchRoute,
  wire: benchWire,
  deliver: benchDeliver,
  generator: benchGenerator,
  e2e: benchE2e,
  relay: benchRelay,
  peers: benchPeers,
  imap: benchImap,
  "imap-idle": benchImapIdle,
  "imap-search": benchImapSearch,
};

/** Parts that run only when asked for, as other servers are started for them. */
const PEERS: ReadonlySet<string> = new Set(["peers", "imap", "imap-idle", "imap-search"]);

const USAGE = `usage: bench [--quick] [--peers] [--only NAME]... [--json FILE] [--markdown]
  --quick     short rounds: everything in under a minute
  --peers     also those beside Postfix and Dovecot, where installed
  --only      one part, may be repeated: ${Object.keys(PARTS).join(", ")}
  --json      write the result to this file too
  --markdown  print the table as Markdown`;

const RESULTS = fileURLToPath(new URL("./results", import.meta.url));
const HISTORY = fileURLToPath(new URL("./history", import.meta.url));
const [FAILED_EXIT, USAGE_EXIT] = [1, 2];

interface Asked {
  readonly quick: boolean;
  readonly markdown: boolean;
  readonly json: string | null;
  readonly parts: readonly string[];
}

function asked(args: string[]): Asked | null {
  try {
    const { values } = parseArgs({
      args,
      options: {
        quick: { type: "boolean", default: false },
        peers: { type: "boolean", default: false },
        markdown: { type: "boolean", default: false },
        json: { type: "string" },
        only: { type: "string", multiple: true },
      },
    });
    const usual = Object.keys(PARTS).filter((name) => !PEERS.has(name) || values.peers);
    const parts = values.only ?? usual;
    const unknown = parts.find((name) => !Object.hasOwn(PARTS, name));
    if (unknown !== undefined) throw new TypeError(`there is no part ${unknown}`);
    return { quick: values.quick, markdown: values.markdown, json: values.json ?? null, parts };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    return null;
  }
}

async function run({ quick, parts }: Asked): Promise<BenchResult> {
  const context: BenchContext = { quick, note: (text) => console.error(text) };
  const found: Findings = { figures: [], skipped: [], errors: [] };
  const startedAt = new Date().toISOString();
  const [loadAverage = 0] = loadavg();
  for (const name of parts) {
    const part = await PARTS[name]!(context).catch((error: unknown): Findings => {
      const text = error instanceof Error ? error.message : String(error);
      return { figures: [], skipped: [], errors: [`${name}: ${text}`] };
    });
    found.figures.push(...part.figures);
    found.skipped.push(...part.skipped);
    found.errors.push(...part.errors);
  }
  return { startedAt, quick, loadAverage, machine: thisMachine(), ...found };
}

const wanted = asked(process.argv.slice(2));
if (wanted === null) process.exit(USAGE_EXIT);
const result = await run(wanted);
const history = latestResult(HISTORY, result);
console.log((wanted.markdown ? markdownReport : terminalReport)(result, history));
console.error(`kept in ${keepResult(RESULTS, result)}`);
if (wanted.json !== null) writeResult(wanted.json, result);
process.exit(result.errors.length > 0 ? FAILED_EXIT : 0);
