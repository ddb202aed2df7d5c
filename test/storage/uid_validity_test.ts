/** RFC 9051 §2.3.1.1: name, UIDVALIDITY and UID of a message name that one for ever. */
import { assert } from "@std/assert";
import { asFailure, seededRandom } from "../../src/base/mod.ts";
import type { ShardStore } from "../../src/storage/mod.ts";
import { ACCOUNTS, randomStep } from "./model_steps.ts";
import { type Open, openDisk, openMemory } from "./support.ts";

/** What clients may remember of the mailboxes of all accounts. */
class Memory {
  readonly #contents = new Map<string, number>();
  readonly #epochs = new Map<string, number>();
  look(shard: ShardStore): void {
    for (const account of ACCOUNTS) {
      for (const { mailbox, name } of shard.mailboxes(account)) {
        if (mailbox === 0) continue;
        const { uidValidity } = shard.status(account, mailbox);
        const before = this.#epochs.get(`${account} ${name}`) ?? 0;
        assert(uidValidity >= before, `UIDVALIDITY of ${name} fell from ${before} to ${uidValidity}`);
        this.#epochs.set(`${account} ${name}`, uidValidity);
        for (const { uid, content } of shard.rowsAt(account, mailbox, 0, { limit: 10_000, index: false }).rows) {
          const key = `${account} ${name} ${uidValidity} ${uid}`;
          const known = this.#contents.get(key) ?? content;
          assert(known === content, `${key} named the content ${known} and names ${content}`);
          this.#contents.set(key, content);
        }
      }
    }
  }
  get size(): number {
    return this.#contents.size;
  }
}

async function history(seed: number, open: Open, steps: number): Promise<number> {
  const opened = await open({ formerNamesMax: 2, mailboxesMax: 11 });
  const random = seededRandom(seed);
  const memory = new Memory();
  try {
    for (let number = 0; number < steps; number++) {
      await randomStep(random, number, true)(opened.shard).catch((error) =>
        assert(asFailure(error) !== null, String(error))
      );
      memory.look(opened.shard);
    }
  } finally {
    await opened.close();
  }
  return memory.size;
}

for (const [name, open, seeds] of [["memory store", openMemory, 30], ["disk store", openDisk, 8]] as const) {
  Deno.test(`${name}: whatever is renamed, removed and made anew, no UID comes back for another message`, async () => {
    let seen = 0;
    for (let seed = 1; seed <= seeds; seed++) {
      seen += await history(seed, open, 200).catch((error) => {
        throw new Error(`seed ${seed} fails`, { cause: error });
      });
    }
    assert(seen > 50 * seeds, `${seen} messages were seen`);
  });
}
