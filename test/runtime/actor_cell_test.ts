import { assertEquals, assertRejects } from "@std/assert";
import { Failure } from "../../src/base/mod.ts";
import { type ActorDefinition, defineActor } from "../../src/runtime/mod.ts";
import { recordingLog, settle, testSystem } from "./support/system.ts";

interface NotesProtocol {
  "notes.add": { request: string; reply: string };
  "notes.slow": { request: string; reply: string };
  "notes.owe": { request: null; reply: null };
  "notes.crash": { request: null; reply: null };
  "notes.stop": { request: null; reply: null };
  "notes.remind": { request: { ms: number; text: string; cancel: boolean }; reply: null };
}

interface Notes {
  readonly log: string[];
  readonly gates: (() => void)[];
  idle: boolean;
}

/** Writes down what happens to it. */
function notes(
  state: Notes,
  over: Partial<ActorDefinition<NotesProtocol, Notes, string>> = {},
): ActorDefinition<NotesProtocol, Notes, string> {
  return defineActor<NotesProtocol, Notes, string>({
    restart: "permanent",
    inboxMax: 1_000,
    init: (arg) => {
      state.log.push(`init ${arg}`);
      return state;
    },
    receive: {
      "notes.add": ({ log }, text, reply) => {
        log.push(text);
        reply.ok(text);
      },
      "notes.slow": async ({ log, gates }, text, reply) => {
        log.push(`begin ${text}`);
        await new Promise<void>((resolve) => gates.push(resolve));
        log.push(`end ${text}`);
        reply.ok(text);
      },
      "notes.owe": () => {},
      "notes.crash": () => {
        throw new TypeError("a defect");
      },
      "notes.stop": (_state, _request, reply, context) => {
        reply.ok(null);
        context.stop();
      },
      "notes.remind": (_state, { ms, text, cancel }, reply, context) => {
        const stop = context.later(ms, "notes.add", text);
        if (cancel) stop();
        reply.ok(null);
      },
    },
    drained: ({ log }) => void log.push("drained"),
    stopped: ({ log }) => void log.push("stopped"),
    mayStop: ({ idle }) => idle,
    ...over,
  });
}

function fresh(): Notes {
  return { log: [], gates: [], idle: true };
}

async function kindOf(ask: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => ask, Failure)).kind;
}

Deno.test("what waits is handled in one turn, and drained runs once at its end", async () => {
  const { system } = testSystem();
  const state = fresh();
  const ref = await system.spawn(notes(state), { name: "n", args: "x" });
  await Promise.all(["a", "b", "c"].map((text) => ref.ask("notes.add", text)));
  await settle();
  assertEquals(state.log, ["init x", "a", "b", "c", "drained"]);
  await system.shutdown();
});

Deno.test("an actor with a long inbox lets the others have their turn after 256 messages", async () => {
  const { system } = testSystem();
  const state = fresh();
  const long = await system.spawn(notes(state, { drained: () => {} }), { name: "long", args: "" });
  const short = await system.spawn(notes(state, { drained: () => {} }), { name: "short", args: "" });
  state.log.length = 0;
  for (let i = 0; i < 600; i++) long.tell("notes.add", "long");
  short.tell("notes.add", "short");
  await settle();
  assertEquals([state.log.indexOf("short"), state.log.length], [256, 601]);
  await system.shutdown();
});

Deno.test("an asynchronous handler holds the next message back", async () => {
  const { system } = testSystem();
  const state = fresh();
  const ref = await system.spawn(notes(state), { name: "n", args: "x" });
  const answers = [ref.ask("notes.slow", "one"), ref.ask("notes.add", "two")];
  await settle();
  assertEquals(state.log, ["init x", "begin one"]);
  state.gates[0]!();
  assertEquals(await Promise.all(answers), ["one", "two"]);
  await settle();
  assertEquals(state.log, ["init x", "begin one", "end one", "two", "drained"]);
  await system.shutdown();
});

