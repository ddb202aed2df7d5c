import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../../src/base/mod.ts";
import type { QueueStore, ScheduleRow } from "../../../src/storage/mod.ts";
import { account, kindOf } from "../support.ts";
import {
  bodyText,
  enqueued,
  envelope,
  next,
  type OpenedQueue,
  type OpenQueue,
  outgoing,
  problems,
  recipient,
  to,
} from "./support.ts";

/** What every queue store keeps to. */
export function queueContractTests(name: string, open: OpenQueue): void {
  const test = (what: string, run: (store: QueueStore, opened: OpenedQueue) => Promise<void>, limits = {}) => {
    Deno.test(`${name}: ${what}`, async () => {
      const opened = await open(limits);
      try {
        await run(opened.store, opened);
        if (!/^after closing/.test(what)) assertEquals(await problems(opened.store), []);
      } finally {
        await opened.close();
      }
    });
  };
  takingTests(test);
  changingTests(test);
  listingTests(test);
  suspensionTests(test);
  limitTests(test);
}

type Test = (
  what: string,
  run: (store: QueueStore, opened: OpenedQueue) => Promise<void>,
  limits?: Record<string, number>,
) => void;

function takingTests(test: Test): void {
  test("a mail is taken over with its items, and read back byte for byte", async (store, { clock }) => {
    clock.advance(5);
    const bytes = new Uint8Array(70_000).map((_, i) => i * 31 % 256);
    const input = outgoing("", {
      envelope: envelope("mail-a", {
        sender: "änna@here.test",
        smtpUtf8: true,
        ret: "full",
        envid: "QQ314159",
        requireTls: true,
        priority: -3,
        releaseAtMs: 7,
        deliverBy: { atMs: 9, mode: "notify", trace: true },
        account: account("a1"),
      }),
      parts: [bytes.subarray(0, 5), bytes.subarray(5)],
      items: [
        {
          destination: "there.test",
          dueMs: 2_000,
          recipients: [
            recipient("bert@there.test", { notify: ["delay", "success"], orcpt: "rfc822;Bert@there.test" }),
            recipient("cärl@there.test", { notify: [] }),
          ],
        },
        to("[192.0.2.1]", 3_000),
      ],
    });
    const { items, known } = await store.enqueue(input);
    assertEquals(known, false);
    assertEquals(
      items.map(({ destination, dueMs, held, attempts, warned }) => [destination, dueMs, held, attempts, warned]),
      [
        ["there.test", 2_000, false, 0, false],
        ["[192.0.2.1]", 3_000, false, 0, false],
      ],
    );
    assertEquals(items[0]!.recipients, [
      { address: "bert@there.test", notify: ["success", "delay"], orcpt: "rfc822;Bert@there.test", last: null },
      { address: "cärl@there.test", notify: [], orcpt: null, last: null },
    ]);
    for (const item of items) assertEquals(store.item(item.item), item);
    assert(items[0]!.item < items[1]!.item);
    const message = store.message(items[0]!.message);
    assertEquals(message, {
      message: items[1]!.message,
      envelope: input.envelope,
      size: bytes.length,
      createdMs: store.nowMs(),
    });
    assertEquals(store.body(items[0]!.message), bytes);
    assertEquals(store.counts(), { items: 2, messages: 1, bytes: bytes.length });
  });
  test("the same opId is kept once, also in the same group; the answer names the items that are left", async (store) => {
    const input = outgoing("once", { items: [to("a.test"), to("b.test")] });
    const [first, second] = await Promise.all([store.enqueue(input), store.enqueue(input)]);
    assertEquals([first.known, second.known], [false, true]);
    assertEquals(second.items, first.items);
    await store.change([{ item: first.items[0]!.item, next: null }]);
    assertEquals(await store.enqueue(input), { items: [first.items[1]!], known: true });
    await store.change([{ item: first.items[1]!.item, next: null }]);
    assertEquals(await store.enqueue(input), { items: [], known: true });
    assertEquals(store.counts(), { items: 0, messages: 0, bytes: 0 });
  });
  test("an empty mail is a mail", async (store) => {
    const [item] = await enqueued(store, outgoing(""));
    assertEquals(store.body(item!.message), new Uint8Array());
  });
  test("numbers rise and are never used twice", async (store) => {
    const [one] = await enqueued(store, outgoing("one"));
    await store.change([{ item: one!.item, next: null }]);
    const [two] = await enqueued(store, outgoing("two"));
    assert(two!.item > one!.item && two!.message > one!.message);
  });
  test("what was asked at once is answered in order", async (store) => {
    const all = await Promise.all(Array.from({ length: 50 }, (_, i) => enqueued(store, outgoing(`${i}`))));
    const items = all.map(([item]) => item!.item);
    assertEquals(items, items.toSorted((a, b) => a - b));
    all.forEach(([item], i) => assertEquals(bodyText(store, item!.message), `${i}`));
  });
}

