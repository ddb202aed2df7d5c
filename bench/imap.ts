/** IMAP against Dovecot: the same mailboxes, commands and client, in turn. */
import { Letter } from "./load/letter.ts";
import { ImapPipe } from "./load/imap_pipe.ts";
import { type BenchContext, figure, type Findings, noFindings } from "./figures.ts";
import { startPeer, whyNoPeer } from "./peers.ts";
import { startStagepost } from "./stagepost.ts";

/** A server that hands out mail by IMAP to u0 … u99@bench.test. */
export interface ImapTarget {
  readonly name: string;
  readonly imapPort: number;
  readonly password: string;
}

/** What is measured, and in which unit. */
export type Measure = (target: ImapTarget) => Promise<number>;

export const USER = (index: number) => `u${index}@bench.test`;
const MESSAGE_BYTES = 4_096;
/** Connections at a time where some are, and where many are. */
const TOGETHER = 10;
const MANY_TOGETHER = 50;
/** Messages of one APPEND that fills a mailbox. */
const FILL_TOGETHER = 100;
/** Times that a command over a whole mailbox is given: the first may fill caches, and code that has rested is compiled anew. */
const TIMES = 3;
/** Commands that a client sends without waiting. */
const PIPELINED = 50;

export function letter(number: number): Uint8Array {
  const made = new Letter({ messageBytes: MESSAGE_BYTES, domain: "bench.test", idPrefix: "imap" });
  made.renumber(number);
  // Without the final dot, which is SMTP's.
  return made.bytes.subarray(0, made.bytes.length - 3);
}

/** Fills a mailbox with messages that are all different (APPEND), then by copies up to `messages`. */
export async function fill(
  target: ImapTarget,
  name: string,
  { distinct, messages, make = letter }: { distinct: number; messages: number; make?: (number: number) => Uint8Array },
) {
  const pipe = await ImapPipe.open(target.imapPort, USER(0), target.password);
  await pipe.ok(`CREATE ${name}`);
  for (let at = 0; at < distinct; at += FILL_TOGETHER) {
    const count = Math.min(FILL_TOGETHER, distinct - at);
    const parts: Uint8Array[] = [];
    for (let i = 0; i < count; i++) parts.push(make(at + i));
    await pipe.ok(`APPEND ${name}`, parts); // RFC 3502: all in one command.
  }
  await pipe.ok(`SELECT ${name}`);
  for (let have = distinct; have < messages; have *= 2) {
    await pipe.ok(`COPY 1:${Math.min(have, messages - have)} ${name}`);
    await pipe.ok("NOOP");
  }
  await pipe.logout();
}

/** Runs `step` over and over on several connections for so long; steps per second. */
async function rate(durationMs: number, together: number, step: (lane: number) => Promise<void>): Promise<number> {
  const startMs = performance.now();
  let steps = 0;
  await Promise.all(Array.from({ length: together }, async (_, lane) => {
    while (performance.now() - startMs < durationMs) {
      await step(lane);
      steps++;
    }
  }));
  return steps * 1_000 / (performance.now() - startMs);
}

/** Connections that have logged in, one after the other: how many check one user's password at once is limited. */
async function opened(
  { imapPort, password }: Parameters<Measure>[0],
  together: number,
  user: (lane: number) => string,
): Promise<ImapPipe[]> {
  const pipes: ImapPipe[] = [];
  for (let lane = 0; lane < together; lane++) pipes.push(await ImapPipe.open(imapPort, user(lane), password));
  return pipes;
}

function sessions(durationMs: number): Measure {
  return (target) =>
    rate(durationMs, TOGETHER, async (lane) => {
      const pipe = await ImapPipe.open(target.imapPort, USER(lane), target.password);
      await pipe.ok("SELECT INBOX");
      await pipe.logout();
    });
}

function appends(durationMs: number, together: number): Measure {
  const content = letter(1);
  return async (target) => {
    const pipes = await opened(target, together, (i) => USER(10 + i));
    const found = await rate(durationMs, together, async (lane) => {
      await pipes[lane]!.ok("APPEND INBOX", [content]);
    });
    await Promise.all(pipes.map((pipe) => pipe.logout()));
    return found;
  };
}

