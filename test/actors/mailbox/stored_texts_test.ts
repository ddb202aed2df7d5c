import { assertEquals, assertRejects } from "@std/assert";
import {
  FieldColumns,
  PlaceColumns,
  StoredTexts,
  type TextQuery,
  Turns,
} from "../../../src/actors/mailbox/search/mod.ts";
import { textActor } from "../../../src/actors/policy/text_actor.ts";
import { asFailure, Failure, latin1, seededRandom, SILENT, utf8 } from "../../../src/base/mod.ts";
import type { AccountId } from "../../../src/mail/account.ts";
import type { TextProtocol } from "../../../src/messages/mod.ts";
import { casemap } from "../../../src/mime/mod.ts";
import { Simulation } from "../../../src/runtime/mod.ts";
import { createMemoryStore, type FuzzyWord, type TextKey, TextStore } from "../../../src/storage/mod.ts";
import { SimDisk } from "../../storage/sim_disk.ts";

const JOHN = "john1" as AccountId;

interface World {
  readonly sim: Simulation;
  readonly disk: SimDisk;
  readonly texts: StoredTexts;
  /** What an ask comes to, while the simulation runs. */
  settled<T>(work: Promise<T>): Promise<T>;
}

async function inWorld(run: (world: World) => Promise<void>): Promise<void> {
  const sim = new Simulation({ seed: 1 });
  await sim.worker("policy", async ({ system }) => {
    await system.spawn(textActor, { name: "text", args: undefined });
  });
  const system = await sim.worker("mailbox-0");
  const disk = new SimDisk(seededRandom(1));
  const mail = createMemoryStore();
  const texts = new StoredTexts({
    store: new TextStore("texts", disk, { openMessagesMax: 1_000, deadMessagesMin: 4 }),
    shard: mail.shard(0),
    columns: new FieldColumns(),
    places: new PlaceColumns(),
    extractor: system.ref<TextProtocol>({ node: "local", worker: "policy", actor: "text" }),
    turns: new Turns(sim.clock),
    log: SILENT,
  });
  const settled = async <T>(work: Promise<T>) => {
    let done = false;
    const ended = () => void (done = true);
    work.then(ended, ended);
    await sim.run({ until: () => done });
    return await work;
  };
  await run({ sim, disk, texts, settled });
  await mail.close();
  await sim.close();
}

/** Messages with these bodies; their contents are numbered from `first`. */
function letters(bodies: readonly string[], first = 1): TextQuery & { reads: number } {
  const query = {
    account: JOHN,
    contents: bodies.map((_, i) => first + i),
    reads: 0,
    read(at: number) {
      query.reads++;
      return utf8(`Subject: Hello ${first + at}\r\n\r\n${bodies[at]}\r\n`);
    },
    check() {},
  };
  return query;
}

function body(text: string): TextKey {
  return { in: "body", needle: latin1(utf8(casemap(text))) };
}

Deno.test("each message is taken apart once, and found from then on", () =>
  inWorld(async ({ texts, settled }) => {
    const query = letters(["Some TEXT", "andere Fährte", "nothing"]);
    assertEquals(await settled(texts.find(query, [body("text"), body("FÄHRTE")])), [new Set([1]), new Set([2])]);
    assertEquals(query.reads, 3);
    const subject: TextKey = { in: "header", field: "SUBJECT", needle: "HELLO 3" };
    assertEquals(await settled(texts.find(query, [subject])), [new Set([3])]);
    assertEquals(query.reads, 3);
  }));

