/** What becomes of a store when something done beside its groups, a checkpoint or a step of compaction, is refused by the disk. */
import { assert, assertEquals } from "@std/assert";
import { Failure, type FailureKind, FakeClock, SILENT } from "../../src/base/mod.ts";
import { DEFAULT_LIMITS, nodeFiles } from "../../src/storage/mod.ts";
import { type GroupedStore, GroupLoop } from "../../src/storage/disk/group_loop.ts";
import { kindOf } from "./support.ts";

/** A loop over a store that only tells what it was asked to do; its next write fails as told. */
async function loop({ inTurns = false } = {}) {
  const done: string[] = [];
  const failed: string[] = [];
  const later: (() => void)[] = [];
  let failing: FailureKind | null = null;
  const store: GroupedStore<string, string> = {
    index: { reserve: () => {} } as unknown as GroupedStore<string, string>["index"],
    bytesOf: () => 1,
    takesSpace: (change) => change.startsWith("mail"),
    begin() {
      const changes: string[] = [];
      return {
        add: (change) => changes.push(change) > 0,
        write() {
          if (failing !== null) {
            failed.push(changes.join());
            throw new Failure(failing, "test");
          }
          done.push(changes.join());
        },
        answer: (i) => `${changes[i]} kept`,
        settled() {},
      };
    },
    claim: () => void done.push("claim"),
    probe: () => void done.push("probe"),
    reopen: ({ inDoubt }) => void done.push(inDoubt ? "reopen in doubt" : "undo"),
  };
  const clock = new FakeClock();
  const options = { dir: "d", clock, log: SILENT, files: nodeFiles(), limits: DEFAULT_LIMITS };
  const groups = new GroupLoop(store, { ...options, defer: (run) => inTurns ? void later.push(run) : run() });
  await groups.open();
  done.length = 0;
  return { groups, done, failed, later, clock, fail: (kind: FailureKind | null) => failing = kind };
}

Deno.test("what was done beside the groups and found no space is undone before the next group", async () => {
  const { groups, done } = await loop();
  groups.failed(new Failure("disk_full", "test"));
  assertEquals([done, groups.health, groups.idle], [["undo"], "ok", true]);
  assertEquals(await groups.submit("a"), "a kept");
});

Deno.test("when the disk fails beside the groups nothing is acknowledged until a claim is on it", async () => {
  const { groups, done, clock } = await loop();
  groups.failed(new Failure("disk", "test"));
  assertEquals([done, groups.idle], [["reopen in doubt"], false]);
  assertEquals(await kindOf(() => groups.submit("a")), "disk");
  clock.advance(60_000);
  const first = await groups.submit("b").catch(({ kind }) => kind);
  assertEquals([first, done.slice(0, 4)], ["b kept", ["reopen in doubt", "probe", "reopen in doubt", "claim"]]);
});

Deno.test("an owner that was refused once is refused for good, and writes nothing any more", async () => {
  for (const beside of [true, false]) {
    const { groups, done, clock, fail } = await loop();
    if (beside) groups.failed(new Failure("refused", "another owner"));
    else {
      fail("refused");
      assertEquals(await kindOf(() => groups.submit("a")), "refused");
      fail(null);
    }
    clock.advance(3_600_000);
    assertEquals([await kindOf(() => groups.submit("b")), done], ["refused", []]);
    assert(groups.health !== "ok");
  }
});

Deno.test("what frees space is written twice at most, the second time without what takes some, and then refused like it", async () => {
  const { groups, failed, done, later, fail } = await loop({ inTurns: true });
  fail("disk_full");
  const told: string[] = [];
  const submit = (change: string) =>
    void groups.submit(change).then((answer) => told.push(answer), ({ kind }) => told.push(`${change} ${kind}`));
  /** A turn of the loop, in which more mail comes. */
  const turn = async (more: string) => {
    later.shift()?.();
    submit(more);
    await Promise.resolve();
    await Promise.resolve();
  };
  for (const change of ["mail 1", "expunge", "mail 2", "flags"]) submit(change);
  await turn("mail 3");
  assertEquals([failed.splice(0), told.splice(0)], [["mail 1,expunge,mail 2,flags"], [
    "mail 1 disk_full",
    "mail 2 disk_full",
  ]]);
  await turn("mail 4");
  assertEquals([failed.splice(0), told.splice(0)], [["expunge,flags"], ["expunge disk_full", "flags disk_full"]]);
  submit("expunge 2");
  await turn("mail 5");
  assertEquals([failed.splice(0), told.splice(0)], [["mail 3,mail 4,expunge 2"], [
    "mail 3 disk_full",
    "mail 4 disk_full",
  ]]);
  // There is space again: nobody has to do anything for it.
  fail(null);
  done.length = 0;
  await turn("mail 6");
  await turn("mail 7");
  assertEquals([done.splice(0), told.splice(0)], [["expunge 2", "mail 5,mail 6"], [
    "expunge 2 kept",
    "mail 5 kept",
    "mail 6 kept",
  ]]);
  await turn("mail 8");
  assertEquals([groups.health, later.length], ["ok", 1]);
  later.shift()?.();
  assertEquals(later.length, 0, "with nothing to do it does nothing");
});
