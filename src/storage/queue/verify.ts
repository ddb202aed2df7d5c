import { Buffer } from "node:buffer";
import { asFailure } from "../../base/mod.ts";
import { bodyKey, type Key } from "../keys.ts";
import { destinationKey, leadsAfter, leadsToItem, mailIdKey, messagesFrom, readNumber, scheduleKey } from "./keys.ts";
import type { QueueReader, Readable } from "./reader.ts";
import type { QueueProblem, ScheduleRow, StoredItem } from "./types.ts";
import { BLOCK_ITEMS, type MessageRow, readSchedule } from "./values.ts";

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
  const { commits } = state.header;
  const sum = { messages: 0, items: 0, bytes: 0 };
  for (let from = 0;;) {
    const page = state.index.range({ ...messagesFrom(from), limit: MAILS_A_TURN });
    for (const { key } of page) {
      const message = readNumber(key);
      from = message + 1;
      yield* verifyMail(state, reader, { message, sum });
    }
    if (page.length < MAILS_A_TURN) break;
    await pause();
  }
  let scheduled = 0;
  for (let after = -1;;) {
    const rows = reader.schedule(after, ROWS_A_TURN);
    scheduled += rows.length;
    for (const { item } of rows) {
      after = item;
      const problem = problemOf(() => reader.item(item) === null ? "it is in the schedule, but it is gone" : null);
      if (problem !== null) yield { message: null, item, problem };
    }
    if (rows.length === 0) break;
    await pause();
  }
  for (let last: Key | null = null;;) {
    const page: { key: Key }[] = state.index.range({ ...leadsAfter(last), limit: ROWS_A_TURN });
    for (const { key } of page) {
      last = key;
      const problem = verifyLead(reader, key);
      if (problem !== null) yield problem;
    }
    if (page.length < ROWS_A_TURN) break;
    await pause();
  }
  // A queue that changed while it was walked cannot be compared with its counters.
  if (state.header.commits !== commits) return;
  for (const name of ["messages", "items", "bytes"] as const) {
    const kept = state.header[name];
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
  let row: MessageRow | null = null;
  const damage = problemOf(() => {
    row = reader.row(message);
    return null;
  });
  if (damage !== null) return yield bad(null, damage);
  // It went since the page was read.
  if (row === null) return;
  const { envelope, size } = row as MessageRow;
  sum.messages++;
  sum.bytes += size;
  const body = problemOf(() => reader.body(message).length === size ? null : "row and body of the mail differ in size");
  if (body !== null) yield bad(null, body);
  if (state.index.get(bodyKey(message)) === undefined) yield bad(null, "its body has no row");
  if (state.index.get(mailIdKey(envelope.id, message)) === undefined) yield bad(null, "its id does not lead to it");
  let items: StoredItem[] = [];
  const unreadable = problemOf(() => {
    items = reader.itemsLeft(row as unknown as MessageRow);
    return items.length > 0 ? null : "it has no items";
  });
  if (unreadable !== null) yield bad(null, unreadable);
  sum.items += items.length;
  for (const item of items) {
    if (item.message !== message) yield bad(item.item, "it is another mail's");
    if (state.index.get(destinationKey(item.destination, item.item)) === undefined) {
      yield bad(item.item, "its destination does not lead to it");
    }
    const due = scheduleOf(state, item.item);
    if (due?.dueMs !== item.dueMs || due.held !== item.held) yield bad(item.item, "the schedule says otherwise");
  }
}

/** A row by destination or mail id must lead to what has that name. */
function verifyLead(reader: QueueReader, key: Key): QueueProblem | null {
  const number = readNumber(key);
  const toItem = leadsToItem(key);
  const problem = problemOf(() => {
    if (toItem) {
      const item = reader.item(number);
      return item !== null && Buffer.compare(destinationKey(item.destination, number), key) === 0
        ? null
        : "destination";
    }
    const row = reader.row(number);
    return row !== null && Buffer.compare(mailIdKey(row.envelope.id, number), key) === 0 ? null : "mail id";
  });
  if (problem === null) return null;
  const [message, item] = toItem ? [null, number] : [number, null];
  return { message, item, problem: `a row by name leads here wrongly: ${problem}` };
}

function scheduleOf(state: Readable, item: number): ScheduleRow | undefined {
  const block = Math.floor(item / BLOCK_ITEMS);
  const stored = state.index.get(scheduleKey(block));
  const rows: ScheduleRow[] = [];
  if (stored !== undefined) readSchedule({ block, stored }, item - 1, { rows, limit: 1 });
  return rows[0]?.item === item ? rows[0] : undefined;
}

/** What a check says, or the Failure that it ends with. */
function problemOf(check: () => string | null): string | null {
  try {
    return check();
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    return failure.message;
  }
}
