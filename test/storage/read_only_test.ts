/** ATTACKS R3: a device that turns read-only, as Linux does with one that fails, and comes back. */
import { assertEquals } from "@std/assert";
import { rmSync } from "node:fs";
import { FakeClock } from "../../src/base/mod.ts";
import { type FileSystem, nodeFiles, openMailStore } from "../../src/storage/mod.ts";
import { diskOptions, kindOf, mail, temporaryDirectory, text, uids } from "./support.ts";

Deno.test("on a device that turns read-only nothing is acknowledged, reading goes on, and delivery resumes when it is back", async () => {
  const dir = temporaryDirectory();
  const clock = new FakeClock();
  const real = nodeFiles();
  let readOnly = false;
  const writing: ReadonlySet<string> = new Set(["write", "syncData", "truncate"]);
  const files = new Proxy(real, {
    get(_target, name: keyof FileSystem) {
      if (!readOnly || !writing.has(name)) return real[name];
      return () => {
        throw Object.assign(new Error("read-only file system"), { code: "EROFS" });
      };
    },
  });
  const store = await openMailStore(diskOptions(dir, { clock, files, limits: { freeBytesMin: 0 } }));
  try {
    const shard = store.shard(0);
    await shard.deliver(mail("before"));
    readOnly = true;
    const late = mail("meanwhile");
    for (let i = 0; i < 5; i++) {
      assertEquals(await kindOf(() => shard.deliver(late)), "disk");
      assertEquals(text(shard, 1), "before");
      clock.advance(10_000);
    }
    readOnly = false;
    clock.advance(10_000);
    assertEquals(uids(await shard.deliver(late)), [2]);
    assertEquals([text(shard, 1), text(shard, 2), shard.health()], ["before", "meanwhile", "ok"]);
  } finally {
    readOnly = false;
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  }
});
