/** Posts that wait for a moderator: kept whatever happens, and let through by nobody else. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { HELD_MAX } from "../../../src/actors/lists/letter_budget.ts";
import { MODERATION_MS } from "../../../src/actors/lists/hold.ts";
import { LIST, type ListWorld, OWNER, post, REQUEST, withLists } from "./list_world.ts";

const BEA = "bea@other.test";
const MOD = "mod@elsewhere.test";
const STRANGER = "stranger@far.test";

/** A list with a member, a moderator elsewhere and a post of a stranger; the moderator's letter, and its token. */
function withHeld(run: (world: ListWorld, token: string, letter: string) => Promise<void>): Promise<void> {
  return withLists(async (world) => {
    await world.join(BEA);
    await world.directory.ask("directory.listUpdate", { address: LIST, moderators: [MOD] });
    await world.mail(LIST, post(STRANGER, { subject: "may I?" }), { sender: STRANGER });
    const [letter, ...others] = world.sent();
    assertEquals([letter?.to, letter?.sender, others], [[MOD], "", []], "nobody else hears of it");
    const token = /^Subject: accept (\S+)\r$/m.exec(letter!.text)?.[1];
    assert(token !== undefined, letter!.text);
    await run(world, token, letter!.text);
  }, { others: "hold" });
}

Deno.test("a post from somebody else waits; the moderator sees how it begins", () =>
  withHeld(async (world, token, letter) => {
    assertEquals(world.waiting, 1);
    assertStringIncludes(letter, "  From:    stranger@far.test\r\n  Subject: may I?\r\n");
    assertStringIncludes(letter, `\r\n  discard ${token}\r\n`);
    assertStringIncludes(letter, "\r\n| meow\r\n");
    await world.pass(MODERATION_MS - 3_600_000);
    assertEquals([world.sent(), world.waiting], [[], 1]);
  }));

Deno.test("an accepted post goes to the members, once, also when it is accepted twice", () =>
  withHeld(async (world, token) => {
    await world.mail(REQUEST, post(MOD, { subject: `Re: accept ${token}` }), { sender: MOD });
    const sent = world.sent();
    assertEquals(sent.map(({ to }) => to[0]).sort(), [BEA, MOD]);
    const distributed = sent.find(({ to }) => to[0] === BEA)!;
    assertMatch(distributed.sender, /^cats-bounces\+/);
    assert(distributed.text.endsWith("From: stranger@far.test\r\nSubject: may I?\r\n\r\nmeow\r\n"));
    assertStringIncludes(sent.find(({ to }) => to[0] === MOD)!.text, "The post is accepted.");
    await world.mail(REQUEST, post(MOD, { subject: `discard ${token}` }), { sender: MOD });
    assertStringIncludes(world.sent()[0]!.text, "Somebody has decided on that post already.");
    assertEquals(world.waiting, 0);
  }));

Deno.test("a rejected post goes back to its sender, a discarded one to nobody", async () => {
  await withHeld(async (world, token) => {
    await world.mail(REQUEST, post(MOD, { subject: `reject ${token}` }), { sender: MOD });
    const sent = world.sent();
    assertEquals(sent.map(({ to }) => to[0]).sort(), [MOD, STRANGER]);
    assertMatch(sent.find(({ to }) => to[0] === STRANGER)!.text, /^Action: failed\r$/m);
    assertEquals(world.waiting, 0);
  });
  await withHeld(async (world, token) => {
    await world.mail(REQUEST, post(MOD, { subject: "x", body: `discard ${token}\r\n` }), { sender: MOD });
    assertEquals(world.sent().map(({ to }) => to[0]), [MOD]);
    assertEquals(world.waiting, 0);
  });
});

Deno.test("when nobody decides the sender is told, and the post goes to nobody", () =>
  withHeld(async (world) => {
    await world.pass(MODERATION_MS);
    for (let i = 0; i < 3; i++) await world.pass(1);
    const sent = world.sent();
    assertEquals(sent.map(({ to }) => to[0]), [STRANGER]);
    assertStringIncludes(sent[0]!.text, "did not accept it in time");
    assertEquals(world.waiting, 0);
  }));

Deno.test("no token of another kind or list, and no address that a stranger makes up, lets a post through", () =>
  withHeld(async (world, token) => {
    const now = world.clock.wallMs();
    const joining = world.keys.token("subscribe", { list: LIST, member: STRANGER }, now);
    const other = world.keys.token("moderate", { list: "dogs@smith.test", member: "m1-l1.0/0.h@held" }, now);
    for (const bad of [joining, other, `${token}x`, "x"]) {
      await world.mail(REQUEST, post(MOD, { subject: `accept ${bad}` }), { sender: MOD });
      assertEquals(world.sent().map(({ to, text }) => [to[0], /waits under that name/.test(text)]), [[MOD, true]]);
    }
    await world.mail(REQUEST, post(MOD, { subject: `confirm ${token}` }), { sender: MOD });
    assertStringIncludes(world.sent()[0]!.text, "accept, reject or discard");
    const detail = world.keys.heldDetail(LIST, "m1-l1.0/0.h");
    await world.mail(`cats+${detail}@smith.test`, post(STRANGER), { sender: STRANGER });
    assertEquals(world.sent().map(({ to }) => to[0]), [MOD], "that is a new post, which is held");
    assertEquals(world.waiting, 2);
  }));

Deno.test("a held post outlives the actors, and can be accepted after that", () =>
  withHeld(async (world, token) => {
    await world.stop();
    await world.start();
    assertEquals(world.waiting, 1);
    await world.mail(REQUEST, post(MOD, { subject: `accept ${token}` }), { sender: MOD });
    assertEquals(world.sent().map(({ to }) => to[0]).sort(), [BEA, MOD]);
  }));

Deno.test("where there are no moderators the owners decide; a flood of posts is refused, not held", () =>
  withLists(async (world) => {
    await world.mail(LIST, post(STRANGER), { sender: STRANGER });
    assertStringIncludes(world.letters()[0]!, "Subject: accept m");
    assertStringIncludes(world.letters()[0]!, `To: <${OWNER}>`);
    for (let i = 1; i < HELD_MAX; i++) await world.mail(LIST, post(STRANGER), { sender: STRANGER });
    assertEquals([world.sent(), world.waiting], [[], HELD_MAX]);
    await world.mail(LIST, post(STRANGER), { sender: STRANGER });
    assertStringIncludes(world.sent()[0]!.text, "Status: 4.7.0");
  }, { others: "hold" }));
