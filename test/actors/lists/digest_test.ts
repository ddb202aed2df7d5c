/** Members who get all posts of a day in one mail: kept in the queue until then, and lost by nothing. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Failure } from "../../../src/base/mod.ts";
import { DIGEST_POSTS_MAX } from "../../../src/actors/lists/digest.ts";
import { LIST, type ListWorld, post, REQUEST, withLists } from "./list_world.ts";

const BEA = "bea@other.test";
const DAN = "dan@daily.test";
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function withDigest(run: (world: ListWorld) => Promise<void>): Promise<void> {
  return withLists(async (world) => {
    await world.join(BEA);
    await world.directory.ask("directory.memberPut", { list: LIST, address: DAN, mode: "digest" });
    await run(world);
  });
}

/** Lets the next midnight pass, with the time that the queue takes after it. */
async function night(world: ListWorld): Promise<void> {
  await world.pass(DAY - world.clock.wallMs() % DAY + 601_000);
  for (let i = 0; i < 6; i++) await world.pass(1_500);
}

/** What went to the member with digests. */
function toDan(world: ListWorld): string[] {
  return world.sent().filter(({ to }) => to[0] === DAN).map(({ text }) => text);
}

/** The subjects of the posts in a digest. */
function subjects(digest: string): string[] {
  assertMatch(digest, /^Content-Type: multipart\/digest; /m);
  return [...digest.matchAll(/^From: bea@other\.test\r\nSubject: (.*)\r$/gm)].map(([, subject]) => subject!);
}

Deno.test("the posts of a day go out in one mail when it is over, and the next day in another", () =>
  withDigest(async (world) => {
    for (const subject of ["one", "two"]) await world.mail(LIST, post(BEA, { subject }));
    assertEquals(world.sent().map(({ to }) => to), [[BEA], [BEA]], "the others get each at once");
    await night(world);
    const [digest, ...others] = toDan(world);
    assertEquals([subjects(digest!), others], [["one", "two"], []]);
    assertEquals(world.waiting, 0);
    await night(world);
    assertEquals(toDan(world), [], "no post, no digest");
    await world.mail(LIST, post(BEA, { subject: "three" }));
    await night(world);
    assertEquals(toDan(world).map(subjects), [["three"]]);
  }));

Deno.test("a digest is not lost when the servers stop over night, nor when the list actor fails in the middle", () =>
  withDigest(async (world) => {
    for (const subject of ["one", "two"]) await world.mail(LIST, post(BEA, { subject }));
    world.sent();
    await world.stop();
    await world.start();
    let asked = 0;
    world.beforeEnqueue = () => {
      if (++asked === 1) throw new Failure("down", "gone");
    };
    await night(world);
    assert(asked > 1);
    assertEquals(toDan(world).map(subjects), [["one", "two"]]);
    assertEquals(world.waiting, 0);
  }));

Deno.test("what was sent and could not be taken out is sent once more rather than lost, and only what was left", () =>
  withDigest(async (world) => {
    for (const subject of ["one", "two"]) await world.mail(LIST, post(BEA, { subject }));
    world.sent();
    let failed = false;
    world.beforeAct = (id) => {
      if (failed || !id.startsWith("m2")) return;
      failed = true;
      throw new Failure("down", "gone");
    };
    await night(world);
    assertEquals(toDan(world).map(subjects), [["one", "two"], ["two"]]);
    assertEquals(world.waiting, 0);
  }));

Deno.test("a post that missed the digest of its day is in a later one", () =>
  withDigest(async (world) => {
    await world.mail(LIST, post(BEA, { subject: "early" }));
    // An operator who retries everything has the digest made early: what comes after it has missed it.
    await world.retryAll();
    assertEquals(toDan(world).map(subjects), [["early"]]);
    await world.mail(LIST, post(BEA, { subject: "late" }));
    for (let i = 0; i < 4; i++) await night(world);
    assertEquals(toDan(world).map(subjects), [["late"]]);
    assertEquals(world.waiting, 0);
  }));

Deno.test("more posts than fit are several digests", () =>
  withDigest(async (world) => {
    for (let i = 0; i <= DIGEST_POSTS_MAX; i++) await world.mail(LIST, post(BEA, { subject: `p${i}` }));
    world.sent();
    await night(world);
    const digests = toDan(world).map(subjects);
    assertEquals(digests.map(({ length }) => length).sort(), [1, DIGEST_POSTS_MAX]);
    assertEquals(new Set(digests.flat()).size, DIGEST_POSTS_MAX + 1);
  }));

Deno.test("a member asks for digests by mail, and for single posts again", () =>
  withDigest(async (world) => {
    for (const [command, mode] of [["digest", "digest"], ["nodigest", "each"]] as const) {
      await world.mail(REQUEST, post(BEA, { subject: command }));
      const subject = /^Subject: (confirm \S+)\r$/m.exec(world.sent()[0]!.text)?.[1] ?? "";
      await world.mail(REQUEST, post(BEA, { subject: `Re: ${subject}` }));
      assertStringIncludes(world.sent()[0]!.text, "bea@other.test gets ");
      assertEquals((await world.member(BEA))?.mode, mode);
    }
  }));

Deno.test("nobody makes a digest, or puts a post into one, by an address that he guesses", () =>
  withDigest(async (world) => {
    const day = Math.floor(world.clock.wallMs() / DAY);
    await world.mail(LIST, post(BEA, { subject: "mine" }));
    world.sent();
    for (const mark of ["kept", "due"]) {
      await world.mail(`cats+${mark}-${day}-abcdefghijklmnop@smith.test`, post("x@far.test"), { sender: "x@far.test" });
      assertStringIncludes(world.sent()[0]!.text, "Status: 5.7.2\r\n");
    }
    await night(world);
    assertEquals(toDan(world).map(subjects), [["mine"]]);
  }));
