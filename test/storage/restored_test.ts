/** RFC 9051 §2.3.1.1: what is put back from a copy must not give UIDs again that clients know for other messages. */
import { assert, assertEquals } from "@std/assert";
import { cpSync, renameSync, rmSync } from "node:fs";
import { FakeClock } from "../../src/base/mod.ts";
import type { MailboxName } from "../../src/mail/mailbox_name.ts";
import { markRestored, nodeFiles, type ShardStore } from "../../src/storage/mod.ts";
import { during, epochs, fill, inPlace, type Place } from "./epoch_support.ts";
import { ANNA, BERT, mail, text, uids } from "./support.ts";

const INBOX = 1;
const [NEWS, OLD, LATER] = ["News", "Old", "Later"] as MailboxName[];

/** A copy of the data as it is, and how it is put back. */
function copyOf({ dir }: Place): { putBack(): void } {
  cpSync(dir, `${dir}.copy`, { recursive: true });
  return {
    putBack() {
      rmSync(dir, { recursive: true });
      cpSync(`${dir}.copy`, dir, { recursive: true });
    },
  };
}

Deno.test("a copy that is put back has its mail, under UIDVALIDITYs above all that there were", () =>
  inPlace(async (place) => {
    await during(place, fill);
    const copy = copyOf(place);
    const [before, second] = await during(place, async (shard) => {
      const given = uids(await shard.deliver(mail("lost with the disk")));
      await shard.createMailbox(ANNA, LATER!, null);
      return [epochs(shard), given] as const;
    });
    copy.putBack();
    const after = await during(place, async (shard) => {
      assertEquals(text(shard, 1), "first");
      assertEquals(uids(await shard.deliver(mail("another one"))), second, "the UID is given again");
      return epochs(shard);
    });
    assert(Math.min(...after) > Math.max(...before), `${before} became ${after}`);
    assertEquals(await during(place, (shard) => Promise.resolve(epochs(shard))), after, "once for each copy");

    copy.putBack();
    const again = await during(place, (shard) => Promise.resolve(epochs(shard)));
    assert(Math.min(...again) > Math.max(...after), `the same copy, put back again: ${after} became ${again}`);
  }));

Deno.test("names that lose and get mailboxes after that never have the same UIDVALIDITY twice", () =>
  inPlace(async (place) => {
    await during(place, fill);
    const copy = copyOf(place);
    copy.putBack();
    await during(place, async (shard) => {
      const epochOf = (name: MailboxName) => shard.status(ANNA, shard.mailboxNamed(ANNA, name)!.mailbox).uidValidity;
      const seen = [epochOf(NEWS!)];
      await shard.removeMailbox(ANNA, NEWS!);
      await shard.createMailbox(ANNA, NEWS!, null);
      seen.push(epochOf(NEWS!));
      await shard.removeMailbox(ANNA, NEWS!);
      await shard.createMailbox(ANNA, OLD!, null);
      await shard.renameMailbox(ANNA, OLD!, NEWS!);
      seen.push(epochOf(NEWS!));
      assertEquals(seen, [...new Set(seen)].sort((a, b) => a - b));
      assert(shard.status(BERT, INBOX).uidValidity <= seen[0]!);
    });
  }));

Deno.test("data that stay where they are keep their UIDVALIDITY, whatever names lead there", () =>
  inPlace(async (place) => {
    const before = await during(place, fill);
    renameSync(place.dir, `${place.dir}.moved`);
    const after = await during({ ...place, dir: `${place.dir}.moved` }, (shard) => Promise.resolve(epochs(shard)));
    assertEquals(after, before);
  }));

Deno.test("what an operator says was put back is taken for a copy, each time it is said", () =>
  inPlace(async (place) => {
    const seen = [await during(place, fill)];
    for (let i = 0; i < 2; i++) {
      markRestored(place.dir);
      seen.push(await during(place, (shard) => Promise.resolve(epochs(shard))));
      assert(Math.min(...seen.at(-1)!) > Math.max(...seen.at(-2)!), JSON.stringify(seen));
      assertEquals(await during(place, (shard) => Promise.resolve(epochs(shard))), seen.at(-1)!);
    }
  }));

Deno.test("a copy gets UIDVALIDITYs above those it has, and within 32 bits, whatever the clock of the machine says", () =>
  inPlace(async (place) => {
    const before = await during(place, fill);
    const copy = copyOf(place);
    const seconds = 2 ** 32;
    for (const wallMs of [0, place.clock.wallMs() - 9e9, (seconds - 1) * 1_000, seconds * 5_000]) {
      copy.putBack();
      const there = { dir: place.dir, clock: new FakeClock(wallMs) };
      const after = await during(there, async (shard) => {
        const old = epochs(shard);
        await shard.createMailbox(ANNA, LATER!, null);
        const fresh = shard.status(ANNA, shard.mailboxNamed(ANNA, LATER!)!.mailbox).uidValidity;
        assert(fresh < seconds && fresh >= Math.max(...old), `${fresh}`);
        assertEquals(text(shard, 1), "first");
        return old;
      });
      assert(Math.min(...after) > Math.max(...before) && Math.max(...after) < seconds, `${before} became ${after}`);
      assertEquals(await during(there, (shard) => Promise.resolve(epochs(shard).slice(0, 1))), after.slice(0, 1));
    }
  }));

Deno.test("an index alone that is put back is seen, and files that have no identity are not taken for a copy", () =>
  inPlace(async (place) => {
    const before = await during(place, fill);
    const nameless = { ...nodeFiles(), identity: () => null };
    const resting = (shard: ShardStore) => Promise.resolve(epochs(shard));
    assertEquals(await during(place, resting, { files: nameless }), before);
    assertEquals(await during(place, resting), before, "it is known as it was");
    const index = `${place.dir}/shards/000/index.mdb`;
    cpSync(index, `${index}.old`);
    renameSync(`${index}.old`, index);
    const after = await during(place, resting);
    assert(Math.min(...after) > Math.max(...before), `${before} became ${after}`);
  }));

Deno.test("an operator may say of data that they were put back before there are any", () =>
  inPlace(async (place) => {
    markRestored(place.dir);
    const before = await during(place, fill);
    assertEquals(await during(place, (shard) => Promise.resolve(epochs(shard))), before);
  }));

Deno.test("on a machine without a clock a copy gives no name a UIDVALIDITY that a mailbox had which is gone", () =>
  inPlace(async (place) => {
    const limits = { formerNamesMax: 1 };
    await during(place, fill, { limits });
    const given: number[] = [];
    const make = async (shard: ShardStore, name: MailboxName) => {
      await shard.createMailbox(ANNA, name, null);
      const { mailbox } = shard.mailboxNamed(ANNA, name)!;
      return shard.status(ANNA, mailbox).uidValidity;
    };
    await during(place, async (shard) => {
      for (const name of ["A", "B", "C", "D", "E", "F"] as MailboxName[]) {
        given.push(await make(shard, name));
        await shard.removeMailbox(ANNA, name);
      }
      await shard.purge(ANNA);
    }, { limits });
    copyOf(place).putBack();
    await during({ dir: place.dir, clock: new FakeClock(0) }, async (shard) => {
      for (const name of ["E", "A", "F"] as MailboxName[]) {
        const fresh = await make(shard, name);
        assert(fresh > Math.max(...given), `${fresh} is none of ${given}`);
      }
    }, { limits });
  }));
