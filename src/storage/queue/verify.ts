import { Buffer } from "node:buffer";
import { asFailure } from "../../base/mod.ts";
import type { Key } from "../layout/keys.ts";
import { destinationKey, leadsAfter, leadsToItem, mailIdKey, messagesFrom, readNumber } from "./keys.ts";
import type { QueueReader, Readable } from "./reader.ts";
import type { QueueProblem, ScheduleRow } from "./types.ts";

/** Mails, or rows of the schedule, looked at before other work gets its turn. */
const MAILS_A_TURN = 64;
const ROWS_A_TURN = 4_096;

/** Walks all mails with their items, the schedule and the rows by name, then compares the counters when nothing has changed meanwhile. */
export async function* verifyQueue(
  state: Readable,
  reader: QueueReader,
  defer: (run: () => void) => void,
): AsyncIterable<QueueProblem> {
  const pause = () => new Promise<void>((resolve) => defer(resolve));
  const { delta } = state;
  const { steps } = delta;
  const sum = { messages: 0, items: 0, bytes: 0 };
  let from = 0;
  for (;;) {
    const page = state.index.range({ ...messagesFrom(from), limit: MAILS_A_TURN });
    for (const { key } of page) {
      const message = readNumber(key);
      from = message + 1;
      yield* verifyMail(state, reader, { message, sum });
    }
    if (page.length < MAILS_A_TURN) break;
    await pause();
  }
  // Those that have no rows yet have the higher numbers.
  for (const message of [...state.delta.mails.keys()].filter((one) => one >= from)) {
    yield* verifyMail(state, reader, { message, sum });
  }
  let scheduled = 0;
  for (let after = -1;;) {
    const rows = reader.schedule(after, ROWS_A_TURN);
    scheduled += rows.length;
    for (const { item } of rows) {
      after = item;
      const { value, problem } = attempt(() => reader.item(item));
      if (value === null) yield { message: null, item, problem: problem ?? "it is in the schedule, but it is gone" };
    }
    if (rows.length === 0) break;
    await pause();
  }
  for (let last: Key | null = null;;) {
    const page: { key: Key }[] = state.index.range({ ...leadsAfter(last), limit: ROWS_A_TURN });
    for (const { key } of page) {
      last = key;
      const problem = verifyLead(state, reader, key);
      if (problem !== null) yield problem;
    }
    if (page.length < ROWS_A_TURN) break;
    await pause();
  }
  // A queue that changed while it was walked cannot be compared with its counters.
  if (state.delta !== delta || delta.steps !== steps) return;
  for (const name of ["messages", "items", "bytes"] as const) {
    const kept = delta.counts[name];
    if (kept === sum[name]) continue;
    yield { message: null, item: null, problem: `counter ${name} says ${kept}, the rows say ${sum[name]}` };
  }
  if (scheduled !== sum.items) {
    yield { message: null, item: null, problem: `the schedule has ${scheduled} rows for ${sum.items} items` };
  }
}

interface Visit {
  readonly message: number;
  readonly sum: { messages: number; items: number; bytes: number };
}

function* verifyMail(state: Readable, reader: QueueReader, { message, sum }: Visit): Iterable<QueueProblem> {
  const bad = (item: number | null, problem: string): QueueProblem => ({ message, item, problem });
  const found = attempt(() => reader.row(message));
  if (found.problem !== null) yield bad(null, found.problem);
  // Without a row it went since the page was read.
  const row = found.value;
  if (row === null) return;
  const { envelope, size } = row;
  sum.messages++;
  sum.bytes += size;
  const body = attempt(() => reader.body(message).length);
  if (body.problem !== null) yield bad(null, body.problem);
  else if (body.value !== size) yield bad(null, "row and body of the mail differ in size");
  const indexed = state.delta.indexed({ message });
  if (indexed && state.index.get(mailIdKey(envelope.id, message)) === undefined) {
    yield bad(null, "its id does not lead to it");
  }
  const items = attempt(() => reader.itemsLeft(row));
  if (items.problem !== null) return yield bad(null, items.problem);
  if (items.value.length === 0) yield bad(null, "it has no items");
  sum.items += items.value.length;
  for (const item of items.value) {
    if (item.message !== message) yield bad(item.item, "it is another mail's");
    if (indexed && state.index.get(destinationKey(item.destination, item.item)) === undefined) {
      yield bad(item.item, "its destination does not lead to it");
    }
    const due = scheduleOf(reader, item.item);
    if (due?.dueMs !== item.dueMs || due.held !== item.held) yield bad(item.item, "the schedule says otherwise");
  }
}

/** A row by destination or mail id must lead to what has that name. */
function verifyLead({ delta }: Readable, reader: QueueReader, key: Key): QueueProblem | null {
  const number = readNumber(key);
  const toItem = leadsToItem(key);
  // The next checkpoint removes it.
  if (toItem ? delta.items.get(number) === null : delta.gone(number)) return null;
  const { value, problem } = attempt(() => {
    const item = toItem ? reader.item(number) : null;
    if (item !== null) return destinationKey(item.destination, number);
    const row = toItem ? null : reader.row(number);
    return row === null ? null : mailIdKey(row.envelope.id, number);
  });
  if (value !== null && Buffer.compare(value, key) === 0) return null;
  const [message, item] = toItem ? [null, number] : [number, null];
  const why = problem ?? `its ${toItem ? "destination" : "mail id"} is another, or it is gone`;
  return { message, item, problem: `a row by name leads here: ${why}` };
}

function scheduleOf(reader: QueueReader, item: number): ScheduleRow | undefined {
  const { value } = attempt(() => reader.schedule(item - 1, 1)[0]);
  return value?.item === item ? value : undefined;
}

type Attempt<T> = { readonly value: T; readonly problem: null } | { readonly value: null; readonly problem: string };

/** What is read, or the Failure that it ends with. */
function attempt<T>(read: () => T): Attempt<T> {
  try {
    return { value: read(), problem: null };
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    return { value: null, problem: failure.message };
  }
}
