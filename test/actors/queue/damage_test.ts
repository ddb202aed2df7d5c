import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { PatientWriter } from "../../../src/actors/queue/writer.ts";
import { Bug, Failure, FakeClock, SILENT } from "../../../src/base/mod.ts";
import type { Address } from "../../../src/mail/address.ts";
import type { DomainName } from "../../../src/mail/domain.ts";
import type { QueueStore } from "../../../src/storage/mod.ts";
import {
  all,
  DEFERRED,
  DELIVERED,
  FAILED,
  JOHN,
  MINUTE,
  type Outside,
  POLICY,
  type QueueWorld,
  withQueue,
} from "./queue_world.ts";

/** A store in which some calls go as `method` says; it answers undefined for all others. */
function store(method: (key: keyof QueueStore, args: readonly unknown[]) => unknown) {
  return {
    policy: POLICY,
    store: (base: QueueStore) =>
      new Proxy(base, {
        get(target, key) {
          const value = Reflect.get(target, key);
          if (typeof value !== "function") return value;
          return (...args: unknown[]) => method(key as keyof QueueStore, args) ?? Reflect.apply(value, target, args);
        },
      }),
  };
}

/** What every recipient here is told, in the order of the recipients. */
function each(...outcomes: Parameters<typeof all>[0][]): Outside {
  return (attempt) => ({ ...all(DELIVERED)(attempt) as Awaited<ReturnType<Outside>>, outcomes });
}

const GONE = "gone@bob.test";

for (const [what, broken] of [["an item", "item"], ["the mail of an item", "message"]] as const) {
  Deno.test(`${what} that cannot be read holds up no other, and an operator can delete it`, async () => {
    let damaged = false;
    await withQueue(
      async (world) => {
        await world.send("first@bob.test");
        damaged = true;
        await world.pass(6 * MINUTE);
        assertEquals(world.attempts.length, 1);
        await world.send("second@bob.test");
        await world.pass(6 * MINUTE);
        assertEquals(world.attempts.map(({ recipients }) => recipients[0]!.address).slice(1), [
          "second@bob.test",
          "second@bob.test",
        ]);
        assertEquals((await world.entries()).at(-1)?.item, 2);
        const request = { verb: "delete", filter: { id: "1" }, dryRun: false } as const;
        assertEquals(await world.ask("queue.act", request), { items: 1 });
        damaged = false;
        assertEquals((await world.entries()).map(({ item }) => item), [2]);
      },
      all(DEFERRED),
      store((key, [number]) => {
        if (damaged && key === broken && number === 1) throw new Failure("corrupt", "the row is damaged");
      }),
    );
  });
}

for (const [what, broken] of [["an item", "item"], ["the mail of an item", "message"]] as const) {
  Deno.test(`${what} that cannot be read just now is tried when it can be`, async () => {
    let broke = false;
    await withQueue(
      async (world) => {
        world.outside = all(DEFERRED);
        await world.send("a@bob.test");
        broke = true;
        await world.pass(6 * MINUTE);
        assertEquals(world.attempts.length, 1);
        broke = false;
        world.outside = all(DELIVERED);
        await world.pass(2 * MINUTE);
        assertEquals([world.attempts.length, await world.entries()], [2, []]);
      },
      undefined,
      store((key) => {
        if (broke && key === broken) throw new Failure("disk", "the index cannot be read");
      }),
    );
  });
}

Deno.test("a mail whose bytes cannot be read now is tried later; one whose bytes are damaged is held", async () => {
  let kind: "disk" | "corrupt" | null = null;
  await withQueue(
    async (world) => {
      await world.send(GONE);
      kind = "disk";
      await world.pass(6 * MINUTE);
      assertEquals((await world.entries()).map(({ state }) => state), ["due"]);
      kind = null;
      await world.pass(2 * MINUTE);
      assertEquals(world.attempts.length, 2);
      kind = "corrupt";
      await world.pass(20 * MINUTE);
      assertEquals((await world.entries()).map(({ state }) => state), ["held"]);
      assertEquals((await world.ask("queue.summary", null)).held, 1);
    },
    all(DEFERRED),
    store((key) => {
      if (key === "body" && kind !== null) throw new Failure(kind, "the segment cannot be read");
    }),
  );
});