/** APPENDs of single messages, so many sent before the first is answered. */
function appendsInPipeline(durationMs: number): Measure {
  const content = letter(1);
  const commands = Array<string>(PIPELINED).fill("APPEND INBOX");
  return async (target) => {
    const pipe = await ImapPipe.open(target.imapPort, USER(21), target.password);
    const found = await rate(durationMs, 1, () => pipe.all(commands, content));
    await pipe.logout();
    return found * PIPELINED;
  };
}

function stores(durationMs: number, together: number, [box, messages]: readonly [string, number]): Measure {
  return async (target) => {
    const pipes = await opened(target, together, () => USER(0));
    for (const pipe of pipes) await pipe.ok(`SELECT ${box}`);
    let number = 0;
    let sign = "+";
    const found = await rate(durationMs, together, async (lane) => {
      if (++number > messages) [number, sign] = [1, sign === "+" ? "-" : "+"];
      await pipes[lane]!.ok(`STORE ${number} ${sign}FLAGS.SILENT (\\Flagged)`);
    });
    await Promise.all(pipes.map((pipe) => pipe.logout()));
    return found;
  };
}

/** One STORE over a whole mailbox, over and over; messages per second. */
function storesOfAll(durationMs: number, [box, messages]: readonly [string, number]): Measure {
  return async (target) => {
    const pipe = await ImapPipe.open(target.imapPort, USER(0), target.password);
    await pipe.ok(`SELECT ${box}`);
    let sign = "-";
    const found = await rate(durationMs, 1, async () => {
      sign = sign === "+" ? "-" : "+";
      await pipe.ok(`STORE 1:${messages} ${sign}FLAGS.SILENT (\\Flagged)`);
    });
    await pipe.logout();
    return found * messages;
  };
}

/** STOREs of single messages, so many sent before the first is answered. */
function storesInPipeline(durationMs: number, [box, messages]: readonly [string, number]): Measure {
  return async (target) => {
    const pipe = await ImapPipe.open(target.imapPort, USER(0), target.password);
    await pipe.ok(`SELECT ${box}`);
    let number = 0;
    let sign = "+";
    const found = await rate(durationMs, 1, async () => {
      const commands = Array.from({ length: PIPELINED }, () => {
        if (++number > messages) [number, sign] = [1, sign === "+" ? "-" : "+"];
        return `STORE ${number} ${sign}FLAGS.SILENT (\\Flagged)`;
      });
      await pipe.all(commands);
    });
    await pipe.logout();
    return found * PIPELINED;
  };
}

/** Appends of many messages in one command (RFC 3502). */
function multiAppends(durationMs: number): Measure {
  const contents = Array.from({ length: FILL_TOGETHER }, (_, i) => letter(i));
  return async (target) => {
    const pipe = await ImapPipe.open(target.imapPort, USER(20), target.password);
    const found = await rate(durationMs, 1, async () => void await pipe.ok("APPEND INBOX", contents));
    await pipe.logout();
    return found * FILL_TOGETHER;
  };
}

/** One command over a whole mailbox; messages per second, of the best of `times`. */
export function overAll(box: string, command: string, messages: number, times: number): Measure {
  return async (target) => {
    const pipe = await ImapPipe.open(target.imapPort, USER(0), target.password);
    await pipe.ok(`SELECT ${box}`);
    let best = Infinity;
    for (let i = 0; i < times; i++) {
      const startMs = performance.now();
      await pipe.ok(command);
      best = Math.min(best, performance.now() - startMs);
    }
    await pipe.logout();
    return messages * 1_000 / best;
  };
}

