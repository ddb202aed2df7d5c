/** The queue actor over a store in memory, with a clock that is moved and a world outside that does as it is told. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Failure, utf8 } from "../../../src/base/mod.ts";
import { NO_PARAMETERS, parseMailbox } from "../../../src/mail/mod.ts";
import type { DeliveryReport } from "../../../src/messages/mod.ts";
import { SenderRewriting } from "../../../src/policy/srs.ts";
import { refuses } from "../directory_world.ts";
import {
  all,
  DEFERRED,
  DELIVERED,
  DOWN,
  FAILED,
  HOUR,
  JOHN,
  MINUTE,
  POLICY,
  QueueWorld,
  SRS_KEY,
  withQueue,
} from "./queue_world.ts";

Deno.test("a mail that was taken is tried at once, and gone when it was delivered", () =>
  withQueue(async (world) => {
    await world.send("billy@bob.test");
    assertEquals(world.attempts.map(({ destination, recipients }) => [destination, recipients[0]?.address]), [
      ["bob.test", "billy@bob.test"],
    ]);
    assertEquals(new TextDecoder().decode(world.attempts[0]!.parts[0]), "Subject: m1\r\n\r\nbody of m1\r\n");
    assertEquals([await world.entries(), world.letters()], [[], []]);
  }));

Deno.test("recipients go out by destination, a hundred at most in one transaction", () =>
  withQueue(async (world) => {
    const many = Array.from({ length: 250 }, (_, i) => `u${i}@bob.test`);
    await world.send([...many, "mary@mary.test", "x@[127.0.0.3]"]);
    await world.pass(0);
    const sizes = world.attempts.map(({ destination, recipients }) => `${destination} ${recipients.length}`);
    assertEquals(sizes.sort(), ["[127.0.0.3] 1", "bob.test 100", "bob.test 100", "bob.test 50", "mary.test 1"]);
    assertEquals(await world.entries(), []);
  }));

Deno.test("a deferred mail is tried when it is due, not before, and its attempts can be read", () =>
  withQueue(async (world) => {
    await world.send("billy@bob.test");
    const [entry] = await world.entries();
    assertEquals([entry?.state, entry?.attempts, entry?.recipients[0]?.text], ["waiting", 1, "451 come again"]);
    assertEquals(entry?.notes.map(({ host, text }) => [host, text]), [["mx.test [127.0.0.9]:25", "come again"]]);
    await world.pass(5 * MINUTE - 100);
    assertEquals(world.attempts.length, 1);
    await world.pass(MINUTE);
    assertEquals(world.attempts.length, 2);
    world.outside = all(DELIVERED);
    await world.pass(11 * MINUTE);
    assertEquals([world.attempts.length, await world.entries()], [3, []]);
  }, all(DEFERRED)));

Deno.test("a report of a mail that asks to go whatever comes of TLS asks for the same, one of a mail that requires TLS returns no body", () =>
  withQueue(async (world) => {
    const send = (id: string, field: string, requireTls: boolean) => {
      const envelope = { ...NO_PARAMETERS, id, sender: JOHN, account: null, requireTls };
      const recipients = [{ address: "billy@bob.test", notify: null, orcpt: null }];
      const parts = [utf8(`${field}\r\nSubject: ${id}\r\n\r\nbody of ${id}\r\n`)];
      return world.ask("queue.enqueue", { opId: id, envelope, recipients, parts });
    };
    await send("m1", "TLS-Required: No", false);
    await send("m2", "TLS-Required: No", true); // RFC 8689 §4.1: the parameter outranks the field.
    await send("m3", "X: y", false);
    await world.pass(10);
    const seen = world.letters().map((letter) => {
      const [head = "", ...rest] = letter.split("\r\n\r\n");
      return [
        /^Subject: (m\d)/m.exec(rest.join())?.[1],
        /^TLS-Required: No$/m.test(head),
        letter.includes("body of m"),
      ];
    });
    assertEquals(seen.sort(), [["m1", true, true], ["m2", false, false], ["m3", false, true]]);
  }, all(FAILED)));

Deno.test("a mail that is refused comes back to its sender here, with the reply and the mail", () =>
  withQueue(async (world) => {
    const id = await world.send("billy@bob.test");
    await world.pass(10);
    assertEquals(await world.entries(), []);
    const [letter, ...others] = world.letters();
    assertEquals(others, []);
    assertMatch(letter!, /^Return-Path: <>\r\nFrom: Mail Delivery System/);
    assertMatch(letter!, /^Final-Recipient: rfc822; billy@bob\.test\r\nAction: failed\r\nStatus: 5\.1\.1\r$/m);
    assertMatch(letter!, /^Diagnostic-Code: smtp; 550 5\.1\.1 no such user\r$/m);
    assertStringIncludes(letter!, `body of ${id}`);
  }, all(FAILED)));

Deno.test("a sender elsewhere is told through the queue, and nobody is told of a report that is refused", () =>
  withQueue(async (world) => {
    await world.send("billy@bob.test", { sender: "ann@elsewhere.test" });
    await world.pass(10);
    const [, report, ...others] = world.attempts;
    assertEquals([report?.destination, report?.envelope.sender, others.length], ["elsewhere.test", "", 0]);
    assertEquals(report?.recipients, [{ address: "ann@elsewhere.test", notify: [], orcpt: null }]);
    assertEquals([await world.entries(), world.letters()], [[], []]);
  }, all(FAILED)));

Deno.test("a report on mail that was forwarded under an address of ours goes to its first sender", () =>
  withQueue(async (world) => {
    const ann = parseMailbox("ann@elsewhere.test", { utf8: false })!;
    const rewritten = new SenderRewriting(SRS_KEY).forward(ann, ann.domain!, world.clock.wallMs())!;
    await world.send("billy@bob.test", { sender: rewritten });
    await world.send("billy@bob.test", { sender: rewritten.replace("=ann@", "=amy@") });
    await world.pass(10);
    const reports = world.attempts.filter(({ envelope }) => envelope.sender === "");
    assertEquals(reports.map(({ recipients }) => recipients[0]?.address), [
      "ann@elsewhere.test",
      rewritten.replace("=ann@", "=amy@"), // Not made by us: it leads nowhere but where it says.
    ]);
  }, all(FAILED)));

Deno.test("what an alias here leads elsewhere leaves under an address of ours, which leads back to a stranger", () =>
  withQueue(async (world) => {
    const refused = all(FAILED);
    world.outside = (attempt) => (attempt.envelope.sender === "" ? all(DELIVERED) : refused)(attempt);
    const senders = ["ann@stranger.test", JOHN, ""];
    for (const sender of senders) await world.send("away@smith.test", { sender });
    await world.pass(10);
    assertEquals(world.letters().length, 4, "three mails and the report to john");
    const forwarded = world.attempts.filter(({ destination }) => destination === "elsewhere.test");
    const ann = parseMailbox("ann@stranger.test", { utf8: false })!;
    const smith = parseMailbox(JOHN, { utf8: false })!.domain!;
    const rewritten = new SenderRewriting(SRS_KEY).forward(ann, smith, world.clock.wallMs())!;
    assertEquals(forwarded.map(({ envelope }) => envelope.sender).sort(), ["", rewritten, JOHN]);
    const reports = world.attempts.filter(({ destination }) => destination === "stranger.test");
    assertEquals(reports.map(({ recipients }) => recipients[0]?.address), ["ann@stranger.test"]);
  }));

Deno.test("after four hours the sender is told of the delay, once; after five days the mail comes back", () =>
  withQueue(async (world) => {
    await world.send("billy@bob.test");
    for (let hour = 0; hour < 4; hour++) await world.pass(HOUR);
    for (let i = 0; i < 9; i++) await world.pass(10 * MINUTE);
    assertEquals(world.letters().map(subject), ["Your mail is delayed"]);
    assertMatch(world.letters()[0]!, /^Will-Retry-Until: Tue, 6 Jan 2026 00:00:0\d \+0000\r$/m);
    for (let hour = 0; hour < 118; hour++) await world.pass(HOUR + 6 * MINUTE);
    assertEquals(world.letters().map(subject), ["Your mail is delayed", "Your mail could not be delivered"]);
    assertStringIncludes(world.letters()[1]!, "5.4.7 given up after: come again");
    assertEquals(await world.entries(), []);
    assert(world.attempts.length > 100 && world.attempts.length < 130, `${world.attempts.length} attempts`);
  }, all(DEFERRED)));

function subject(letter: string): string {
  return /^Subject: (.*)\r$/m.exec(letter)?.[1] ?? "";
}

Deno.test("mail to a destination that is down waits without attempts of its own, and is tried again when it has rested", () =>
  withQueue(async (world) => {
    for (let i = 0; i < 30; i++) await world.send(`u${i}@down.test`);
    await world.pass(10);
    assertEquals(world.attempts.length, 3, "then it counts as down");
    await world.pass(MINUTE);
    assertEquals(world.attempts.length, 4, "one to see whether it is back");
    assertEquals((await world.entries()).map(({ attempts }) => attempts), Array(30).fill(1));
    world.outside = all(DELIVERED);
    for (let i = 0; i < 8; i++) await world.pass(MINUTE);
    assertEquals([world.attempts.length, await world.entries()], [34, []]);
  }, all(DOWN, { destinationFault: true, host: null })));

Deno.test("while its delivery worker is away a mail waits, and that is no attempt", async () => {
  await using world = new QueueWorld();
  await world.start({ delivery: false });
  await world.send("billy@bob.test");
  for (let i = 0; i < 5; i++) await world.pass(1_000);
  assertEquals((await world.entries())[0]?.attempts, 0);
  await world.startDelivery();
  for (let i = 0; i < 3; i++) await world.pass(1_000);
  assertEquals([world.attempts.length, await world.entries()], [1, []]);
});

Deno.test("a report of another form than promised is refused, and the mail tried again", () =>
  withQueue(async (world) => {
    for (
      const outcomes of [[], [DELIVERED, DELIVERED], [{ ...DELIVERED, action: "eaten" }], [{
        ...DELIVERED,
        status: "a b",
      }]]
    ) {
      world.outside = () => ({
        ...all(DELIVERED)(world.attempts.at(-1)!) as DeliveryReport,
        outcomes: outcomes as never,
      });
      await world.send("billy@bob.test");
    }
    const entries = await world.entries();
    assertEquals(entries.map(({ attempts, notes }) => [attempts, notes[0]?.status]), Array(4).fill([1, "4.3.0"]));
  }));

Deno.test("operators hold, release, try at once, give up and delete what waits", () =>
  withQueue(async (world) => {
    const ids = [await world.send("a@bob.test"), await world.send("b@bob.test"), await world.send("c@mary.test")];
    const act = (verb: "hold" | "release" | "retry" | "bounce" | "delete", filter: object, dryRun = false) =>
      world.ask("queue.act", { verb, filter, dryRun });
    assertEquals(await act("hold", { domain: "bob.test" }, true), { items: 2 });
    assertEquals(await act("hold", { domain: "bob.test" }), { items: 2 });
    assertEquals((await world.entries()).map(({ state }) => state), ["held", "held", "waiting"]);
    await world.pass(HOUR);
    assertEquals(world.attempts.length, 4, "only mary's was tried again");
    assertEquals(await act("release", { id: ids[0]! }), { items: 1 });
    assertEquals(world.attempts.at(-1)?.envelope.id, ids[0]);
    assertEquals(await act("retry", { all: true }), { items: 2 });
    assertEquals(world.attempts.length, 7);
    assertEquals(await act("delete", { id: ids[1]! }), { items: 1 });
    assertEquals(await act("bounce", { sender: JOHN }), { items: 2 });
    await world.pass(10);
    assertEquals([await world.entries(), world.letters().length], [[], 2]);
    assertStringIncludes(world.letters()[0]!, "given up by an operator");
    assertEquals((await world.ask("queue.summary", null)).held, 0);
    await refuses("invalid", act("delete", {}));
  }, all(DEFERRED)));

for (const verb of ["hold", "delete", "bounce"] as const) {
  Deno.test(`${verb} of a mail that is being tried happens when the attempt is over`, async () => {
    const gate = Promise.withResolvers<void>();
    await withQueue(async (world) => {
      const id = await world.send("a@bob.test");
      assertEquals((await world.entries())[0]?.state, "active");
      assertEquals(await world.ask("queue.act", { verb, filter: { id }, dryRun: false }), { items: 1 });
      gate.resolve();
      await world.pass(10);
      const states = (await world.entries()).map(({ state }) => state);
      assertEquals(states, verb === "hold" ? ["held"] : []);
      assertEquals(world.letters().length, verb === "bounce" ? 1 : 0);
    }, async (attempt) => {
      await gate.promise;
      return all(DEFERRED)(attempt);
    });
  });
}

Deno.test("an operator sees which destinations rest after faults of their own, until when, and what waits for it", () =>
  withQueue(async (world) => {
    for (const at of ["down.test", "down.test", "down.test", "well.test"]) await world.send(`u@${at}`);
    await world.send("new@down.test");
    await world.ask("queue.suspend", { domain: "well.test", forSeconds: 600 });
    const restsUntil = new Date(world.clock.wallMs() + 30_000).toISOString();
    const summary = await world.ask("queue.summary", null);
    assertEquals(summary.resting, [{ domain: "down.test", until: restsUntil, faults: 3, waiting: 1 }]);
    assertEquals([summary.restingCount, summary.suspended.length], [1, 1]);
    const newest = (await world.entries()).at(-1);
    assertEquals([newest?.state, newest?.dueAt, newest?.attempts], ["resting", restsUntil, 0]);
    assertEquals((await world.entries()).map(({ state }) => state), [
      "waiting",
      "waiting",
      "waiting",
      "suspended",
      "resting",
    ]);
    await world.pass(31_000);
    assertEquals((await world.entries()).at(-1)?.attempts, 1, "it was tried when the rest was over");
  }, ({ destination, recipients }) => {
    const down = destination === "down.test";
    return {
      outcomes: recipients.map(() => down ? DOWN : DEFERRED),
      destinationFault: down,
      host: null,
      tls: null,
    };
  }));

Deno.test("a suspended destination is left alone until its time is over or it is resumed, also after a restart", () =>
  withQueue(async (world) => {
    await world.ask("queue.suspend", { domain: "bob.test", forSeconds: 600 });
    await world.ask("queue.suspend", { domain: "mary.test", forSeconds: 0 });
    await world.send(["a@bob.test", "c@mary.test", "d@other.test"]);
    assertEquals(world.attempts.map(({ destination }) => destination), ["other.test"]);
    assertEquals((await world.entries()).map(({ state }) => state), ["suspended", "suspended"]);
    await world.system.shutdown();
    await world.start();
    const { suspended } = await world.ask("queue.summary", null);
    assertEquals(suspended.map(({ domain, until }) => [domain, until === null]), [["bob.test", false], [
      "mary.test",
      true,
    ]]);
    await world.pass(11 * MINUTE);
    assertEquals(world.attempts.slice(1).map(({ destination }) => destination), ["bob.test"]);
    await world.ask("queue.resume", { domain: "mary.test" });
    assertEquals([world.attempts.length, await world.entries()], [3, []]);
  }));

Deno.test("what an earlier life left is taken up, and new mail is taken meanwhile", () =>
  withQueue(async (world) => {
    for (let i = 0; i < 20; i++) await world.send(`u${i}@bob.test`);
    await world.ask("queue.act", { verb: "hold", filter: { id: "m3" }, dryRun: false });
    await world.system.shutdown();
    world.outside = all(DELIVERED);
    await world.start();
    await world.send("new@bob.test");
    for (let i = 0; i < 7; i++) await world.pass(MINUTE);
    const [held, ...others] = await world.entries();
    assertEquals([held?.id, held?.state, others], ["m3", "held", []]);
    assertEquals((await world.ask("queue.summary", null)).held, 1);
  }, all(DEFERRED)));

Deno.test("a mail that asks for it is released later (FUTURERELEASE)", () =>
  withQueue(async (world) => {
    await world.send("a@bob.test", { releaseAtMs: world.clock.wallMs() + HOUR });
    await world.pass(HOUR - 100);
    assertEquals(world.attempts.length, 0);
    await world.pass(200);
    assertEquals([world.attempts.length, await world.entries()], [1, []]);
  }));

Deno.test("a report for a mailbox without room waits like any other mail", () =>
  withQueue(async (world) => {
    await world.send("billy@bob.test", { sender: "small@smith.test" });
    await world.pass(10);
    const [entry] = await world.entries();
    assertEquals([entry?.destination, entry?.sender, entry?.recipients[0]?.status], ["smith.test", "", "4.2.2"]);
    assertEquals(world.letters("a2"), []);
  }, all(FAILED)));

Deno.test("a report to an alias that leads elsewhere too goes both ways", () =>
  withQueue(async (world) => {
    world.outside = (attempt) => all(attempt.destination === "bob.test" ? FAILED : DELIVERED)(attempt);
    await world.send("billy@bob.test", { sender: "away@smith.test" });
    await world.pass(10);
    assertEquals(world.letters().length, 1);
    assertEquals(world.attempts.map(({ recipients }) => recipients[0]?.address), [
      "billy@bob.test",
      "me@elsewhere.test",
    ]);
    assertEquals(await world.entries(), []);
  }));

Deno.test("what an attempt brought is written when the disk is well again, and nothing is tried twice meanwhile", async () => {
  let broken = false;
  await withQueue(
    async (world) => {
      broken = true;
      const sent = world.send("billy@bob.test");
      await refuses("disk_full", sent);
      broken = false;
      world.outside = async (attempt) => {
        broken = true;
        return await all(DEFERRED)(attempt);
      };
      await world.send("billy@bob.test");
      for (let i = 0; i < 3; i++) await world.pass(10 * MINUTE);
      assertEquals(world.attempts.length, 1);
      broken = false;
      world.outside = all(DELIVERED);
      for (let i = 0; i < 3; i++) await world.pass(10 * MINUTE);
      assertEquals([world.attempts.length, await world.entries()], [2, []]);
    },
    undefined,
    {
      policy: POLICY,
      store: (store) =>
        new Proxy(store, {
          get(target, key) {
            const value = Reflect.get(target, key);
            if (typeof value !== "function") return value;
            return (...args: unknown[]) =>
              broken && (key === "enqueue" || key === "change")
                ? Promise.reject(new Failure("disk_full", "no space is left on the device"))
                : Reflect.apply(value, target, args);
          },
        }),
    },
  );
});

Deno.test("how much waits is told by domain and age", () =>
  withQueue(async (world) => {
    await world.send(["a@bob.test", "b@mary.test"]);
    await world.pass(4 * MINUTE);
    await world.send("c@bob.test");
    await world.pass(3 * MINUTE);
    const { rows } = await world.ask("queue.shape", null);
    assertEquals(rows.map(({ destination, total, ages }) => [destination, total, ages.slice(0, 3)]), [
      ["bob.test", 2, [1, 1, 0]],
      ["mary.test", 1, [0, 1, 0]],
    ]);
    const summary = await world.ask("queue.summary", null);
    assertEquals([summary.items, summary.active, summary.oldestSeconds], [3, 0, 420]);
  }, all(DEFERRED)));

Deno.test("a drained queue begins nothing, and is drained when the last attempt has ended", async () => {
  const gate = Promise.withResolvers<void>();
  await withQueue(async (world) => {
    await world.send("a@bob.test");
    let drained = false;
    const draining = world.queue.ask("queue.drain", { graceMs: 10_000 }).then(() => drained = true);
    await world.send("b@bob.test");
    assertEquals([world.attempts.length, drained], [1, false]);
    gate.resolve();
    await world.pass(0);
    assertEquals([await draining, world.attempts.length], [true, 1]);
    assertEquals((await world.entries()).map(({ recipients }) => recipients[0]?.address), ["b@bob.test"]);
  }, async (attempt) => {
    await gate.promise;
    return all(DELIVERED)(attempt);
  });
});
