/** Signatures: texts that cannot hold what is looked for are not read. */
import { assert, assertEquals } from "@std/assert";
import { latin1, type Random, seededRandom, utf8 } from "../../../src/base/mod.ts";
import { type MessageText, type TextKey, TextStore } from "../../../src/storage/text/mod.ts";
import { mayHold, Signatures, SIGNED_TOGETHER } from "../../../src/storage/text/signatures.ts";
import { SimDisk } from "../sim_disk.ts";

const DIR = "shard/texts";
const ACCOUNT = "a";
/** Some are told apart by a large block, some by small ones, some not at all. */
const MESSAGES = 19 * SIGNED_TOGETHER + 10;
const WORDS = ["alpha", "beta", "gamma", "delta", "épsilon", "ζήτα", "猫である"];

function run<T>(work: Generator<void, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

function texts(random: Random): MessageText[] {
  return Array.from({ length: MESSAGES }, (_, i) => {
    const words = (count: number) =>
      Array.from({ length: count }, () => WORDS[Math.floor(random.next() * WORDS.length)]).join(" ");
    return { content: i, header: utf8(`\nsubject: ${words(2)} n${i}n\n`), body: utf8(`${words(3)} m${i}m`) };
  });
}

/** A disk that counts the bytes read of files whose name ends so. */
class CountingDisk extends SimDisk {
  bodyBytes = 0;
  readonly #bodies = new Set<number>();
  override open(path: string, mode: "read" | "update" | "create"): number {
    const fd = super.open(path, mode);
    if (path.endsWith(".body")) this.#bodies.add(fd);
    return fd;
  }
  override read(fd: number, into: Uint8Array, at: number, length: number, position: number): number {
    const came = super.read(fd, into, at, length, position);
    if (this.#bodies.has(fd)) this.bodyBytes += came;
    return came;
  }
}

function filled(disk: SimDisk, kept: readonly MessageText[]): TextStore {
  const store = new TextStore(DIR, disk);
  for (let at = 0; at < kept.length; at += 50) run(store.add(ACCOUNT, kept.slice(at, at + 50)));
  return store;
}

function body(needle: string): TextKey {
  return { in: "body", needle: latin1(utf8(needle)) };
}

const ALL = Array.from({ length: MESSAGES }, (_, i) => i);

function found(store: TextStore, keys: readonly TextKey[]): number[][] {
  return run(store.find(ACCOUNT, ALL, keys)).map((set) => [...set].sort((a, b) => a - b));
}

/** What each needle should find. */
function assertFinds(store: TextStore, kept: readonly MessageText[], what: string): void {
  const needles = ["m7m", "m70m", "alpha beta", "a g", "ζή", "猫", "である m", "épsilon alpha", "nowhere", "zz", ""];
  for (const needle of needles) {
    const expected = kept.filter((text) => latin1(text.body).includes(latin1(utf8(needle)))).map(({ content }) =>
      content
    );
    assertEquals(found(store, [body(needle)]), [expected], `${needle}, ${what}`);
  }
  for (const needle of ["n300n", "gamma", "no"]) {
    const holds = ({ header }: MessageText) => latin1(header).slice(9).includes(needle);
    const expected = kept.filter(holds).map(({ content }) => content);
    assertEquals(found(store, [{ in: "header", field: "subject", needle }]), [expected], `subject ${needle}, ${what}`);
    assertEquals(found(store, [{ in: "header", field: "to", needle }]), [[]]);
  }
}

Deno.test("what is found is what a look at each text finds, at once and after opening again", () => {
  const disk = new SimDisk(seededRandom(1));
  const kept = texts(seededRandom(2));
  assertFinds(filled(disk, kept), kept, "at once");
  assertFinds(new TextStore(DIR, disk), kept, "opened again");
  const sizes = ["large", "small"].map((part) => disk.fileBytes(`${DIR}/61.body.signatures.${part}`));
  assertEquals(sizes, [8 + 8_192 * (16 * SIGNED_TOGETHER / 8 + 4), 3 * (8 + 8_192 * (SIGNED_TOGETHER / 8 + 4))]);
});

Deno.test("texts that cannot hold what is looked for are not read", () => {
  const disk = new CountingDisk(seededRandom(1));
  const kept = texts(seededRandom(2)).map((text) => ({ ...text, body: utf8(latin1(text.body) + ".".repeat(2_000)) }));
  const store = filled(disk, kept);
  const bytes = kept.reduce((sum, each) => sum + each.body.length, 0);
  const tail = kept.slice(-10).reduce((sum, each) => sum + each.body.length + 18, 0);
  found(store, [body("first")]);
  const read = (keys: readonly TextKey[]) => {
    disk.bodyBytes = 0;
    found(store, keys);
    return disk.bodyBytes;
  };
  assertEquals(read([body("nowhere")]), tail);
  assertEquals(read([body("nowhere"), body("or elsewhere")]), tail);
  assert(read([body("m70m"), body("nowhere")]) < bytes / 4);
  assert(read([body("nowhere"), body("al")]) > bytes, "two bytes tell nothing");
});

Deno.test("signatures of other texts than those that are there are made anew", () => {
  const disk = new SimDisk(seededRandom(1));
  const random = seededRandom(3);
  const [first, second] = [texts(random), texts(random)];
  const store = filled(disk, first);
  assertFinds(store, first, "before");
  store.close();
  const old = ["large", "small"].map((part) => {
    const fd = disk.open(`${DIR}/61.body.signatures.${part}`, "update");
    const bytes = new Uint8Array(disk.size(fd));
    disk.read(fd, bytes, 0, bytes.length, 0);
    return { fd, bytes };
  });
  // As after a crash that tore the texts off and left their signatures.
  disk.truncate(disk.open(`${DIR}/61.body`, "update"), 1_000);
  const again = new TextStore(DIR, disk);
  const there = ALL.filter((content) => !run(again.missing(ACCOUNT, ALL)).includes(content));
  assert(there.length > 1 && there.length < SIGNED_TOGETHER);
  const mixed = ALL.map((content) => there.includes(content) ? first[content]! : second[content]!);
  for (const text of mixed) run(again.add(ACCOUNT, [text]));
  const bodies = mixed.map((text, i) => ({ ...text, header: first[i]!.header }));
  assertFinds(again, bodies, "after");
  assertFinds(new TextStore(DIR, disk), bodies, "opened again");
  // As after another crash, before the old ones were really gone.
  for (const { fd, bytes } of old) disk.write(fd, bytes, 0);
  assertFinds(new TextStore(DIR, disk), bodies, "opened with old ones");
});

/** Turns bits of a file over. */
function damage(disk: SimDisk, path: string, random: Random): void {
  const fd = disk.open(path, "update");
  const bytes = new Uint8Array(disk.size(fd));
  disk.read(fd, bytes, 0, bytes.length, 0);
  for (let i = 0; i < 20_000; i++) {
    bytes[Math.floor(random.next() * bytes.length)]! ^= 1 << Math.floor(random.next() * 8);
  }
  disk.write(fd, bytes, 0);
  disk.close(fd);
}

Deno.test("damaged signatures take nothing away", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const random = seededRandom(seed);
    const disk = new SimDisk(random);
    const kept = texts(random);
    const store = filled(disk, kept);
    found(store, [body("first")]);
    for (const part of ["large", "small"]) {
      const path = `${DIR}/61.body.signatures.${part}`;
      damage(disk, path, random);
      assertFinds(store, kept, `flipped, seed ${seed}`);
      disk.truncate(disk.open(path, "update"), Math.floor(random.next() * disk.fileBytes(path)!));
      assertFinds(store, kept, `cut, seed ${seed}`);
    }
    assertFinds(new TextStore(DIR, disk), kept, `opened again, seed ${seed}`);
  }
});

