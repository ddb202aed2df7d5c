/** Posts to a list: who may, who gets them, and that a crash neither loses nor doubles one. */
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { Failure } from "../../../src/base/mod.ts";
import { all, FAILED, MINUTE } from "../queue/queue_world.ts";
import { LIST, type ListWorld, OWNER, post, withLists } from "./list_world.ts";

const BEA = "bea@other.test";
const ANN = "ann@elsewhere.test";

/** Everybody who got something, in order. */
function reached(world: ListWorld): string[] {
  return world.sent().flatMap(({ to }) => to).sort();
}

Deno.test("a post goes to every member, under a reverse-path of the list, with its fields", () =>
  withLists(async (world) => {
    await world.join(BEA, ANN, "carl@other.test", OWNER);
    await world.mail("Cats@smith.test", post("Bea <Bea@other.test>"));
    const sent = world.sent();
    assertEquals(sent.map(({ to }) => to).sort(), [[ANN], [BEA, "carl@other.test"]]);
    for (const { sender, text } of sent) {
      assertMatch(sender, /^cats-bounces\+[a-z2-7]{10}@smith\.test$/);
      assertMatch(text, /^List-Id: <cats\.smith\.test>\r\n/);
      assert(text.endsWith("From: Bea <Bea@other.test>\r\nSubject: hello\r\n\r\nmeow\r\n"), text);
    }
    assertEquals(world.letters().length, 1, "a member here has it in the mailbox");
    assertStringIncludes(world.letters()[0]!, "List-Unsubscribe: ");
    assertEquals(world.waiting, 0);
  }));

Deno.test("with VERP every member has a transaction and a reverse-path of his own, and the mail is kept once", () =>
  withLists(async (world) => {
    await world.join(BEA, "carl@other.test");
    await world.mail(LIST, post(BEA));
    const sent = world.sent();
    assertEquals(sent.map(({ to, sender }) => [to, sender.replace(/\+.{10}=/, "+#=")]), [
      [[BEA], "cats-bounces+#=bea=other.test@smith.test"],
      [["carl@other.test"], "cats-bounces+#=carl=other.test@smith.test"],
    ]);
  }, { verp: true }));

Deno.test("with an address for one click each member finds his own in the mail, and leaves by it alone", () =>
  withLists(async (world) => {
    await world.join(BEA, ANN, OWNER);
    await world.mail(LIST, post(BEA, { subject: "{member}", body: "List-Unsubscribe: <https://x/{member}>\r\n" }));
    const sent = world.sent();
    const texts = [...sent.map(({ text }) => text), ...world.letters()];
    const paths = texts.map((text) =>
      /^List-Unsubscribe: <https:\/\/smith\.test\/u\/(\S+)>,\r$/m.exec(text)?.[1] ?? ""
    );
    assertEquals(new Set(paths).size, 3);
    for (const text of texts) {
      assert(
        text.endsWith("Subject: {member}\r\n\r\nList-Unsubscribe: <https://x/{member}>\r\n"),
        "the rest is as it was",
      );
    }
    const path = paths[sent.findIndex(({ to }) => to[0] === BEA)]!;
    const left = await world.lists.ask("list.leave", { token: path });
    assertEquals(left, { list: LIST, member: BEA });
    assertEquals([await world.member(BEA), (await world.member(ANN))?.mode], [null, "each"]);
    assertEquals(await world.lists.ask("list.leave", { token: path }), left, "a second click does no harm");
    await assertRejects(() => world.lists.ask("list.leave", { token: `x${path}` }), Failure, "names no member");
  }, { verp: true, unsubscribeUrl: "https://smith.test/u/" }));

Deno.test("who may not post is told, and nobody gets the mail", () =>
  withLists(async (world) => {
    await world.join(BEA);
    for (const from of ["stranger@other.test", `${BEA}, stranger@other.test`, "not an address"]) {
      await world.mail(LIST, post(from), { sender: "stranger@other.test" });
      const [report, ...others] = world.sent();
      assertEquals([report?.to, report?.sender, others], [["stranger@other.test"], "", []], from);
      assertStringIncludes(report!.text, "Status: 5.7.2\r\n");
    }
    await world.mail(LIST, post(OWNER), { sender: OWNER });
    assertEquals(reached(world), [BEA], "an owner may, member or not");
  }));

Deno.test("to a list of announcements only moderators post; to an open one everybody may", () =>
  withLists(async (world) => {
    await world.join(BEA);
    await world.directory.ask("directory.listUpdate", { address: LIST, moderators: [ANN] });
    await world.mail(LIST, post(BEA));
    assertEquals(world.sent().map(({ to, sender }) => [to, sender]), [[[BEA], ""]]);
    await world.mail(LIST, post("ANN@elsewhere.test"), { sender: ANN });
    assertEquals(world.sent().map(({ to }) => to), [[BEA]]);
    await world.directory.ask("directory.listUpdate", { address: LIST, post: "anybody" });
    await world.mail(LIST, post("stranger@other.test"));
    assertEquals(reached(world), [BEA]);
  }, { post: "moderators" }));

