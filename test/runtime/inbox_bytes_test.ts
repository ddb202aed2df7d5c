import { assertEquals } from "@std/assert";
import { FakeClock, seededRandom, SILENT } from "../../src/base/mod.ts";
import { ActorCell, type CellHost } from "../../src/runtime/actor_cell.ts";
import { INBOX_BYTES_MAX } from "../../src/runtime/limits.ts";
import type { Message } from "../../src/runtime/message.ts";
import { testSystem } from "./support/system.ts";

Deno.test("an inbox takes bytes from other workers up to its limit, and one message however large when it is empty", () => {
  const address = { node: "local", worker: "w", actor: "a" };
  const { system } = testSystem();
  const host: CellHost = {
    clock: new FakeClock(),
    log: SILENT,
    random: seededRandom(1),
    systemFor: () => system,
    makeReady: () => {},
    wantDrain: () => {},
    restartDelayMs: () => null,
    gone: () => {},
    fatal: () => {},
    watch: () => () => {},
  };
  const definition = { restart: "temporary", inboxMax: 10, init: () => null, receive: {} } as const;
  const cell = () => new ActorCell(address, definition, undefined, host, false);
  const message = (bytes: number): Message => {
    return {
      kind: "message",
      type: "x",
      request: null,
      sink: null,
      sender: address,
      deadlineAt: Infinity,
      bytes,
      trace: "",
    };
  };
  const filled = cell();
  assertEquals(filled.accept(message(INBOX_BYTES_MAX - 10)), null);
  assertEquals(filled.accept(message(11)), "busy");
  assertEquals(filled.accept(message(10)), null);
  assertEquals(filled.accept(message(1)), "busy");
  assertEquals(filled.accept(message(0)), null);
  assertEquals(cell().accept(message(2 * INBOX_BYTES_MAX)), null);
});
