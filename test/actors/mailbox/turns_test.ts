import { assertEquals } from "@std/assert";
import { TURN_MS, Turns } from "../../../src/actors/mailbox/search/turns.ts";
import type { Clock } from "../../../src/base/mod.ts";
import { settle } from "./support.ts";

/** A clock that stands still, and an event loop whose rounds are told. */
class Rounds implements Clock {
  nowMs = 0;
  #next: (() => void)[] = [];
  wallMs(): number {
    return this.nowMs;
  }
  monotonicMs(): number {
    return this.nowMs;
  }
  after(_delayMs: number, run: () => void): () => void {
    this.#next.push(run);
    return () => void (this.#next = this.#next.filter((each) => each !== run));
  }
  get waits(): boolean {
    return this.#next.length > 0;
  }
  async round(): Promise<void> {
    for (const run of this.#next.splice(0)) run();
    await settle();
  }
}

/** Notes whose turn it is, in this order. */
function asking(turns: Turns): { readonly had: string[]; ask(name: string): void } {
  const had: string[] = [];
  return { had, ask: (name) => void turns.next().then(() => had.push(name)) };
}

Deno.test("what is left of a turn goes to whoever asks, and nothing is left running behind it", async () => {
  const rounds = new Rounds();
  const turns = new Turns(rounds);
  const { had, ask } = asking(turns);
  ask("first");
  await settle();
  const over = turns.begin();
  rounds.nowMs = TURN_MS - 1;
  ask("second");
  await settle();
  assertEquals([had, over()], [["first", "second"], false]);
  await rounds.round();
  assertEquals(rounds.waits, false);
});

Deno.test("when a turn is over, those who ask wait for one round of the event loop each, in their order", async () => {
  const rounds = new Rounds();
  const turns = new Turns(rounds);
  const { had, ask } = asking(turns);
  ask("first");
  await settle();
  const over = turns.begin();
  rounds.nowMs = TURN_MS;
  for (const name of ["second", "third"]) ask(name);
  await settle();
  assertEquals([had, over()], [["first"], true]);
  await rounds.round();
  assertEquals(had, ["first", "second"]);
  // Somebody waits: who comes now comes behind, although much of the turn is left.
  ask("fourth");
  await settle();
  assertEquals([had, turns.begin()()], [["first", "second"], false]);
  await rounds.round();
  await rounds.round();
  assertEquals(had, ["first", "second", "third", "fourth"]);
});