Deno.test("words are graded in texts that are kept, and in those that no room is left for", () =>
  inWorld(async ({ disk, texts, settled }) => {
    const words: FuzzyWord[] = [{ in: "body", word: "NEEDLE" }, { in: "header", field: "SUBJECT", word: "HELO" }];
    const query = letters(["a needle", "neddle", "Nëedles", "hay"]);
    const graded = [
      new Map([[1, 100], [2, 45], [3, 100]]),
      new Map([1, 2, 3, 4].map((content) => [content, 45])),
    ];
    disk.fault = (_step, name) => name === "write" || name === "create" ? "ENOSPC" : null;
    assertEquals(await settled(texts.grade(query, words)), graded);
    disk.fault = () => null;
    assertEquals(await settled(texts.grade(query, words)), graded);
    assertEquals(await settled(texts.grade(query, words)), graded);
    assertEquals(query.reads, 8);
  }));

Deno.test("what came since is searched too, and what is gone meanwhile is passed over", () =>
  inWorld(async ({ texts, settled }) => {
    await settled(texts.find(letters(["a needle", "b"]), [body("needle")]));
    const bodies = ["a needle", "b", "needle", "needle"];
    const gone = { ...letters(bodies), read: (at: number) => at === 3 ? null : letters(bodies).read(at) };
    assertEquals(await settled(texts.find(gone, [body("needle")])), [new Set([1, 3])]);
  }));

Deno.test("a search of many messages takes many batches", () =>
  inWorld(async ({ texts, settled }) => {
    const query = letters(Array.from({ length: 300 }, (_, i) => i % 7 === 0 ? "needle" : "hay"));
    const [found] = await settled(texts.find(query, [body("needle")]));
    assertEquals(found!.size, 43);
    assertEquals(query.reads, 300);
  }));

Deno.test("searches of an account follow one another, and one that is given up lets the next one on", () =>
  inWorld(async ({ texts, settled }) => {
    const left = letters(Array.from({ length: 200 }, () => "needle"));
    let looks = 0;
    const over = { ...left, check: () => void (++looks > 3 && fail()) };
    const fail = () => {
      throw new Failure("not_found", "as the test wants it");
    };
    const both = Promise.allSettled([texts.find(over, [body("needle")]), texts.find(left, [body("needle")])]);
    const [first, second] = await settled(both);
    assertEquals(first.status === "rejected" && asFailure(first.reason)?.kind, "not_found");
    assertEquals(second.status === "fulfilled" && second.value[0]!.size, 200);
  }));

Deno.test("when the worker that takes texts out is lost, a search fails and can be asked again", () =>
  inWorld(async ({ sim, texts, settled }) => {
    const query = letters(["text"]);
    sim.kill("policy");
    assertEquals((await assertRejects(() => settled(texts.find(query, [body("text")])), Failure)).kind, "down");
    await sim.restart("policy");
    assertEquals(await settled(texts.find(query, [body("text")])), [new Set([1])]);
  }));

Deno.test("on a full disk searches find the same, and keep nothing", () =>
  inWorld(async ({ disk, texts, settled }) => {
    disk.fault = (_step, name) => name === "write" || name === "create" ? "ENOSPC" : null;
    const query = letters(["some text", "other"]);
    assertEquals(await settled(texts.find(query, [body("text")])), [new Set([1])]);
    assertEquals(await settled(texts.find(query, [body("text")])), [new Set([1])]);
    assertEquals(query.reads, 4);
    disk.fault = () => null;
    await settled(texts.find(query, [body("text")]));
    await settled(texts.find(query, [body("text")]));
    assertEquals(query.reads, 6);
  }));

Deno.test("texts of messages that are gone are thrown away in the end, and all of an account that is no more", () =>
  inWorld(async ({ disk, texts, settled }) => {
    await settled(texts.find(letters(["one", "two", "three", "four"]), [body("x")]));
    const before = disk.list("texts").map((name) => disk.fileBytes(`texts/${name}`)!);
    // The shard holds no message: all of these are gone.
    await settled(texts.find(letters(["five"], 5), [body("x")]));
    assertEquals(disk.list("texts"), []);
    assertEquals(before.every((bytes) => bytes > 0), true);
    await settled(texts.find(letters(["six"], 6), [body("x")]));
    texts.forget(JOHN);
    assertEquals(disk.list("texts"), []);
  }));
