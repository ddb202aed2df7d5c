import { assert as check, assertEquals, assertThrows } from "@std/assert";
import { asFailure, assert, Bug, describeError, Failure } from "../../src/base/mod.ts";

Deno.test("a failure is temporary or permanent from its birth", () => {
  assertEquals(new Failure("busy", "x").temporary, true);
  assertEquals(new Failure("corrupt", "x").temporary, false);
  assertEquals(new Failure("corrupt", "x", { temporary: true }).temporary, true);
});

Deno.test("a defect of ours is never taken for a failure of the world", () => {
  const bug = assertThrows(() => assert(false, "wrong"), Bug, "wrong");
  assertEquals(asFailure(bug), null);
  check(asFailure(new Failure("disk", "x")) instanceof Failure);
});

Deno.test("an error is described with its causes, and a circle of causes ends", () => {
  const inner = new Error("inner");
  assertEquals(describeError(new Failure("disk", "outer", { cause: inner })), "Failure: outer <- Error: inner");
  inner.cause = inner;
  assertEquals(describeError(inner).split(" <- ").length, 5);
});
