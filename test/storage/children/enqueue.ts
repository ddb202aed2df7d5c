/**
 * Opens the queue in a directory and hands in numbered mails, a few at a time; every third is done with at once, the others
 * are tried once. Prints `ack <number> <item>`, `done <number>`, `fail <number> <kind>`
 * and, when a read fails, `read 1 <kind>`. Run by tests that kill it or fail its disk.
 */
import { asFailure, systemClock, utf8 } from "../../../src/base/mod.ts";
import { openQueueStore } from "../../../src/storage/mod.ts";
import { bodyOf, COUNT_A_ROUND, opIdOf } from "../numbered.ts";
import { envelope, next, outgoing, queueOptions } from "../queue/support.ts";

const [dir, from = "0", rounds = "1000000", pauseMs = "0"] = process.argv.slice(2);
if (dir === undefined) throw new Error("usage: enqueue.ts DIRECTORY [FROM] [ROUNDS] [PAUSE_MS]");

const print = (line: string) => process.stdout.write(`${line}\n`);
const store = await openQueueStore(queueOptions(dir, { clock: systemClock(), limits: { segmentBytesMax: 2_000_000 } }));

async function enqueue(number: number): Promise<void> {
  const opId = opIdOf(number);
  try {
    const { items: [item] } = await store.enqueue(
      outgoing("", { opId, envelope: envelope(opId), parts: [utf8(bodyOf(number))] }),
    );
    // One that was done in an earlier life.
    if (item === undefined) return void print(`done ${number}`);
    print(`ack ${number} ${item.item}`);
    const done = number % 3 === 0;
    await store.change([{ item: item.item, next: done ? null : next(item, { attempts: 1 }) }]);
    if (done) print(`done ${number}`);
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    print(`fail ${number} ${failure.kind}`);
  }
}

for (let round = 0; round < Number(rounds); round++) {
  const first = Number(from) + round * COUNT_A_ROUND;
  await Promise.all(Array.from({ length: COUNT_A_ROUND }, (_, i) => enqueue(first + i)));
  try {
    for (const { item } of store.schedule(0, 1)) store.body(store.item(item)!.message);
  } catch (error) {
    print(`read 1 ${asFailure(error)?.kind}`);
  }
  if (Number(pauseMs) > 0) await new Promise((resolve) => setTimeout(resolve, Number(pauseMs)));
}
await store.close();
print("closed");
