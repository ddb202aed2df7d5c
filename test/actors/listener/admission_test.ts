import { assert, assertEquals } from "@std/assert";
import { Admission } from "../../../src/actors/listener/admission.ts";
import { newCounters } from "../../../src/actors/listener/counters.ts";
import { LoadWatch } from "../../../src/actors/listener/load_watch.ts";
import { MemoryBudget } from "../../../src/actors/listener/memory_budget.ts";
import { FakeClock } from "../../../src/base/mod.ts";
import type { RateLimitsConfig } from "../../../src/policy/mod.ts";
import { NO_RATES } from "../../support/no_rates.ts";

const MINUTE_MS = 60_000;

function admission(rates: Partial<RateLimitsConfig>, exempt = ["127.0.0.0/8", "::1"]) {
  const clock = new FakeClock();
  const counters = newCounters();
  const load = { over: false };
  const gate = new Admission({ exempt, rates: { ...NO_RATES, ...rates } }, {
    clock,
    counters,
    overloaded: () => load.over,
  });
  return { gate, clock, counters, load };
}

function ban(network: string, until: string | null = null) {
  return { network, until, reason: "", by: "operator", createdAt: "" } as const;
}

Deno.test("connections of an address are admitted up to the rate, one more is refused until time has passed", () => {
  const { gate, clock, counters } = admission({ connectionsPerMinute: 3 });
  const tries = () => [1, 2, 3, 4].map(() => gate.admit("192.0.2.1"));
  assertEquals(tries(), [null, null, null, "rate"]);
  assertEquals(gate.admit("192.0.2.2"), null);
  clock.advance(MINUTE_MS / 3);
  assertEquals(gate.admit("192.0.2.1"), null);
  assertEquals(gate.admit("192.0.2.1"), "rate");
  assertEquals(counters.refusedConnections.rate, 2);
});

Deno.test("one IPv6 site has one rate however many addresses it uses", () => {
  const { gate } = admission({ connectionsPerMinute: 2 });
  assertEquals(["::1", "::2", "ffff::3"].map((end) => gate.admit(`2001:db8:1:2:${end.replace("::", ":0:0:")}`)), [
    null,
    null,
    "rate",
  ]);
});

Deno.test("an exempt network is free of rates and bans: this machine, unless it is configured not to be", () => {
  for (const exempt of [true, false]) {
    const { gate } = admission({ connectionsPerMinute: 1 }, exempt ? ["::1", "127.0.0.0/8"] : []);
    gate.set("127.0.0.2/32", ban("127.0.0.2/32"));
    assertEquals(gate.admit("127.0.0.1"), null);
    assertEquals(gate.admit("127.0.0.1"), exempt ? null : "rate");
    assertEquals(gate.admit("127.0.0.2"), exempt ? null : "banned");
    assertEquals(gate.isBanned("127.0.0.2"), !exempt);
  }
});

Deno.test("a server that the operator has chosen is free of rates, and of nothing else", () => {
  const { gate, load } = admission({ connectionsPerMinute: 1, errorsPerMinute: 1, messagesPerMinute: 1 });
  const meter = gate.meter("192.0.2.1", true);
  assertEquals([1, 2, 3].map(() => gate.admit("192.0.2.1", true)), [null, null, null]);
  assert([1, 2, 3].every(() => meter.recipient(null) && meter.message(null) && meter.errors(1)));
  assertEquals(gate.admit("192.0.2.1"), null, "nothing was counted");
  gate.set("192.0.2.1/32", ban("192.0.2.1/32"));
  assertEquals(gate.admit("192.0.2.1", true), "banned");
  gate.set("192.0.2.1/32", null);
  load.over = true;
  assertEquals(gate.admit("192.0.2.1", true), "overloaded");
});

Deno.test("a ban refuses from when it is told until it ends or is lifted, and says when somebody may have to go", () => {
  const { gate, clock, counters } = admission({});
  let told = 0;
  gate.onBan = () => void told++;
  gate.set("192.0.2.0/24", ban("192.0.2.0/24", "2026-01-01T00:01:00.000Z"));
  assertEquals([told, gate.admit("192.0.2.9")], [1, "banned"]);
  clock.advance(MINUTE_MS);
  assertEquals(gate.admit("192.0.2.9"), null);
  gate.reset([ban("198.51.100.1/32")]);
  assertEquals([told, gate.admit("198.51.100.1")], [2, "banned"]);
  gate.set("198.51.100.1/32", null);
  assertEquals([told, gate.admit("198.51.100.1")], [2, null]);
  assertEquals(counters.refusedConnections.banned, 2);
});