Deno.test("a crash fails what was asked, waits and is owed, lets go of the state, and logs the detail", async () => {
  const { log, lines } = recordingLog();
  const { system, clock } = testSystem({ log });
  const state = fresh();
  const ref = await system.spawn(notes(state), { name: "n", args: "x" });
  const owed = kindOf(ref.ask("notes.owe", null));
  const crashed = kindOf(ref.ask("notes.crash", null));
  const waiting = kindOf(ref.ask("notes.add", "never"));
  assertEquals(await Promise.all([owed, crashed, waiting]), ["down", "down", "down"]);
  assertEquals(ref.tell("notes.add", "never"), false);
  clock.advance(50);
  await settle();
  assertEquals(await ref.ask("notes.add", "again"), "again");
  assertEquals(state.log.slice(0, 4), ["init x", "stopped", "init x", "again"]);
  assertEquals(system.stats()[0]!.restarts, 1);
  const line = lines.find(({ event }) => event === "actor crashed");
  assertEquals([line?.level, line?.fields?.["error"]], ["error", "TypeError: a defect"]);
  await system.shutdown();
});

Deno.test("a rejected asynchronous handler is a crash, too", async () => {
  const { system } = testSystem();
  const receive = { ...notes(fresh()).receive, "notes.slow": () => Promise.reject(new TypeError("late defect")) };
  const ref = await system.spawn(notes(fresh(), { receive }), { name: "n", args: "" });
  assertEquals(await kindOf(ref.ask("notes.slow", "")), "down");
  await system.shutdown();
});

Deno.test("restarts wait longer each time and end the worker beyond their intensity", async () => {
  const fatal: unknown[] = [];
  const restart = { intensityMax: 2, periodMs: 1_000, backoffMs: [100, 1_000] } as const;
  const { system, clock } = testSystem({ restart, onFatal: (error) => fatal.push(error) });
  const state = fresh();
  const ref = await system.spawn(notes(state), { name: "n", args: "" });
  const lives = () => state.log.filter((line) => line.startsWith("init")).length;
  ref.tell("notes.crash", null);
  await settle();
  clock.advance(49);
  await settle();
  assertEquals(lives(), 1);
  clock.advance(51);
  await settle();
  assertEquals(lives(), 2);
  ref.tell("notes.crash", null);
  await settle();
  clock.advance(99);
  await settle();
  assertEquals(lives(), 2);
  clock.advance(101);
  await settle();
  assertEquals([lives(), fatal.length], [3, 0]);
  ref.tell("notes.crash", null);
  await settle();
  assertEquals([(fatal[0] as Error).message, system.stats().length], ["a defect", 0]);
  await system.shutdown();
});

Deno.test("restarts that are far enough apart go on for ever", async () => {
  const fatal: unknown[] = [];
  const restart = { intensityMax: 1, periodMs: 1_000, backoffMs: [1, 1] } as const;
  const { system, clock } = testSystem({ restart, onFatal: (error) => fatal.push(error) });
  const ref = await system.spawn(notes(fresh()), { name: "n", args: "" });
  for (let i = 0; i < 5; i++) {
    ref.tell("notes.crash", null);
    await settle();
    clock.advance(1_001);
    await settle();
  }
  assertEquals([fatal, system.stats()[0]!.restarts], [[], 5]);
  await system.shutdown();
});

Deno.test("what an actor does when it stops by itself or crashes follows its restart policy", async () => {
  const after = async (restart: "permanent" | "transient" | "temporary", how: "notes.stop" | "notes.crash") => {
    const { system, clock } = testSystem();
    const ref = await system.spawn(notes(fresh(), { restart }), { name: "n", args: "" });
    ref.tell(how, null);
    await settle();
    clock.advance(100);
    await settle();
    const runs = system.stats().length === 1;
    await system.shutdown();
    return runs;
  };
  const policies = ["permanent", "transient", "temporary"] as const;
  assertEquals(await Promise.all(policies.map((policy) => after(policy, "notes.stop"))), [true, false, false]);
  assertEquals(await Promise.all(policies.map((policy) => after(policy, "notes.crash"))), [true, true, false]);
});

