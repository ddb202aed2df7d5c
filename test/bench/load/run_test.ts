import { assert, assertEquals } from "@std/assert";
import { FakeClock } from "../../../src/base/mod.ts";
import type { Dial } from "../../../bench/load/dial.ts";
import { type LoadEvent, runLoad } from "../../../bench/load/run.ts";

/** A server in memory: answers each write `answerMs` later, as `reply` says. */
interface Peer {
  readonly dial: Dial;
  /** All that was written to it, one entry a write; content as "<content>". */
  readonly written: string[];
  connections: number;
}

function peer(clock: FakeClock, options: { answerMs?: number; reply?: (command: string) => string | null } = {}): Peer {
  const state: Peer = {
    written: [],
    connections: 0,
    dial: (_host, _port, events) => {
      state.connections++;
      let open = true;
      const later = (run: () => void) => clock.after(options.answerMs ?? 1, () => open && run());
      const close = () => {
        open = false;
        events.closed(null);
      };
      const say = (text: string | null) => {
        if (text === null) close();
        else events.received(new TextEncoder().encode(text));
      };
      later(() => say(options.reply?.("connect") ?? "220 hello\r\n"));
      return {
        write(bytes) {
          const text = new TextDecoder().decode(bytes);
          const command = text.startsWith("Message-ID") ? "<content>" : text;
          state.written.push(command);
          later(() => say(options.reply === undefined ? answer(command) : options.reply(command)));
        },
        destroy() {
          open = false;
        },
      };
    },
  };
  return state;
}

function answer(command: string): string {
  if (command === "<content>" || command === ".\r\n") return "250 kept\r\n";
  return command.split("\r\n").slice(0, -1).map((line) =>
    line === "DATA"
      ? "354 go on\r\n"
      : line === "QUIT"
      ? "221 bye\r\n"
      : line.startsWith("AUTH")
      ? "235 welcome\r\n"
      : "250 ok\r\n"
  ).join("");
}

/** Moves the clock from timer to timer until the run is over. */
async function finish<T>(clock: FakeClock, running: Promise<T>): Promise<T> {
  let over = false;
  const watched = running.finally(() => (over = true));
  for (let turns = 0; !over; turns++) {
    assert(turns < 100_000, "the run ends");
    const at = clock.nextAt();
    if (at !== null) clock.advance(at - clock.monotonicMs());
    await Promise.resolve();
  }
  return watched;
}

Deno.test("Without pipelining every command waits for the reply to the one before", async () => {
  const clock = new FakeClock();
  const server = peer(clock);
  const result = await finish(
    clock,
    runLoad({ sessions: 1, countMax: 2, warmupMs: 0, accounts: 2 }, { clock, dial: server.dial }),
  );
  const commands = (index: number) => [
    "MAIL FROM:<load@bench.test>\r\n",
    `RCPT TO:<u${index}@bench.test>\r\n`,
    "DATA\r\n",
    "<content>",
  ];
  assertEquals(server.written, ["EHLO load.bench.test\r\n", ...commands(0), ...commands(1), "QUIT\r\n"]);
  assertEquals(result.totals, { acknowledged: 2, failed: 0, inDoubt: 0, elapsedMs: 11 });
  assertEquals([result.acknowledged, result.ack.p50Ms, result.transaction.p50Ms], [2, 1, 4.001]);
});

Deno.test("With pipelining the envelope is one write", async () => {
  const clock = new FakeClock();
  const server = peer(clock);
  await finish(
    clock,
    runLoad({ sessions: 1, countMax: 1, warmupMs: 0, pipelining: true }, { clock, dial: server.dial }),
  );
  assertEquals(server.written.slice(1), [
    "MAIL FROM:<load@bench.test>\r\nRCPT TO:<u0@bench.test>\r\nDATA\r\n",
    "<content>",
    "QUIT\r\n",
  ]);
});

Deno.test("With a password each session logs in first, and writes to another domain where it is told to", async () => {
  const clock = new FakeClock();
  const server = peer(clock);
  await finish(
    clock,
    runLoad({ sessions: 1, countMax: 1, warmupMs: 0, password: "a b", toDomain: "sink.test" }, {
      clock,
      dial: server.dial,
    }),
  );
  assertEquals(server.written.slice(1, 4), [
    `AUTH PLAIN ${btoa("\0load@bench.test\0a b")}\r\n`,
    "MAIL FROM:<load@bench.test>\r\n",
    "RCPT TO:<u0@sink.test>\r\n",
  ]);
});

Deno.test("Reconnecting means one connection for each message", async () => {
  const clock = new FakeClock();
  const server = peer(clock);
  const result = await finish(
    clock,
    runLoad({ sessions: 2, countMax: 6, warmupMs: 0, reconnect: true }, { clock, dial: server.dial }),
  );
  assertEquals([result.acknowledged, server.connections, result.connect.count], [6, 6, 6]);
});

