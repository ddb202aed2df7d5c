import { assertEquals } from "@std/assert";
import { commandOf } from "../child.ts";
import { injected, missing, traced, why } from "../strace.ts";
import { checkLeft, CHILD } from "./child.ts";
import { inDirectory } from "./support.ts";

const CASES: readonly [what: string, inject: string, file: string | null, kind: string][] = [
  ["an index flush fails", "fdatasync:error=EIO:when=5", "index.mdb", "disk"],
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
  name: `a mail is acknowledged after its body and the record of its group were flushed, and so is a change${why}`,
  ignore: missing,
  fn: () =>
    inDirectory(async (dir) => {
      const steps = await traced(commandOf([`${dir}/data`, "0", "1"], CHILD), `${dir}/trace`);
      const first = steps.indexOf("ack");
      // Nothing of the index is touched before the answer: bodies and record written, flushed; answer.
      const group = steps.slice(steps.indexOf("body"), first).filter((step, i, all) => step !== all[i - 1]);
      assertEquals(group, ["body", "flush body"]);
      // The changes go the same way; closing brings what is left to the index.
      const changes = steps.slice(steps.lastIndexOf("ack") + 1).filter((step, i, all) => step !== all[i - 1]);
      assertEquals(changes, ["body", "flush body", "page", "flush index", "page"]);
    }),
});