Deno.test("an address whose commands are refused too often is refused itself until the rate has come down", () => {
  const { gate, clock } = admission({ errorsPerMinute: 6 });
  const meter = gate.meter("192.0.2.1");
  assert(meter.errors(4) && meter.errors(2));
  assertEquals(gate.admit("192.0.2.1"), "errors");
  assert(!meter.errors(1));
  assertEquals(gate.admit("192.0.2.2"), null);
  clock.advance(MINUTE_MS / 6);
  assertEquals(gate.admit("192.0.2.1"), null);
});

Deno.test("recipients and messages are taken up to their rate; without room for a message no recipient is", () => {
  const { gate, counters, clock } = admission({ messagesPerMinute: 2, recipientsPerMinute: 4 });
  const meter = gate.meter("192.0.2.1");
  assert(meter.recipient(null) && meter.message(null));
  assert(meter.recipient(null) && meter.message(null));
  assert(!meter.message(null));
  assert(!meter.recipient(null), "two recipients are left, but no message");
  assertEquals([counters.limitedMessages, counters.limitedRecipients], [1, 1]);
  clock.advance(MINUTE_MS);
  assertEquals([1, 2, 3, 4, 5].map(() => meter.recipient(null)), [true, true, true, true, false]);
  assert(gate.meter("192.0.2.2").recipient(null), "another address");
});

Deno.test("who has logged in is counted by the account, from wherever it comes, this machine included", () => {
  const rates = { messagesPerMinute: 1, accountMessagesPerHour: 3, accountRecipientsPerHour: 100 };
  const { gate } = admission(rates);
  const at = (address: string) => gate.meter(address).message("john@smith.test");
  assertEquals(["192.0.2.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "127.0.0.1"].map(at), [
    true,
    true,
    true,
    false,
    false,
  ]);
  assert(!gate.meter("192.0.2.1").recipient("john@smith.test"));
  assert(gate.meter("192.0.2.1").message("mary@smith.test"), "another account");
  assert(gate.meter("192.0.2.1").message(null), "the address has spent nothing");
});

Deno.test("a worker that has too much to do admits nobody, not even this machine", () => {
  const { gate, load, counters } = admission({});
  load.over = true;
  assertEquals(gate.admit("127.0.0.1"), "overloaded");
  load.over = false;
  assertEquals(gate.admit("127.0.0.1"), null);
  assertEquals(counters.refusedConnections.overloaded, 1);
});

/** A clock whose timers come `lateMs` too late. */
class LateClock extends FakeClock {
  lateMs = 0;
  override after(delayMs: number, run: () => void) {
    return super.after(delayMs + this.lateMs, run);
  }
}

function watched(lagMsMax: number) {
  const clock = new LateClock();
  const memory = new MemoryBudget(1_000);
  return { clock, memory, load: new LoadWatch({ clock, memory, lagMsMax }) };
}

Deno.test("an event loop that is late again and again is overload; once is not, and it is over soon", () => {
  const { clock, load } = watched(500);
  clock.advance(100);
  clock.lateMs = 800;
  clock.advance(100);
  assertEquals([load.lagMs, load.isOverloaded()], [0, false]);
  clock.advance(900);
  assertEquals([load.lagMs, load.isOverloaded()], [400, false]);
  clock.advance(900);
  assertEquals([load.lagMs, load.isOverloaded()], [600, true]);
  clock.lateMs = 0;
  clock.advance(900);
  clock.advance(100);
  assertEquals(load.isOverloaded(), false);
  load.stop();
  assertEquals(clock.nextAt(), null, "no timer is left");
});

Deno.test("an event loop with nothing to do is looked at once a second, one that somebody comes to ten times", () => {
  const { clock, load } = watched(500);
  clock.advance(5_000);
  const nextMs = () => clock.nextAt()! - clock.monotonicMs();
  assertEquals(nextMs(), 1_000);
  clock.advance(700);
  assertEquals(load.isOverloaded(), false);
  assertEquals(nextMs(), 100, "who comes makes it look closely at once");
  clock.advance(5_000);
  assertEquals(nextMs(), 1_000);
  clock.lateMs = 1_200;
  clock.advance(1_000);
  clock.advance(2_200);
  assertEquals([load.lagMs, load.isOverloaded()], [600, true], "what is late is seen all the same");
  clock.lateMs = 0;
  clock.advance(1_400);
  assertEquals([nextMs(), load.isOverloaded()], [100, false], "and is over as soon");
  load.stop();
  assertEquals(clock.nextAt(), null, "no timer is left");
});

Deno.test("memory that is nearly used up is overload, at nine tenths and one byte", () => {
  const { memory, load } = watched(0);
  memory.change(0, 900);
  assertEquals(load.isOverloaded(), false);
  memory.change(900, 901);
  assertEquals(load.isOverloaded(), true);
  load.stop();
});