/** Measures both in turn (A B A B …). */
export async function benchImap(context: BenchContext): Promise<Findings> {
  const findings = noFindings();
  const reason = whyNoPeer();
  if (reason !== null) {
    findings.skipped.push(`imap: ${reason}`);
    return findings;
  }
  const { quick } = context;
  const [many, some] = quick ? [2_000, 500] : [100_000, 5_000];
  const durationMs = quick ? 1_000 : 5_000;
  const rounds = quick ? 1 : 3;
  await using server = await startStagepost();
  // As Dovecot does unless it is told otherwise (mail_fsync=optimized).
  await using optimized = await startStagepost({ storage: { flush: "optimized" } });
  await using peer = await startPeer();
  const ours = { name: "stagepost", imapPort: server.server.ports.imap, password: server.password };
  const theirs = { name: "Dovecot", imapPort: peer.imapPort, password: "secret" };
  const late = {
    name: "stagepost, flags flushed late",
    imapPort: optimized.server.ports.imap,
    password: optimized.password,
  };
  for (const target of [ours, late, theirs]) {
    context.note(`imap: filling the mailboxes of ${target.name}`);
    await fill(target, "Some", { distinct: some, messages: some });
    if (target !== late) await fill(target, "Many", { distinct: FILL_TOGETHER, messages: many });
  }
  const box = ["Some", some] as const;
  const storing = {
    "STORE, 1 connection": ["msg/s", stores(durationMs, 1, box)],
    [`STORE, ${TOGETHER} connections`]: ["msg/s", stores(durationMs, TOGETHER, box)],
    [`STORE, ${MANY_TOGETHER} connections`]: ["msg/s", stores(durationMs, MANY_TOGETHER, box)],
    [`STORE, ${PIPELINED} in a pipeline`]: ["msg/s", storesInPipeline(durationMs, box)],
    "STORE 1:N": ["msg/s", storesOfAll(durationMs, box)],
  } as const;
  const measures: Readonly<Record<string, readonly [unit: string, Measure]>> = {
    "login, SELECT, logout": ["sessions/s", sessions(durationMs)],
    "APPEND, 1 connection": ["msg/s", appends(durationMs, 1)],
    [`APPEND, ${TOGETHER} connections`]: ["msg/s", appends(durationMs, TOGETHER)],
    [`APPEND, ${MANY_TOGETHER} connections`]: ["msg/s", appends(durationMs, MANY_TOGETHER)],
    [`APPEND, ${PIPELINED} in a pipeline`]: ["msg/s", appendsInPipeline(durationMs)],
    [`APPEND, ${FILL_TOGETHER} at once`]: ["msg/s", multiAppends(durationMs)],
    ...storing,
    "STORE 1:N, large mailbox": ["msg/s", storesOfAll(durationMs, ["Many", many])],
    "SEARCH SUBJECT": ["msg/s", overAll("Some", 'SEARCH SUBJECT "measure with"', some, TIMES)],
    "SEARCH SUBJECT, large mailbox": ["msg/s", overAll("Many", 'SEARCH SUBJECT "measure with"', many, TIMES)],
    "SEARCH BODY": ["msg/s", overAll("Some", 'SEARCH BODY "nowhere to be found"', some, TIMES)],
    "FETCH FLAGS": ["msg/s", overAll("Many", "FETCH 1:* FLAGS", many, TIMES)],
    "FETCH ENVELOPE": ["msg/s", overAll("Many", "FETCH 1:* ENVELOPE", many, TIMES)],
    "FETCH BODYSTRUCTURE": ["msg/s", overAll("Many", "FETCH 1:* BODYSTRUCTURE", many, TIMES)],
    "FETCH BODY[]": ["msg/s", overAll("Many", "FETCH 1:* BODY.PEEK[]", many, TIMES)],
  };
  const lately = Object.entries(storing).map(([name, measured]) => [`${name}, flushed late`, measured] as const);
  for (const [name, [unit, measure]] of [...Object.entries(measures), ...lately]) {
    const [own, other]: [number[], number[]] = [[], []];
    const mine = name.endsWith("flushed late") ? late : ours;
    for (let round = 0; round < rounds; round++) {
      for (const [target, values] of [[mine, own], [theirs, other]] as const) {
        context.note(`imap: ${name}, round ${round + 1} of ${rounds}, ${target.name}`);
        values.push(await measure(target));
      }
    }
    findings.figures.push(
      figure(`imap/${name}`, { unit, better: "higher", rounds: own }, { name: theirs.name, rounds: other }),
    );
  }
  await server.stop();
  await optimized.stop();
  return findings;
}
