import { assert, assertEquals } from "@std/assert";
import { commandOf } from "../child.ts";
import { injected, missing, traced, why } from "../strace.ts";
import { checkLeft, CHILD } from "./child.ts";
import { inDirectory } from "./support.ts";

const CASES: readonly [what: string, inject: string, file: string | null, kind: string][] = [
  ["an index flush fails", "fdatasync:error=EIO:when=20", "index.mdb", "disk"],
  ["a segment flush fails", "fdatasync:error=EIO:when=20", "segments/00000001.seg", "disk"],
  ["a segment has no space for a while", "pwrite64:error=ENOSPC:when=20..30", "segments/00000001.seg", "disk_full"],
];

for (const [what, inject, name, kind] of CASES) {
  Deno.test({
    name: `when ${what}, no mail of the queue is lost, reads go on and it takes mail again${why}`,
    ignore: missing,
    fn: () =>
      inDirectory(async (dir) => {
        const file = `${dir}/queue/${name}`;
        const outcome = await injected(commandOf([dir, "0", "60", "10"], CHILD), { inject, file }, (left) =>
          checkLeft(dir, left));
        assertEquals(outcome, { ended: false, failed: [kind] });
      }),
  });
}

Deno.test({
  name: `a mail is acknowledged after its body and its rows were flushed; a change needs no flush of bodies${why}`,
  ignore: missing,
  fn: () =>
    inDirectory(async (dir) => {
      const steps = await traced(commandOf([`${dir}/data`, "0", "1"], CHILD), `${dir}/trace`);
      const first = steps.indexOf("ack");
      // One group: body written, flushed; pages written, flushed; root (through a descriptor with O_DSYNC); answer.
      const group = steps.slice(steps.indexOf("body"), first).filter((step, i, all) => step !== all[i - 1]);
      assertEquals(group, ["body", "flush body", "page", "flush index", "page"]);
      const changes = steps.slice(steps.lastIndexOf("ack"));
      assert(changes.includes("flush index") && !changes.includes("flush body"), changes.join());
    }),
});