function changingTests(test: Test): void {
  test("the next state of an item is kept as it was given", async (store) => {
    const [item] = await enqueued(store, outgoing("x", { items: [to("a.test", 5, ["b", "c"])] }));
    const last = { code: 451, status: "4.7.1", text: "später wieder" };
    const note = { atMs: 77, host: "mx.a.test [192.0.2.7]:25", tls: "TLSv1.3", ...last };
    const state = next(item!, {
      dueMs: 900_000,
      held: true,
      attempts: 3,
      warned: true,
      recipients: [{ ...item!.recipients[1]!, last }],
      notes: [note, { ...note, host: null, tls: null, code: null }],
    });
    await store.change([{ item: item!.item, next: state }]);
    assertEquals(store.item(item!.item), { ...item!, ...state });
    assertEquals(store.schedule(0, 10), [{ item: item!.item, dueMs: 900_000, held: true }]);
    await store.change([{ item: item!.item, next: next(item!) }]);
    assertEquals(store.item(item!.item), item!);
  });
  test("the last item takes its mail along, and no other", async (store) => {
    const items = await enqueued(store, outgoing("x", { items: [to("a.test"), to("b.test"), to("a.test")] }));
    const [other] = await enqueued(store, outgoing("other"));
    await store.change([{ item: items[2]!.item, next: null }, { item: items[0]!.item, next: null }]);
    assertEquals(bodyText(store, items[0]!.message), "x");
    assertEquals([store.item(items[0]!.item), store.item(items[2]!.item)], [null, null]);
    await store.change([{ item: items[1]!.item, next: null }]);
    assertEquals(store.message(items[0]!.message), null);
    assertEquals(await kindOf(() => store.body(items[0]!.message)), "not_found");
    assertEquals(bodyText(store, other!.message), "other");
    assertEquals(store.counts(), { items: 1, messages: 1, bytes: 5 });
  });
  test("a change of an item that is gone is passed over, and so is an empty one", async (store) => {
    const [item, other] = await enqueued(store, outgoing("x", { items: [to("a.test"), to("b.test")] }));
    await store.change([]);
    await store.change([{ item: item!.item, next: null }, { item: item!.item, next: next(item!) }]);
    await store.change([{ item: 4_711, next: null }, { item: other!.item, next: next(other!, { attempts: 1 }) }]);
    assertEquals([store.item(item!.item), store.item(other!.item)?.attempts], [null, 1]);
  });
  test("a mail and changes of others go together", async (store) => {
    const [item] = await enqueued(store, outgoing("x"));
    const [more] = await Promise.all([
      enqueued(store, outgoing("y")),
      store.change([{ item: item!.item, next: null }]),
      store.change([{ item: item!.item + 1, next: null }]),
    ]);
    assertEquals([more.length, store.counts().items], [1, 0]);
  });
  test("of many attempts the newest are kept, and long texts are cut", async (store) => {
    const [item] = await enqueued(store, outgoing("x"));
    const notes = Array.from({ length: 5 }, (_, i) => {
      return { atMs: i, host: "h".repeat(30), tls: null, code: 450, status: "4.0.0", text: "t".repeat(30) };
    });
    await store.change([{ item: item!.item, next: next(item!, { notes }) }]);
    const kept = store.item(item!.item)!.notes;
    assertEquals(kept.map(({ atMs }) => atMs), [2, 3, 4]);
    assertEquals([kept[0]!.host, kept[0]!.text], ["h".repeat(20), "t".repeat(20)]);
    // Not in the middle of a character.
    const last = { code: null, status: "4.0.0", text: `${"t".repeat(19)}\u{1f4ec}` };
    await store.change([{ item: item!.item, next: next(item!, { recipients: [{ ...item!.recipients[0]!, last }] }) }]);
    assertEquals(store.item(item!.item)!.recipients[0]!.last!.text, `${"t".repeat(19)}\ufffd`);
  }, { attemptsKeptMax: 3, noteTextMax: 20 });
}

