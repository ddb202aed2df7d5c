import { assertEquals } from "@std/assert";
import { Found } from "../../../src/actors/mailbox/search/found.ts";
import { seededRandom } from "../../../src/base/mod.ts";
import type { Uid } from "../../../src/mail/uid.ts";

Deno.test("the last messages found are kept, however they come: one by one, many at once", () => {
  const random = seededRandom(3);
  const upTo = (max: number) => Math.floor(random.next() * max);
  for (let round = 0; round < 200; round++) {
    const last = 1 + upTo(20);
    const found = new Found({ last });
    const all: [sequence: number, uid: number][] = [];
    let [sequence, uid] = [1, 1];
    for (let i = 0; i < 30; i++) {
      if (upTo(2) === 0) uid += upTo(3);
      const count = 1 + upTo(4);
      for (let at = 0; at < count; at++) all.push([sequence + at, uid + at]);
      if (count === 1) found.add({ sequence, uid: uid as Uid, modSeq: i });
      else found.addRun({ sequence, uid: uid as Uid, count });
      [sequence, uid] = [sequence + count, uid + count];
      if (upTo(5) > 0) continue;
      const kept = found.runs.flatMap((run) =>
        Array.from({ length: run.count }, (_, at) => [run.sequence + at, run.uid + at])
      );
      assertEquals(kept, all.slice(-last));
    }
  }
});