Deno.test("An open loop counts the wait for a free session into the latency", async () => {
  const clock = new FakeClock();
  // One session, 4 round trips of 10 ms a message, a message due every 20 ms: each waits 20 ms longer than the one before.
  const server = peer(clock, { answerMs: 10 });
  const result = await finish(
    clock,
    runLoad({ sessions: 1, ratePerSecond: 50, warmupMs: 0, durationMsMax: 1_000 }, { clock, dial: server.dial }),
  );
  assertEquals(result.ack.maxMs <= 10.1, true);
  assert(result.transaction.maxMs > 480, `${result.transaction.maxMs}`);
  assert(result.notStarted >= 24, `${result.notStarted}`);
});

Deno.test("An open loop that the server keeps up with starts every message on time", async () => {
  const clock = new FakeClock();
  const server = peer(clock);
  const result = await finish(
    clock,
    runLoad({ sessions: 4, ratePerSecond: 100, warmupMs: 100, durationMsMax: 1_000 }, { clock, dial: server.dial }),
  );
  assertEquals([result.acknowledged, result.notStarted], [100, 0]);
  assert(result.transaction.maxMs < 6, `${result.transaction.maxMs}`);
});

Deno.test("A refusal is counted by its text, the transaction is reset and the session goes on", async () => {
  const clock = new FakeClock();
  let refusals = 0;
  const server = peer(clock, {
    reply: (command) =>
      command === "connect"
        ? "220 hi\r\n"
        : command.startsWith("RCPT") && refusals++ < 2
        ? "451 4.3.2 busy\r\n"
        : answer(command),
  });
  const result = await finish(
    clock,
    runLoad({ sessions: 1, countMax: 3, warmupMs: 0 }, { clock, dial: server.dial }),
  );
  assertEquals(result.errors, { "451 4.3.2 busy": 2 });
  assertEquals([result.totals.acknowledged, result.totals.failed], [1, 2]);
  assertEquals(server.written.filter((command) => command === "RSET\r\n").length, 2);
});

Deno.test("In a pipelined group a refused recipient never counts as delivered, whatever DATA is answered", async () => {
  for (const data of ["354 go on\r\n", "503 5.5.1 no recipient\r\n"]) {
    const clock = new FakeClock();
    const server = peer(clock, {
      reply: (command) =>
        command === "connect"
          ? "220 hi\r\n"
          : command.startsWith("MAIL")
          ? `250 ok\r\n550 5.1.1 nobody\r\n${data}`
          : answer(command),
    });
    const result = await finish(
      clock,
      runLoad({ sessions: 1, countMax: 1, warmupMs: 0, pipelining: true }, { clock, dial: server.dial }),
    );
    assertEquals(result.errors, { "550 5.1.1 nobody": 1 });
    assertEquals([result.totals.acknowledged, result.totals.inDoubt], [0, 0]);
    assert(!server.written.includes("<content>"), "no content for nobody");
  }
});

Deno.test("A connection lost after the content leaves the message in doubt, and the session connects again", async () => {
  const clock = new FakeClock();
  let losses = 0;
  const server = peer(clock, {
    reply: (command) =>
      command === "connect" ? "220 hi\r\n" : command === "<content>" && losses++ === 0 ? null : answer(command),
  });
  const result = await finish(
    clock,
    runLoad({ sessions: 1, countMax: 2, warmupMs: 0 }, { clock, dial: server.dial }),
  );
  assertEquals(result.totals.inDoubt, 1);
  assertEquals([result.totals.acknowledged, server.connections], [1, 2]);
});

Deno.test("A server that never greets ends the run by its limits", async () => {
  const clock = new FakeClock();
  const silent = peer(clock, { reply: () => "" });
  const result = await finish(
    clock,
    runLoad(
      { sessions: 2, countMax: 5, warmupMs: 0, durationMsMax: 60_000, replyMsMax: 1_000, connectFailuresMax: 3 },
      { clock, dial: silent.dial },
    ),
  );
  assertEquals([result.totals.acknowledged, silent.connections], [0, 6]);
  assertEquals(result.errors, { "no reply in time": 6 });
});

Deno.test("The window opens after the warm-up, and progress is told meanwhile", async () => {
  const clock = new FakeClock();
  const events: LoadEvent[] = [];
  const result = await finish(
    clock,
    runLoad(
      { sessions: 1, warmupMs: 100, durationMsMax: 200, progressMs: 100 },
      { clock, dial: peer(clock).dial, onEvent: (event) => events.push(event) },
    ),
  );
  assertEquals(events.map(({ event }) => event).filter((event) => event !== "progress"), ["window", "draining"]);
  assert(events.some(({ event }) => event === "progress"));
  assertEquals(result.windowMs, 200);
  assertEquals(result.acknowledged, 50);
  assert(result.totals.acknowledged > 70);
});
