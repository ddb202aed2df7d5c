import { assertEquals, assertThrows } from "@std/assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../src/base/mod.ts";
import { type DirectoryStore, MemoryDirectoryStore, openDirectoryStore } from "../../src/storage/mod.ts";

/** Both kinds of store have to keep the same promises. */
const KINDS: Readonly<Record<string, (run: (open: () => DirectoryStore) => void) => void>> = {
  memory(run) {
    const store = new MemoryDirectoryStore();
    run(() => store);
  },
  lmdb(run) {
    const dir = mkdtempSync(join(tmpdir(), "stagepost-directory-"));
    let store: DirectoryStore | null = null;
    try {
      run(() => {
        store?.close();
        store = openDirectoryStore(join(dir, "directory"));
        return store;
      });
    } finally {
      (store as DirectoryStore | null)?.close();
      rmSync(dir, { recursive: true });
    }
  },
};

for (const [kind, inStore] of Object.entries(KINDS)) {
  Deno.test(`${kind} directory: a new one is empty, at version 0`, () =>
    inStore((open) => {
      const store = open();
      assertEquals(store.version(), 0);
      assertEquals(store.all("account"), []);
      assertEquals(store.get("account", "a@b.test"), null);
    }));

  Deno.test(`${kind} directory: records are put, replaced and removed, and are there when it is opened again`, () =>
    inStore((open) => {
      const store = open();
      store.commit(1, [
        { table: "account", key: "b@x.test", row: { n: 1 } },
        { table: "account", key: "a@x.test", row: { n: 2, text: "grün" } },
        { table: "domain", key: "x.test", row: { name: "x.test", catchAll: null } },
        { table: "credential", key: "id", row: { hash: "secret" } },
      ]);
      store.commit(2, [
        { table: "account", key: "b@x.test", row: { n: 3 } },
        { table: "credential", key: "id", row: null },
      ]);
      const again = open();
      assertEquals(again.version(), 2);
      assertEquals(again.all("account"), [{ n: 2, text: "grün" }, { n: 3 }]);
      assertEquals(again.get("domain", "x.test"), { name: "x.test", catchAll: null });
      assertEquals(again.get("credential", "id"), null);
      assertEquals(again.all("alias"), []);
    }));

  Deno.test(`${kind} directory: a table of several pages is read whole and in order`, () =>
    inStore((open) => {
      const keys = Array.from({ length: 2_001 }, (_, i) => String(i).padStart(5, "0"));
      open().commit(1, keys.toReversed().map((key) => ({ table: "alias", key, row: { key } })));
      assertEquals(open().all("alias").map(({ key }) => key), keys);
    }));
}

/** lmdb-js keeps a timer of its own, which it does not end with the environment. */
const LMDB_TIMER = { sanitizeOps: false, sanitizeResources: false };

Deno.test(
  "lmdb directory: a failed commit leaves nothing of itself, and the next one succeeds",
  LMDB_TIMER,
  () =>
    KINDS["lmdb"]!((open) => {
      const store = open();
      store.commit(1, [{ table: "domain", key: "a.test", row: { name: "a.test" } }]);
      assertThrows(() =>
        store.commit(2, [
          { table: "domain", key: "b.test", row: { name: "b.test" } },
          { table: "domain", key: "x".repeat(1_025), row: { name: "too long" } },
        ]), Failure);
      assertEquals(store.version(), 1);
      assertEquals(store.all("domain"), [{ name: "a.test" }]);
      store.commit(2, [{ table: "domain", key: "b.test", row: { name: "b.test" } }]);
      assertEquals(open().all("domain").length, 2);
    }),
);

Deno.test("lmdb directory: it is readable by its owner alone", LMDB_TIMER, () => {
  const dir = mkdtempSync(join(tmpdir(), "stagepost-directory-"));
  openDirectoryStore(join(dir, "d")).close();
  const { mode } = Deno.statSync(join(dir, "d"));
  rmSync(dir, { recursive: true });
  assertEquals((mode ?? 0) & 0o777, 0o700);
});
