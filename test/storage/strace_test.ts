import { assert, assertEquals } from "@std/assert";
import { readFileSync, rmSync } from "node:fs";
import { checkLeft, commandOf, installed, run } from "./child.ts";
import { temporaryDirectory } from "./support.ts";

const missing = !installed("strace");
const why = missing ? " (skipped: strace is not installed)" : "";

const CALLS = "fdatasync,pwrite64,pwritev,writev,write";

type Target = "index.mdb" | "segments/00000001.seg" | null;

/** Delivers 60 rounds with a pause, while strace makes calls on a file fail; then looks at what is left. */
async function injected(inject: string, target: Target): Promise<{ ended: boolean; failed: string[] }> {
  const dir = temporaryDirectory();
  try {
    const only = target === null ? [] : ["-P", `${dir}/shards/000/${target}`];
    const strace = [
      "strace",
      "-f",
      "-qq",
      "-o",
      "/dev/null",
      "-e",
      `trace=${CALLS}`,
      "-e",
      `inject=${inject}`,
      ...only,
    ];
    const left = await run([...strace, ...commandOf([dir, "0", "60", "10"])]);
    assertEquals(left.readFailures, 0, "reads go on");
    await checkLeft(dir, left.acked);
    const ended = left.code !== 0;
    assert(ended || left.acked.size > left.failed.size / 10, "the store works again");
    return { ended, failed: [...new Set(left.failed.values())] };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const CASES: readonly [string, string, Target, string][] = [
  ["an index flush fails", "fdatasync:error=EIO:when=20", "index.mdb", "disk"],
  ["a segment flush fails", "fdatasync:error=EIO:when=20", "segments/00000001.seg", "disk"],
  ["flushes fail for a while", "fdatasync:error=EIO:when=40..60", null, "disk"],
  ["a segment has no space for one write", "pwrite64:error=ENOSPC:when=20", "segments/00000001.seg", "disk_full"],
  ["a segment has no space for a while", "pwrite64:error=ENOSPC:when=20..30", "segments/00000001.seg", "disk_full"],
  ["a segment write fails", "pwrite64:error=EIO:when=20..22", "segments/00000001.seg", "disk"],
];

for (const [what, inject, target, kind] of CASES) {
  Deno.test({
    name: `when ${what}, nothing acknowledged is lost, reads go on and delivery resumes${why}`,
    ignore: missing,
    fn: async () => assertEquals(await injected(inject, target), { ended: false, failed: [kind] }),
  });
}

for (const error of ["EIO", "ENOSPC"]) {
  Deno.test({
    // lmdb-js 3.5.6 overruns a buffer when it words such an error; that may end the process, which must lose nothing.
    name: `when index pages cannot be written (${error}), nothing acknowledged is lost, even if the process ends${why}`,
    ignore: missing,
    fn: async () => void await injected(`pwrite64:error=${error}:when=200..230`, "index.mdb"),
  });
}

Deno.test({
  name: `a delivery is acknowledged after its body, its index pages and their root were flushed, in this order${why}`,
  ignore: missing,
  fn: async () => {
    const dir = temporaryDirectory();
    try {
      const trace = `${dir}/trace`;
      const strace = ["strace", "-f", "-qq", "-y", "-s", "12", "-o", trace, "-e", `trace=${CALLS}`];
      await run([...strace, ...commandOf([`${dir}/data`, "0", "5"])]);
      const steps = readFileSync(trace, "utf8").split("\n").map(stepOf).filter((step) => step !== null);
      const first = steps.indexOf("ack");
      // One group: body written, flushed; pages written, flushed; root (through a descriptor with O_DSYNC); answer.
      const group = steps.slice(steps.lastIndexOf("body", first), first).filter((step, i, all) => step !== all[i - 1]);
      assertEquals(group, ["body", "flush body", "page", "flush index", "page"]);
      assert(steps.filter((step) => step === "flush body").length >= 5);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
});

/** What a line of the trace did to the store, or null. */
function stepOf(line: string): string | null {
  if (/\bfdatasync\(\d+<[^>]*\.seg>/.test(line)) return "flush body";
  if (/\bfdatasync\(\d+<[^>]*index\.mdb>/.test(line)) return "flush index";
  if (/\bp?write(v|64|v2)?\(\d+<[^>]*\.seg>/.test(line)) return "body";
  if (/\bp?write(v|64|v2)?\(\d+<[^>]*index\.mdb>/.test(line)) return "page";
  if (/\bwrite\(1<[^>]*>, "ack /.test(line)) return "ack";
  return null;
}
