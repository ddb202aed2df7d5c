/**
 * Opens the store in a directory and delivers numbered messages, a few at a time; prints `ack <number> <uid>`,
 * `fail <number> <kind>` and, when a fetch fails, `read <uid> <kind>`. Run by tests that kill it or fail its disk.
 */
import { asFailure, systemClock, systemRandom, utf8 } from "../../../src/base/mod.ts";
import { openMailStore } from "../../../src/storage/mod.ts";
import { bodyOf, COUNT_A_ROUND, opIdOf } from "../numbered.ts";
import { account, diskOptions } from "../support.ts";

const [dir, from = "0", rounds = "1000000", pauseMs = "0", unindexedMs] = process.argv.slice(2);
if (dir === undefined) throw new Error("usage: deliver.ts DIRECTORY [FROM] [ROUNDS] [PAUSE_MS] [UNINDEXED_MS_MAX]");

const print = (line: string) => process.stdout.write(`${line}\n`);
const limits = unindexedMs === undefined ? {} : { unindexedMsMax: Number(unindexedMs) };
const store = await openMailStore(diskOptions(dir, { clock: systemClock(), random: systemRandom(), limits }));
const shard = store.shard(0);
print("ready");

async function deliver(number: number): Promise<void> {
  const targets = [{ account: account("anna"), quotaBytes: 0 }];
  const parts = [utf8(bodyOf(number))];
  try {
    const result = await shard.deliver({
      opId: opIdOf(number),
      targets,
      mailbox: 1,
      flags: 0,
      parts,
      index: utf8(`index of ${number}`),
      internalDateMs: 0,
    });
    print(`ack ${number} ${result.type === "delivered" ? result.uids[0] : result.type}`);
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    print(`fail ${number} ${failure.kind}`);
  }
}

/** Marks the newest message and puts it into other mailboxes, so that all their rows change. */
async function file(uid: number): Promise<void> {
  const at = (mailbox: number) => ({ account: account("anna"), mailbox });
  const [quotaBytes, savedMs] = [0, 1_000];
  try {
    const keywords = [`k${uid % 7}`, "filed"];
    await shard.storeFlags(account("anna"), 1, [uid], { how: "add", flags: 1, keywords, unchangedSince: null });
    await shard.copy({ from: at(1), to: at(6), uids: [uid], quotaBytes, move: false, savedMs });
    const { uidNext } = shard.status(account("anna"), 6);
    await shard.copy({ from: at(6), to: at(4), uids: [uidNext - 2], quotaBytes, move: true, savedMs });
  } catch (error) {
    if (asFailure(error) === null) throw error;
  }
}

for (let round = 0; round < Number(rounds); round++) {
  const first = Number(from) + round * COUNT_A_ROUND;
  await Promise.all(Array.from({ length: COUNT_A_ROUND }, (_, i) => deliver(first + i)));
  const { uidNext } = shard.status(account("anna"), 1);
  await file(uidNext - 1);
  try {
    if (uidNext > 1) shard.fetch(account("anna"), 1, { uid: 1, offset: 0, length: 1e6 });
  } catch (error) {
    print(`read 1 ${asFailure(error)?.kind}`);
  }
  if (Number(pauseMs) > 0) await new Promise((resolve) => setTimeout(resolve, Number(pauseMs)));
}
await store.close();
print("closed");