Deno.test("stop comes after what waits and lets go of the state", async () => {
  const { system } = testSystem();
  const state = fresh();
  const ref = await system.spawn(notes(state), { name: "n", args: "" });
  const answer = ref.ask("notes.add", "before");
  const stopped = system.stop("n");
  const late = kindOf(ref.ask("notes.add", "after"));
  await stopped;
  assertEquals([await answer, await late, system.stats()], ["before", "down", []]);
  assertEquals(state.log.slice(-2), ["before", "stopped"]);
  await system.stop("n");
});

Deno.test("shutdown stops the actors last started first and refuses everything afterwards", async () => {
  const { system } = testSystem();
  const order: string[] = [];
  for (const name of ["a", "b", "c"]) {
    await system.spawn(notes(fresh(), { stopped: () => void order.push(name) }), { name, args: "" });
  }
  await system.shutdown();
  assertEquals(order, ["c", "b", "a"]);
  assertEquals(await kindOf(system.spawn(notes(fresh()), { name: "d", args: "" })), "closed");
});

Deno.test("a failed first start rejects spawn and leaves nothing behind; a taken name is refused", async () => {
  const { system } = testSystem();
  const broken = notes(fresh(), { init: () => Promise.reject(new Failure("corrupt", "bad page")) });
  assertEquals(await kindOf(system.spawn(broken, { name: "n", args: "" })), "corrupt");
  await system.spawn(notes(fresh()), { name: "n", args: "" });
  assertEquals(await kindOf(system.spawn(notes(fresh()), { name: "n", args: "" })), "exists");
  await system.shutdown();
});

Deno.test("later reminds once, unless cancelled, and not after the actor has stopped", async () => {
  const { system, clock } = testSystem();
  const state = fresh();
  const ref = await system.spawn(notes(state, { drained: () => {} }), { name: "n", args: "" });
  await ref.ask("notes.remind", { ms: 100, text: "kept", cancel: false });
  await ref.ask("notes.remind", { ms: 100, text: "cancelled", cancel: true });
  await ref.ask("notes.remind", { ms: 200, text: "too late", cancel: false });
  clock.advance(100);
  await settle();
  await system.stop("n");
  assertEquals(clock.nextAt(), 30_000); // The table of asks keeps its one timer.
  assertEquals(state.log, ["init ", "kept", "stopped"]);
  await system.shutdown();
  assertEquals(clock.nextAt(), null);
});

Deno.test("an ask whose deadline passed in the inbox is not handled any more", async () => {
  const { system, clock } = testSystem();
  const state = fresh();
  const ref = await system.spawn(notes(state), { name: "n", args: "" });
  ref.tell("notes.slow", "first");
  const late = kindOf(ref.ask("notes.add", "late", { deadlineMs: 10 }));
  await settle();
  clock.advance(50);
  state.gates[0]!();
  assertEquals(await late, "deadline");
  await settle();
  assertEquals(state.log.includes("late"), false);
  assertEquals(await kindOf(ref.ask("notes.add", "never", { deadlineMs: 0 })), "deadline");
  await system.shutdown();
});

Deno.test("owed answers count as waiting until their deadline", async () => {
  const { system, clock } = testSystem();
  const ref = await system.spawn(notes(fresh(), { inboxMax: 2 }), { name: "n", args: "" });
  const owed = [1, 2].map(() => kindOf(ref.ask("notes.owe", null, { deadlineMs: 100 })));
  await settle();
  assertEquals(await kindOf(ref.ask("notes.add", "x")), "busy");
  clock.advance(110);
  assertEquals(await Promise.all(owed), ["deadline", "deadline"]);
  assertEquals(await ref.ask("notes.add", "x"), "x");
  await system.shutdown();
});