Deno.test("an attempt that is repeated after a crash and ends otherwise is told anew", async () => {
  let crash = true;
  await withQueue(
    async (world) => {
      world.outside = each(FAILED, DEFERRED);
      await world.send(["a@bob.test", "b@bob.test"]);
      await world.pass(10);
      assertEquals(reportedTo(world), ["a@bob.test"]);
      crash = false;
      world.outside = each(FAILED, FAILED);
      await world.start();
      await world.pass(10);
      assertEquals(reportedTo(world), ["a@bob.test", "a@bob.test", "b@bob.test"]);
      assertEquals(await world.entries(), []);
    },
    undefined,
    // The report is written, and with what comes then the worker is lost.
    store((key, [changes]) => crash && key === "change" && isOf(changes, 1) ? new Promise(() => {}) : undefined),
  );
});

function isOf(changes: unknown, item: number): boolean {
  return (changes as { item: number }[]).some((change) => change.item === item);
}

function reportedTo(world: QueueWorld): string[] {
  return world.letters().flatMap((letter) =>
    [...letter.matchAll(/Final-Recipient: rfc822; (\S+)/g)].map(([, to]) => to!)
  );
}

Deno.test("a mail that fails at two destinations is reported for both", () =>
  withQueue(async (world) => {
    await world.send([GONE, "nobody@mary.test"]);
    await world.pass(10);
    assertEquals([await world.entries(), reportedTo(world).sort()], [[], [GONE, "nobody@mary.test"]]);
  }, all(FAILED)));

Deno.test("who waits for a mailbox here is not taken for another recipient of the same mail", () =>
  withQueue(async (world) => {
    await world.send([JOHN, "small@smith.test"], { sender: "billy@bob.test" });
    await world.pass(20 * MINUTE);
    assertEquals([world.letters().length, world.letters("a2").length], [1, 0]);
    assertEquals((await world.entries()).map(({ recipients }) => recipients.map(({ address }) => address)), [
      ["small@smith.test"],
    ]);
  }));

Deno.test("mail to an alias whose mailboxes are all disabled waits", () =>
  withQueue(async (world) => {
    await world.send("nobody@smith.test", { sender: "billy@bob.test" });
    await world.pass(10);
    assertEquals((await world.entries()).map(({ recipients: [one] }) => one?.status), ["4.2.1"]);
  }));

Deno.test("what a forwarded mail comes to is told to its first sender, whoever's address it went under", () =>
  withQueue(async (world) => {
    const billy = { local: "billy", domain: "bob.test" as DomainName, literal: null } satisfies Address;
    const sender = world.srs.forward(billy, "smith.test" as DomainName, world.clock.wallMs())!;
    world.outside = (attempt) => all(attempt.destination === "bob.test" ? DELIVERED : FAILED)(attempt);
    await world.send("mary@mary.test", { sender });
    await world.pass(10);
    assertEquals(world.attempts.map(({ recipients }) => recipients[0]!.address), ["mary@mary.test", "billy@bob.test"]);
    assertMatch(new TextDecoder().decode(world.attempts[1]!.parts[0]), /\r\nTo: <billy@bob\.test>\r\n/);
  }));

Deno.test("an operator who gives up all mail does not give up the reports of it", () =>
  withQueue(async (world) => {
    world.outside = (attempt) => all(attempt.envelope.sender === "" ? DELIVERED : DEFERRED)(attempt);
    for (let i = 0; i < 3; i++) await world.send(GONE, { sender: "billy@elsewhere.test" });
    const request = { verb: "bounce", filter: { all: true }, dryRun: false } as const;
    assertEquals(await world.ask("queue.act", request), { items: 3 });
    await world.pass(10);
    assertEquals(world.attempts.filter(({ destination }) => destination === "elsewhere.test").length, 3);
    assertEquals(await world.entries(), []);
  }));

Deno.test("while the disk refuses what attempts brought, no more are made", async () => {
  let broken = false;
  await withQueue(
    async (world) => {
      world.outside = (attempt) => {
        broken = true;
        return all(DELIVERED)(attempt);
      };
      await world.send("first@bob.test");
      await world.send("second@mary.test");
      await world.pass(MINUTE);
      assertEquals(world.attempts.length, 1);
      broken = false;
      world.outside = all(DELIVERED);
      await world.pass(MINUTE);
      assertEquals([world.attempts.length, await world.entries()], [2, []]);
    },
    undefined,
    store((key) => broken && key === "change" ? Promise.reject(new Failure("disk", "the flush failed")) : undefined),
  );
});

