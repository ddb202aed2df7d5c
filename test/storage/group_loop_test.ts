/** What becomes of a store when something done beside its groups, a checkpoint or a step of compaction, is refused by the disk. */
import { assert, assertEquals } from "@std/assert";
import { Failure, type FailureKind, FakeClock, SILENT } from "../../src/base/mod.ts";
import { DEFAULT_LIMITS, nodeFiles } from "../../src/storage/mod.ts";
import { type GroupedStore, GroupLoop } from "../../src/storage/group_loop.ts";
import { kindOf } from "./support.ts";

/** A loop over a store that only tells what it was asked to do; its next write fails as told. */
async function loop() {
  const done: string[] = [];
  let failing: FailureKind | null = null;
  const store: GroupedStore<string, string> = {
    index: { reserve: () => {} } as unknown as GroupedStore<string, string>["index"],
    bytesOf: () => 1,
    takesSpace: () => false,
    begin() {
      const changes: string[] = [];
      return {
        add: (change) => changes.push(change) > 0,
        write() {
          if (failing !== null) throw new Failure(failing, "test");
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
  const groups = new GroupLoop(store, { ...options, defer: (run) => run() });
  await groups.open();
  done.length = 0;
  return { groups, done, clock, fail: (kind: FailureKind | null) => failing = kind };
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
