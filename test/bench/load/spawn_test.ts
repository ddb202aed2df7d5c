import { assert, assertEquals, assertRejects } from "@std/assert";
import { spawnLoad, startSink } from "../../../bench/load/mod.ts";

Deno.test("Generators in processes of their own send what was asked and note every acknowledgement", async () => {
  const sink = await startSink(0);
  const dir = await Deno.makeTempDir();
  try {
    const ackFile = `${dir}/acks`;
    const events: string[] = [];
    const load = { port: sink.port, sessions: 6, accounts: 3, countMax: 100, warmupMs: 0, ackFile, idPrefix: "spawn" };
    const result = await spawnLoad(load, { processes: 2, onEvent: ({ event }) => events.push(event) }).result;
    assertEquals([result.totals.acknowledged, result.totals.failed, result.acknowledged], [100, 0, 100]);
    assertEquals([result.options.sessions, result.connect.count, result.ack.count], [6, 6, 100]);
    assertEquals(events.filter((event) => event === "window").length, 2);
    assert(result.cpuUsPerMessage.user > 0);
    const lines = (await Deno.readTextFile(ackFile)).trimEnd().split("\n");
    assertEquals([lines.length, new Set(lines).size], [100, 100]);
    for (const line of lines) assert(/^spawn-[01]-\d{10} u[0-2]@bench\.test$/.test(line), line);
  } finally {
    await sink.close();
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("Large messages and pipelining reach the server too", async () => {
  const sink = await startSink(0);
  try {
    const load = { port: sink.port, sessions: 3, messageBytes: 102_400, pipelining: true, countMax: 30, warmupMs: 0 };
    const result = await spawnLoad(load).result;
    assertEquals([result.totals.acknowledged, result.totals.failed], [30, 0]);
  } finally {
    await sink.close();
  }
});

Deno.test("Nobody listening is a result full of errors, not a hang", async () => {
  const sink = await startSink(0);
  await sink.close();
  const load = { port: sink.port, sessions: 2, countMax: 5, warmupMs: 0, connectFailuresMax: 2 };
  const result = await spawnLoad(load).result;
  assertEquals(result.totals.acknowledged, 0);
  assertEquals(result.errors, { ECONNREFUSED: 4 });
});

Deno.test("A generator that is killed rejects", async () => {
  const sink = await startSink(0);
  try {
    const load = spawnLoad({ port: sink.port, sessions: 1, durationMsMax: 60_000 });
    load.kill();
    await assertRejects(() => load.result, Error, "without a result");
  } finally {
    await sink.close();
  }
});