Deno.test("an unknown message is invalid, an unknown actor down, another node down", async () => {
  const { system } = testSystem();
  const ref = await system.spawn(notes(fresh()), { name: "n", args: "" });
  const odd = system.ref<{ toString: { request: null; reply: null } }>(ref.address);
  assertEquals(await kindOf(odd.ask("toString", null)), "invalid");
  for (
    const address of [{ ...ref.address, actor: "m" }, { ...ref.address, worker: "v" }, { ...ref.address, node: "o" }]
  ) {
    assertEquals(await kindOf(system.ref<NotesProtocol>(address).ask("notes.add", "")), "down");
    assertEquals(system.ref<NotesProtocol>(address).tell("notes.add", ""), false);
  }
  await system.shutdown();
});

Deno.test("a started-on-demand actor starts with its first message, which waits for init", async () => {
  const { system, clock } = testSystem();
  const state = fresh();
  const made: string[] = [];
  system.onDemand("domain/", (name) => {
    made.push(name);
    return name === "domain/none" ? null : { definition: notes(state, { idleStopMs: 1_000 }), args: name };
  });
  const ref = (actor: string) => system.ref<NotesProtocol>({ node: "local", worker: "w", actor });
  const both = [ref("domain/a").ask("notes.add", "1"), ref("domain/a").ask("notes.add", "2")];
  assertEquals(await Promise.all(both), ["1", "2"]);
  assertEquals(await kindOf(ref("domain/none").ask("notes.add", "")), "not_found");
  assertEquals(await kindOf(ref("other").ask("notes.add", "")), "down");
  assertEquals(made, ["domain/a", "domain/none"]);
  await settle();
  clock.advance(999);
  await settle();
  assertEquals(system.stats().length, 1);
  state.idle = false;
  clock.advance(1);
  await settle();
  assertEquals(system.stats().length, 1);
  state.idle = true;
  clock.advance(1_000);
  await settle();
  assertEquals([system.stats().length, state.log.at(-1)], [0, "stopped"]);
  assertEquals(await ref("domain/a").ask("notes.add", "3"), "3");
  assertEquals(made.length, 3);
  await system.shutdown();
});

Deno.test("a message for an actor that is stopping idle starts it anew", async () => {
  const { system, clock } = testSystem();
  const state = fresh();
  const stopping: (() => void)[] = [];
  const stopped = () => new Promise<void>((resolve) => stopping.push(resolve));
  system.onDemand("d/", () => ({ definition: notes(state, { idleStopMs: 100, stopped }), args: "d" }));
  const ref = system.ref<NotesProtocol>({ node: "local", worker: "w", actor: "d/1" });
  await ref.ask("notes.add", "1");
  clock.advance(200);
  await settle();
  const answer = ref.ask("notes.add", "2");
  await settle();
  stopping[0]!();
  assertEquals(await answer, "2");
  assertEquals(state.log.filter((line) => line.startsWith("init")).length, 2);
  const ended = system.shutdown();
  await settle();
  stopping[1]!();
  await ended;
});

Deno.test("a failed start on demand answers all that waited, and the next message tries again", async () => {
  const { system } = testSystem();
  let tries = 0;
  const init = () => {
    tries++;
    return Promise.reject(tries === 1 ? new Failure("locked", "owned elsewhere") : new TypeError("a defect"));
  };
  system.onDemand("d/", () => ({ definition: notes(fresh(), { init }), args: "" }));
  const ask = () =>
    kindOf(system.ref<NotesProtocol>({ node: "local", worker: "w", actor: "d/1" }).ask("notes.add", ""));
  assertEquals(await Promise.all([ask(), ask()]), ["locked", "locked"]);
  assertEquals(await ask(), "down");
  assertEquals([tries, system.stats().length], [2, 0]);
  await system.shutdown();
});