Deno.test("damaged signatures are made anew, not joined", () => {
  const random = seededRandom(1);
  const disk = new SimDisk(random);
  const kept = texts(random);
  const some = 15 * SIGNED_TOGETHER;
  const store = filled(disk, kept.slice(0, some));
  found(store, [body("first")]);
  damage(disk, `${DIR}/61.body.signatures.small`, random);
  run(store.add(ACCOUNT, kept.slice(some)));
  assertFinds(store, kept, "joined");
  assertEquals(disk.fileBytes(`${DIR}/61.body.signatures.small`), 3 * (8 + 8_192 * (SIGNED_TOGETHER / 8 + 4)));
});

Deno.test("a disk without room for signatures does not fail the search", () => {
  const disk = new SimDisk(seededRandom(1));
  const kept = texts(seededRandom(2));
  const store = filled(disk, kept);
  disk.fault = (_step, name) => name === "write" ? "ENOSPC" : null;
  assertFinds(store, kept, "full");
  disk.fault = () => null;
  assertFinds(new TextStore(DIR, disk), kept, "with room again");
});

Deno.test("signatures go with their texts", () => {
  const disk = new SimDisk(seededRandom(1));
  const kept = texts(seededRandom(2));
  const store = filled(disk, kept);
  found(store, [body("first")]);
  run(store.tidy(ACCOUNT, (content) => content % 2 === 0));
  assertFinds(store, kept.filter(({ content }) => content % 2 === 0), "tidied");
  store.remove(ACCOUNT);
  assertEquals(disk.list(DIR), []);
});

Deno.test("a long text may hold anything", () => {
  const signatures = new Signatures("s", new SimDisk(seededRandom(1)), 2_048);
  const block = signatures.block();
  for (let i = 0; i < SIGNED_TOGETHER; i++) block.add(new Uint8Array(i === 3 ? 300_000 : i));
  signatures.add(block, [1]);
  const bits = run(signatures.candidates(["nowhere"]))!;
  assertEquals(ALL.slice(0, SIGNED_TOGETHER).filter((i) => mayHold(bits, i)), [3]);
  assert(mayHold(bits, SIGNED_TOGETHER), "what has no signature may, too");
  assertEquals(run(signatures.candidates(["no"])), null);
  signatures.close();
});