Deno.test("a mail that no delivery worker takes, or that ends them, is tried less and less, and counts its attempts", () =>
  withQueue(async (world) => {
    world.outside = () => Promise.reject(new Failure("down", "the worker is gone"));
    await world.send(GONE);
    for (let i = 0; i < 100; i++) await world.pass(1_000);
    assertEquals(world.attempts.length, 7);
    const [entry] = await world.entries();
    assertEquals([entry?.attempts, entry?.state, entry?.recipients[0]?.status], [1, "waiting", "4.3.0"]);
  }));

Deno.test("a queue that stops waits for what is being written, so that the next one finds it", async () => {
  const writer = new PatientWriter({ clock: new FakeClock(), log: SILENT });
  const disk = Promise.withResolvers<string>();
  const written = writer.write("mail", () => disk.promise);
  let stopped = false;
  const stop = writer.stop().then(() => stopped = true);
  for (let i = 0; i < 20; i++) await Promise.resolve();
  assertEquals(stopped, false);
  disk.resolve("done");
  assertEquals(await written, "done");
  await stop;
  assertEquals(await writer.write("mail", () => Promise.reject(new Error("not asked"))), null);
});

Deno.test("what the store will never take is given up with a line in the log, not repeated for ever", async () => {
  const writer = new PatientWriter({ clock: new FakeClock(), log: SILENT });
  const refuse = () => Promise.reject(new Failure("invalid", "too long"));
  assertEquals([await writer.write("change", refuse), writer.refused("change")], [null, 0]);
});

Deno.test("a write that the disk refuses is tried again after a pause, and counts as refused once, until it is done or given up", async () => {
  const clock = new FakeClock();
  const writer = new PatientWriter({ clock, log: SILENT });
  let tries = 0;
  let refuses = true;
  const write = () => {
    tries++;
    clock.advance(3);
    return refuses ? Promise.reject(new Failure("disk", "the flush failed")) : Promise.resolve("done");
  };
  const refused = () => [writer.refused("mail"), writer.refused("change")];
  const turns = async () => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };
  const written = writer.write("mail", write);
  for (const tried of [1, 2, 3]) {
    await turns();
    assertEquals([tries, refused()], [tried, [1, 0]]);
    clock.advance(996);
    await turns();
    assertEquals(tries, tried, "not before its time");
    clock.advance(4);
  }
  await turns();
  refuses = false;
  clock.advance(1_000);
  assertEquals([await written, refused(), writer.durable], ["done", [0, 0], { count: 1, ms: 3 }]);
  refuses = true;
  const [given, other] = [writer.write("change", write), writer.write("mail", write)];
  await turns();
  assertEquals(refused(), [1, 1]);
  const before = tries;
  await writer.stop();
  clock.advance(1_000);
  assertEquals([await given, await other, refused(), tries], [null, null, [0, 0], before]);
  assertEquals(writer.durable.count, 1);
});

Deno.test("a defect in a write is nobody's to hide", async () => {
  const writer = new PatientWriter({ clock: new FakeClock(), log: SILENT });
  await assertRejects(() => writer.write("mail", () => Promise.reject(new Bug("ours"))), Bug, "ours");
  assertEquals(writer.refused("mail"), 0);
});

Deno.test("a suspension whose time is over is forgotten at the next start, others are not", () =>
  withQueue(async (world) => {
    await world.ask("queue.suspend", { domain: "bob.test", forSeconds: 60 });
    await world.ask("queue.suspend", { domain: "mary.test", forSeconds: 0 });
    await world.pass(2 * MINUTE);
    await world.start();
    assertEquals(world.store.suspensions().map(({ destination }) => destination), ["mary.test"]);
  }));

Deno.test("suspensions that cannot be read hold up no mail", async () => {
  await withQueue(
    async (world) => {
      await world.send(GONE);
      assertEquals(world.attempts.length, 1);
    },
    undefined,
    store((key) => {
      if (key === "suspensions") throw new Failure("corrupt", "a row is damaged");
    }),
  );
});

