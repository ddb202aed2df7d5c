import { assertEquals } from "@std/assert";
import {
  isListLocal,
  LIST_LOCAL_BYTES_MAX,
  listAddresses,
  listName,
  roleAddress,
} from "../../../src/policy/list/mod.ts";

Deno.test("a local part is the list's own, or one of its roles, with a detail or without", () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    ["cats", "cats", "post", ""],
    ["cats+a+b", "cats", "post", "a+b"],
    ["cats-request", "cats", "request", ""],
    ["cats-owner+x", "cats", "owner", "x"],
    ["big-cats-bounces+a=b", "big-cats", "bounces", "a=b"],
    ["cats-other", "cats-other", "post", ""],
    ["-request", "-request", "post", ""],
    ["+x", "+x", "post", ""],
    ["cats+x-request", "cats", "post", "x-request"],
  ];
  for (const [local, name, role, detail] of cases) {
    assertEquals(listName(local), { local: name, role, detail } as never);
  }
});

Deno.test("a list's name is plain, not long, and no role of another list", () => {
  for (const good of ["cats", "big-cats", "c", "3d.art_list", "x".repeat(LIST_LOCAL_BYTES_MAX)]) {
    assertEquals(isListLocal(good), true, good);
  }
  const bad = ["", "Cats", "cats-request", "x-bounces", "a+b", ".a", "-a", "a-", "ä", "a b", '"a"'];
  for (const name of [...bad, "x".repeat(LIST_LOCAL_BYTES_MAX + 1)]) assertEquals(isListLocal(name), false, name);
});

Deno.test("a list answers to four addresses", () => {
  assertEquals(listAddresses("cats@smith.test"), [
    "cats@smith.test",
    "cats-request@smith.test",
    "cats-owner@smith.test",
    "cats-bounces@smith.test",
  ]);
  assertEquals(roleAddress("cats@smith.test", "bounces", "x"), "cats-bounces+x@smith.test");
});