function listingTests(test: Test): void {
  test("the schedule names every item once, in pages, in order", async (store) => {
    const expected: ScheduleRow[] = [];
    for (let mail = 0; mail < 60; mail++) {
      const items = await enqueued(store, outgoing("x", { items: [1, 2, 3].map((n) => to("a.test", mail * 10 + n)) }));
      await store.change([{ item: items[1]!.item, next: mail % 3 === 0 ? next(items[1]!, { held: true }) : null }]);
      expected.push(...items.flatMap(({ item }, i) => {
        return i === 1 && mail % 3 > 0 ? [] : [{ item, dueMs: mail * 10 + i + 1, held: i === 1 }];
      }));
    }
    assertEquals(store.schedule(0, 10_000), expected);
    const paged: ScheduleRow[] = [];
    for (let after = 0;;) {
      const page = store.schedule(after, 7);
      paged.push(...page);
      if (page.length === 0) break;
      assert(page.length <= 7);
      after = page.at(-1)!.item;
    }
    assertEquals(paged, expected);
    assertEquals(store.schedule(10_000_000, 5), []);
    assertEquals([store.schedule(0, 0), store.schedule(0, -1), store.schedule(0, NaN)], [[], [], []]);
  });
  test("items are found by destination, whole names only, in pages", async (store) => {
    const mails = [];
    for (const name of ["a.test", "b.test", "a.tes", "a.test", "a.test.", "a.test"]) {
      mails.push((await enqueued(store, outgoing("x", { items: [to(name)] })))[0]!.item);
    }
    const [one, , , two, , three] = mails as [number, number, number, number, number, number];
    assertEquals(store.itemsOf("a.test", 0, 10), [one, two, three]);
    assertEquals(store.itemsOf("a.test", one, 1), [two]);
    assertEquals(store.itemsOf("a.test", three, 10), []);
    await store.change([{ item: two, next: null }]);
    assertEquals(store.itemsOf("a.test", 0, 10), [one, three]);
    assertEquals(store.itemsOf("c.test", 0, 10), []);
  });
  test("items are found by the id of their mail", async (store) => {
    const items = await enqueued(
      store,
      outgoing("x", { envelope: envelope("id1"), items: [to("a.test"), to("b.test")] }),
    );
    const again = await enqueued(store, outgoing("y", { envelope: envelope("id1") }));
    await enqueued(store, outgoing("z", { envelope: envelope("id12") }));
    assertEquals(store.itemsOfMail("id1"), [...items, ...again].map(({ item }) => item));
    await store.change([{ item: items[0]!.item, next: null }]);
    assertEquals(store.itemsOfMail("id1"), [items[1]!.item, again[0]!.item]);
    await store.change([{ item: items[1]!.item, next: null }, { item: again[0]!.item, next: null }]);
    assertEquals([store.itemsOfMail("id1"), store.itemsOfMail("nobody")], [[], []]);
  });
  test("what is not a number is not there", async (store) => {
    assertEquals([store.item(-1), store.item(1.5), store.item(NaN), store.message(2 ** 60)], [null, null, null, null]);
    assertEquals(await kindOf(() => store.body(0)), "not_found");
  });
}