Deno.test("on a full disk a refused mail waits to be refused again, and what can be delivered goes on", async () => {
  let full = false;
  const noRoom = new Failure("disk_full", "no space is left");
  await withQueue(
    async (world) => {
      world.outside = (attempt) => {
        full = true;
        return all(attempt.destination === "bob.test" ? FAILED : DELIVERED)(attempt);
      };
      await world.send([GONE, "mary@mary.test"]);
      await world.pass(10);
      assertEquals((await world.entries()).map(({ destination, attempts }) => [destination, attempts]), [[
        "bob.test",
        0,
      ]]);
      assertEquals((await world.ask("queue.summary", null)).trouble, "Failure: no space is left");
      world.outside = all(FAILED);
      full = false;
      await world.pass(2 * MINUTE);
      assertEquals([await world.entries(), reportedTo(world)], [[], [GONE]]);
    },
    undefined,
    store((key) => {
      if (full && key === "health") return noRoom;
      return full && key === "enqueue" ? Promise.reject(noRoom) : undefined;
    }),
  );
});

/** A disk that is full while `is` says so: it takes no mail, and says that it is full. */
function fullWhile(is: () => boolean) {
  const noRoom = new Failure("disk_full", "no space is left");
  return store((key) => {
    if (is() && key === "health") return noRoom;
    return is() && key === "enqueue" ? Promise.reject(noRoom) : undefined;
  });
}

Deno.test("on a full disk who has got a mail does not get it again because another one was refused", async () => {
  let full = false;
  await withQueue(
    async (world) => {
      world.outside = (attempt) => {
        full = true;
        return each(DELIVERED, FAILED)(attempt);
      };
      await world.send(["a@bob.test", GONE]);
      await world.pass(5 * MINUTE);
      full = false;
      world.outside = all(DELIVERED);
      await world.pass(2 * MINUTE);
      await world.pass(0);
      assertEquals(world.attempts.length, 1);
      assertEquals([await world.entries(), reportedTo(world)], [[], [GONE]]);
    },
    undefined,
    fullWhile(() => full),
  );
});

Deno.test("on a full disk any number of refused mails leaves the way free for what can be delivered", async () => {
  let full = false;
  await withQueue(
    async (world) => {
      world.outside = (attempt) => all(attempt.destination === "mary.test" ? DELIVERED : FAILED)(attempt);
      const dueMs = world.clock.wallMs() + MINUTE;
      await world.send("mary@mary.test", { releaseAtMs: dueMs + MINUTE });
      for (let i = 0; i < 60; i++) await world.send(`gone@bob${i}.test`, { releaseAtMs: dueMs });
      full = true;
      await world.pass(MINUTE + 100);
      assertEquals(world.attempts.length, 60);
      await world.pass(MINUTE);
      assertEquals(world.attempts.filter(({ destination }) => destination === "mary.test").length, 1);
    },
    undefined,
    fullWhile(() => full),
  );
});

Deno.test("what an operator gives up on a full disk comes back when there is room, and is not tried meanwhile", async () => {
  let full = false;
  await withQueue(
    async (world) => {
      world.outside = all(DEFERRED);
      await world.send([GONE, "b@bob.test"]);
      full = true;
      const act = world.queue.ask("queue.act", { verb: "bounce", filter: { all: true }, dryRun: false });
      act.catch(() => {});
      await world.pass(30 * MINUTE);
      full = false;
      await world.pass(2 * MINUTE);
      await world.pass(0);
      assertEquals([world.attempts.length, await world.entries(), reportedTo(world)], [1, [], [GONE, "b@bob.test"]]);
    },
    undefined,
    fullWhile(() => full),
  );
});

Deno.test("a refused mail whose bytes cannot be read any more is reported without them", async () => {
  await withQueue(
    async (world) => {
      world.outside = all(FAILED);
      await world.send(GONE);
      await world.pass(10);
      assertEquals([await world.entries(), reportedTo(world)], [[], [GONE]]);
    },
    undefined,
    store((key, [message]) => {
      if (key === "body" && message === 1) throw new Failure("corrupt", "the checksum of the mail is wrong");
    }),
  );
});
