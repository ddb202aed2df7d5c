import { assertEquals, assertThrows } from "@std/assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../src/base/mod.ts";
import { type DirectoryStore, MemoryDirectoryStore, openDirectoryStore } from "../../src/storage/mod.ts";

/** Gives the store, closed and opened again each time it is called. */
type Run = (open: () => Promise<DirectoryStore>) => Promise<void>;

/** Both kinds of store have to keep the same promises. */
const KINDS: Readonly<Record<"memory" | "lmdb", (run: Run) => Promise<void>>> = {
  memory(run) {
    const store = new MemoryDirectoryStore();
    return run(() => Promise.resolve(store));
  },
  async lmdb(run) {
    const dir = mkdtempSync(join(tmpdir(), "stagepost-directory-"));
    const opened: DirectoryStore[] = [];
    const close = async () => await opened.pop()?.close();
    try {
      await run(async () => {
        await close();
        const store = openDirectoryStore(join(dir, "directory"));
        opened.push(store);
        return store;
      });
    } finally {
      await close();
      rmSync(dir, { recursive: true });
    }
  },
};

for (const [kind, inStore] of Object.entries(KINDS)) {
  Deno.test(`${kind} directory: members are read in pages, in order, and never those of another list`, () =>
    inStore(async (open) => {
      const keys = ["a@x a1@y", "a@x a2@y", "a@x b@y", "a@x zé@y", "a@x.y c@y", "b@x a@y"];
      const row = (key: string) => ({ table: "listMember", key, row: { key } }) as const;
      (await open()).commit(1, [...keys.toReversed().map(row), { table: "list", key: "a@x b@z", row: { key: "" } }]);
      const store = await open();
      const page = (after: string | null, limit: number) =>
        store.page("listMember", { prefix: "a@x ", after, limit }).map(({ key }) => key);
      assertEquals(page(null, 10), keys.slice(0, 4));
      assertEquals(page(null, 2), keys.slice(0, 2));
      assertEquals(page("a@x a2@y", 2), keys.slice(2, 4));
      assertEquals(page("a@x a3@gone", 1), ["a@x b@y"]);
      assertEquals(page("a@x zé@y", 2), []);
    }));

  Deno.test(`${kind} directory: a new one is empty, at version 0`, () =>
    inStore(async (open) => {
      const store = await open();
      assertEquals(store.version(), 0);
      assertEquals(store.all("account"), []);
      assertEquals(store.get("account", "a@b.test"), null);
    }));

  Deno.test(`${kind} directory: records are put, replaced and removed, and are there when it is opened again`, () =>
    inStore(async (open) => {
      const store = await open();
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
      const again = await open();
      assertEquals(again.version(), 2);
      assertEquals(again.all("account"), [{ n: 2, text: "grün" }, { n: 3 }]);
      assertEquals(again.get("domain", "x.test"), { name: "x.test", catchAll: null });
      assertEquals(again.get("credential", "id"), null);
      assertEquals(again.all("alias"), []);
    }));

  Deno.test(`${kind} directory: a table of several pages is read whole and in order`, () =>
    inStore(async (open) => {
      const keys = Array.from({ length: 2_001 }, (_, i) => String(i).padStart(5, "0"));
      (await open()).commit(1, keys.toReversed().map((key) => ({ table: "alias", key, row: { key } })));
      assertEquals((await open()).all("alias").map(({ key }) => key), keys);
    }));
}

Deno.test(
  "lmdb directory: a failed commit leaves nothing of itself, and the next one succeeds",
  () =>
    KINDS.lmdb(async (open) => {
      const store = await open();
      store.commit(1, [{ table: "domain", key: "a.test", row: { name: "a.test" } }]);
      assertThrows(() =>
        store.commit(2, [
          { table: "domain", key: "b.test", row: { name: "b.test" } },
          { table: "domain", key: "x".repeat(1_025), row: { name: "too long" } },
        ]), Failure);
      assertEquals(store.version(), 1);
      assertEquals(store.all("domain"), [{ name: "a.test" }]);
      store.commit(2, [{ table: "domain", key: "b.test", row: { name: "b.test" } }]);
      assertEquals((await open()).all("domain").length, 2);
    }),
);

Deno.test("lmdb directory: an owner that missed a commit of another is refused until it has read it", async () => {
  const dir = mkdtempSync(join(tmpdir(), "stagepost-directory-"));
  const row = (key: string) => [{ table: "domain", key, row: { name: key } }] as const;
  const lost = openDirectoryStore(dir);
  lost.commit(1, row("a.test"));
  const successor = openDirectoryStore(dir);
  successor.commit(2, row("b.test"));
  assertThrows(() => lost.commit(2, row("c.test")), Failure, "another owner");
  assertEquals(lost.version(), 2);
  assertEquals(successor.all("domain").length, 2);
  lost.commit(3, row("d.test"));
  assertEquals(lost.all("domain").length, 3);
  await lost.close();
  await successor.close();
  rmSync(dir, { recursive: true });
});

Deno.test("lmdb directory: it is readable by its owner alone", async () => {
  const dir = mkdtempSync(join(tmpdir(), "stagepost-directory-"));
  await openDirectoryStore(join(dir, "d")).close();
  const { mode } = Deno.statSync(join(dir, "d"));
  rmSync(dir, { recursive: true });
  assertEquals((mode ?? 0) & 0o777, 0o700);
});