function suspensionTests(test: Test): void {
  test("destinations are suspended and resumed", async (store) => {
    await Promise.all([store.suspend("b.test", null), store.suspend("a.test", 5_000), store.resume("c.test")]);
    assertEquals(store.suspensions(), [
      { destination: "a.test", untilMs: 5_000 },
      { destination: "b.test", untilMs: null },
    ]);
    await store.suspend("b.test", 7);
    await store.resume("a.test");
    await store.resume("a.test");
    assertEquals(store.suspensions(), [{ destination: "b.test", untilMs: 7 }]);
  });
  test("no more destinations are suspended than the limit, and that hurts nobody else", async (store) => {
    const asked = ["a.test", "b.test", "c.test", "a.test"].map((name) => kindOf(() => store.suspend(name, null)));
    const [, , , , mail] = await Promise.all([...asked, store.enqueue(outgoing("x"))]);
    assertEquals([await Promise.all(asked), (mail as { known: boolean }).known], [["ok", "ok", "busy", "ok"], false]);
    await store.resume("a.test");
    await store.suspend("c.test", null);
  }, { suspensionsMax: 2 });
}

function limitTests(test: Test): void {
  test("what is beyond a limit, or not in its form, is refused as invalid", async (store) => {
    const [item] = await enqueued(store, outgoing("12345"));
    const bad = [
      () => store.enqueue(outgoing("123456")),
      () => store.enqueue(outgoing("x", { opId: "" })),
      () => store.enqueue(outgoing("x", { opId: "a b" })),
      () => store.enqueue(outgoing("x", { items: [] })),
      () => store.enqueue(outgoing("x", { items: [to("a.test"), to("b.test"), to("c.test")] })),
      () => store.enqueue(outgoing("x", { items: [to("a.test", 1, [])] })),
      () => store.enqueue(outgoing("x", { items: [to("a.test", 1, ["a", "b", "c"])] })),
      () => store.enqueue(outgoing("x", { items: [to("a.test", -1)] })),
      () => store.enqueue(outgoing("x", { items: [to("a.test", NaN)] })),
      () => store.enqueue(outgoing("x", { items: [to("")] })),
      () => store.enqueue(outgoing("x", { items: [to("a\nb")] })),
      () => store.enqueue(outgoing("x", { items: [to("a".repeat(256))] })),
      () => store.enqueue(outgoing("x", { envelope: envelope("") })),
      () => store.enqueue(outgoing("x", { envelope: envelope("id", { sender: "s".repeat(400) }) })),
      () => store.change([{ item: -1, next: null }]),
      () => store.change([{ item: item!.item, next: next(item!, { recipients: [] }) }]),
      () => store.change([{ item: item!.item, next: next(item!, { attempts: -1 }) }]),
      () => store.change([1, 2, 3].map((number) => ({ item: number, next: null }))),
      () => store.suspend("", null),
      () => store.suspend("a.test", -1),
    ];
    for (const ask of bad) assertEquals(await kindOf(ask), "invalid", String(ask));
    assertEquals(store.counts(), { items: 1, messages: 1, bytes: 5 });
    await store.enqueue(outgoing("x", { items: [to("a".repeat(255)), to("b.test", 0, ["a", "b"])] }));
  }, { messageBytesMax: 5, itemsMax: 2, recipientsMax: 2, changesMax: 2 });
  test("queue time runs with the monotonic clock from the wall clock", (store, { clock }) => {
    const before = store.nowMs();
    assertEquals(before, clock.wallMs());
    clock.advance(1_234.7);
    assertEquals(store.nowMs(), before + 1_234);
    return Promise.resolve();
  });
  test("after closing, everything says so", async (store) => {
    const bytes = utf8("x");
    const running = store.enqueue(outgoing(bytes));
    await store.close();
    assertEquals((await running).items.length, 1);
    const asked = [
      () => store.enqueue(outgoing("y")),
      () => store.change([{ item: 1, next: null }]),
      () => store.item(1),
      () => store.body(1),
      () => store.schedule(0, 1),
      () => store.suspensions(),
    ];
    for (const ask of asked) assertEquals(await kindOf(ask), "closed");
    await store.close();
  });
}
