import { assert, assertEquals } from "@std/assert";
import { rmSync } from "node:fs";
import { checkLeft, commandOf } from "./child.ts";
import { injected, missing, traced, why } from "./strace.ts";
import { temporaryDirectory } from "./support.ts";

type Target = "index.mdb" | "segments/00000001.seg" | null;

/** Delivers 60 rounds with a pause and checkpoints among them, while calls on a file fail. */
async function deliver(inject: string, target: Target): Promise<{ ended: boolean; failed: string[] }> {
  const dir = temporaryDirectory();
  try {
    const file = target === null ? null : `${dir}/shards/000/${target}`;
    return await injected(
      commandOf([dir, "0", "60", "10", "30"]),
      { inject, file },
      ({ acked }) => checkLeft(dir, acked),
    );
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const CASES: readonly [string, string, Target, string][] = [
  ["an index flush fails as a segment begins", "fdatasync:error=EIO:when=4", "index.mdb", "disk"],
  ["a segment flush fails", "fdatasync:error=EIO:when=20", "segments/00000001.seg", "disk"],
  ["flushes fail for a while", "fdatasync:error=EIO:when=40..60", null, "disk"],
  ["a segment has no space for one write", "pwrite64:error=ENOSPC:when=22", "segments/00000001.seg", "disk_full"],
  ["a segment has no space for a while", "pwrite64:error=ENOSPC:when=20..30", "segments/00000001.seg", "disk_full"],
  ["a segment write fails", "pwrite64:error=EIO:when=20..22", "segments/00000001.seg", "disk"],
];

for (const [what, inject, target, kind] of CASES) {
  Deno.test({
    name: `when ${what}, nothing acknowledged is lost, reads go on and delivery resumes${why}`,
    ignore: missing,
    fn: async () => assertEquals(await deliver(inject, target), { ended: false, failed: [kind] }),
  });
}

Deno.test({
  // Who asks while the disk is taken for broken is told so; on a slow machine that may be nobody.
  name: `when the flush of a checkpoint fails, nothing acknowledged is lost, reads go on and delivery resumes${why}`,
  ignore: missing,
  fn: async () => {
    const { ended, failed } = await deliver("fdatasync:error=EIO:when=7", "index.mdb");
    assert(!ended && failed.every((kind) => kind === "disk"), failed.join());
  },
});

for (const error of ["EIO", "ENOSPC"]) {
  Deno.test({
    // lmdb-js 3.5.6 overruns a buffer when it words such an error; that may end the process, which must lose nothing.
    name: `when index pages cannot be written (${error}), nothing acknowledged is lost, even if the process ends${why}`,
    ignore: missing,
    fn: async () => void await deliver(`pwrite64:error=${error}:when=200..230`, "index.mdb"),
  });
}

Deno.test({
  name:
    `a delivery is acknowledged after its body and the record of its group were flushed, and nothing else was${why}`,
  ignore: missing,
  fn: async () => {
    const dir = temporaryDirectory();
    try {
      const steps = await traced(commandOf([`${dir}/data`, "0", "5"]), `${dir}/trace`);
      const first = steps.indexOf("ack");
      const plain = (some: readonly string[]) => some.filter((step, i) => step !== some[i - 1]);
      // Body and record in one write, flushed; answer. Nothing of the index is touched before it.
      assertEquals(steps.slice(steps.lastIndexOf("body", first), first), ["body", "flush body"]);
      assert(steps.filter((step) => step === "flush body").length >= 5);
      // Closing brings what is left to the index: pages, flushed, and their root (through a descriptor with O_DSYNC).
      const last = steps.lastIndexOf("flush body");
      assertEquals(plain(steps.slice(last)), ["flush body", "page", "flush index", "page"]);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
});