Deno.test("reports, what programs wrote and what the list has sent already go nowhere, without a word", () =>
  withLists(async (world) => {
    await world.join(BEA);
    await world.mail(LIST, post(BEA), { sender: "" });
    await world.mail(LIST, post(BEA, { head: "Auto-Submitted: auto-replied\r\n" }));
    await world.mail(LIST, post(BEA, { head: "List-Id: <cats.smith.test>\r\n" }));
    assertEquals([world.sent(), world.letters(), world.waiting], [[], [], 0]);
  }, { post: "anybody" }));

Deno.test("a mail that is too large for the list comes back; one that is as large as may be does not", () =>
  withLists(async (world) => {
    await world.join(BEA);
    const size = post(BEA).length;
    await world.directory.ask("directory.listUpdate", { address: LIST, bytesMax: size });
    await world.mail(LIST, post(BEA));
    assertEquals(reached(world), [BEA]);
    await world.mail(LIST, post(BEA, { subject: "hello!" }));
    assertStringIncludes(world.sent()[0]!.text, "Status: 5.2.3\r\n");
  }));

Deno.test("members who paused or are suspended get nothing", () =>
  withLists(async (world) => {
    await world.join(BEA, ANN, "carl@other.test");
    await world.directory.ask("directory.memberPut", { list: LIST, address: BEA, mode: "none" });
    for (let day = 0; day < 5; day++) {
      await world.directory.ask("directory.memberBounced", { list: LIST, address: ANN });
      await world.pass(24 * 60 * MINUTE);
    }
    await world.mail(LIST, post(BEA));
    assertEquals(reached(world), ["carl@other.test"]);
  }));

Deno.test("a list may be a member of another, and two that are members of each other send a mail once", () =>
  withLists(async (world) => {
    await world.directory.ask("directory.listAdd", { address: "dogs@smith.test", owners: [OWNER], post: "anybody" });
    await world.directory.ask("directory.memberPut", { list: "dogs@smith.test", address: LIST, mode: "each" });
    await world.directory.ask("directory.memberPut", { list: "dogs@smith.test", address: ANN, mode: "each" });
    await world.join("dogs@smith.test", BEA);
    await world.mail(LIST, post(BEA));
    const sent = world.sent();
    assertEquals(sent.map(({ to }) => to[0]).sort(), [ANN, BEA], "each list sends it to its members once");
    assertEquals([world.waiting, world.letters()], [0, []]);
  }, { post: "anybody" }));

Deno.test("a list that is away is asked again, and the mail waits; a crash in the middle sends nothing twice", () =>
  withLists(async (world) => {
    const many = Array.from({ length: 4_100 }, (_, i) => `u${i}@d${i % 50}.test`);
    await world.join(...many);
    let asked = 0;
    world.beforeEnqueue = () => {
      if (++asked === 3) throw new Failure("down", "the queue's worker is gone");
    };
    await world.mail(LIST, post(OWNER), { sender: OWNER });
    assertEquals(asked, 3, "the third was lost");
    for (let i = 0; i < 20; i++) await world.pass(MINUTE);
    const got = reached(world);
    assertEquals(got.length, many.length, "everybody once");
    assertEquals(new Set(got).size, many.length);
    assertEquals(world.waiting, 0);
  }));

Deno.test("whoever joins or leaves while a large list is being sent moves nobody else", () =>
  withLists(async (world) => {
    const many = Array.from({ length: 4_200 }, (_, i) => `u${i}@d${i % 50}.test`);
    await world.join(...many);
    let asked = 0;
    world.beforeEnqueue = () => {
      if (++asked === 3) throw new Failure("down", "the queue's worker is gone");
    };
    const sending = world.mail(LIST, post(OWNER), { sender: OWNER });
    for (const address of many.slice(0, 60)) {
      await world.directory.ask("directory.memberRemove", { list: LIST, address });
    }
    await sending;
    for (let i = 0; i < 20; i++) await world.pass(MINUTE);
    const got = reached(world);
    assertEquals(new Set(got).size, got.length, "nobody twice");
    const stayed = many.slice(60);
    assertEquals(stayed.filter((address) => !got.includes(address)), [], "nobody who stayed is missing");
  }));

Deno.test("the queue forgets nothing when all actors are started again", () =>
  withLists(async (world) => {
    await world.join(BEA);
    world.beforeEnqueue = () => {
      throw new Failure("down", "gone");
    };
    await world.mail(LIST, post(BEA));
    assertEquals([world.sent(), world.waiting], [[], 1]);
    await world.stop();
    world.beforeEnqueue = () => {};
    await world.start();
    for (let i = 0; i < 5; i++) await world.pass(2_000);
    assertEquals([reached(world), world.waiting], [[BEA], 0]);
  }));

Deno.test("a member whose server refuses him is counted by our own report", () =>
  withLists(async (world) => {
    await world.join(BEA, "carl@other.test");
    world.outside = (attempt) => ({
      ...all(FAILED)(attempt) as Awaited<ReturnType<typeof world.outside>>,
      outcomes: attempt.recipients.map(({ address }) => address === BEA ? FAILED : { ...FAILED, action: "delivered" }),
    });
    await world.mail(LIST, post("carl@other.test"));
    assertEquals((await world.member(BEA))?.bounceDays, 1);
    assertEquals((await world.member("carl@other.test"))?.bounceDays, 0);
    assertEquals([world.waiting, world.letters()], [0, []]);
  }));
