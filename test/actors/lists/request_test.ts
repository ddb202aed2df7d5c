/** Commands by mail: nothing is done for whoever only uses a name, and nobody is flooded. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ANSWERS_MAX, LETTERS_MAX } from "../../../src/actors/lists/letter_budget.ts";
import type { ListSettings } from "../../../src/messages/mod.ts";
import { LIST, type ListWorld, OWNER, post, REQUEST, withLists } from "./list_world.ts";

const BEA = "bea@other.test";
const HOUR = 3_600_000;

/** The one letter that left, to whom, and its subject. */
function letter(world: ListWorld): { to: string; subject: string; text: string } {
  const [sent, ...others] = world.sent();
  assert(sent !== undefined && others.length === 0, `one letter, not ${others.length + (sent === undefined ? 0 : 1)}`);
  assertEquals([sent.sender, sent.to.length], ["", 1]);
  assertMatch(sent.text, /^Auto-Submitted: auto-replied\r$/m);
  return { to: sent.to[0]!, subject: /^Subject: (.*)\r$/m.exec(sent.text)?.[1] ?? "", text: sent.text };
}

/** Asks by mail, answers the letter, and gives back the last letter. */
async function confirmed(world: ListWorld, command: string) {
  await world.mail(REQUEST, post(`Bea <${BEA}>`, { subject: command }));
  const { to, subject } = letter(world);
  assertEquals(to, BEA);
  assertMatch(subject, /^confirm \S+$/);
  await world.mail(REQUEST, post(BEA, { subject: `Re: ${subject}` }));
  return letter(world);
}

Deno.test("whoever asks to join is a member when the letter was answered, and not before", () =>
  withLists(async (world) => {
    await world.mail(REQUEST, post(BEA, { subject: "subscribe", head: "Message-ID: <1@other.test>\r\n" }));
    const { subject, text } = letter(world);
    assertEquals(await world.member(BEA), null);
    assertStringIncludes(text, "In-Reply-To: <1@other.test>\r\n");
    assertStringIncludes(text, "From: <cats-request@smith.test>\r\nTo: <bea@other.test>\r\n");
    await world.mail(REQUEST, post(BEA, { subject: `Re: ${subject}` }));
    assertStringIncludes(letter(world).text, "bea@other.test is a member now.");
    assertEquals((await world.member(BEA))?.mode, "each");
  }));

Deno.test("a member leaves, pauses and goes on in the same way; by the first line of the text, too", () =>
  withLists(async (world) => {
    await world.join(BEA);
    assertStringIncludes((await confirmed(world, "pause")).text, "gets no more mail");
    assertEquals((await world.member(BEA))?.mode, "none");
    assertStringIncludes((await confirmed(world, "resume")).text, "gets mail again");
    assertEquals((await world.member(BEA))?.mode, "each");
    await world.mail(REQUEST, post(BEA, { subject: "", body: "\r\nunsubscribe\r\n" }));
    const { subject } = letter(world);
    await world.mail(REQUEST, post(BEA, { subject: "please", body: `${subject}\r\n` }));
    assertStringIncludes(letter(world).text, "is no member any more");
    assertEquals(await world.member(BEA), null);
    assertStringIncludes((await confirmed(world, "pause")).text, "is no member");
    assertEquals(await world.member(BEA), null, "pausing is not a way in");
  }));

Deno.test("a token that is old, of another list or made up does nothing", () =>
  withLists(async (world) => {
    await world.mail(REQUEST, post(BEA, { subject: "subscribe" }));
    const { subject } = letter(world);
    const other = world.keys.token("subscribe", { list: "dogs@smith.test", member: BEA }, world.clock.wallMs());
    for (const token of [`confirm ${other}`, subject.replace("bea=", "ann="), "confirm x"]) {
      await world.mail(REQUEST, post(BEA, { subject: token }));
      assertStringIncludes(letter(world).text, "not a request of this list");
    }
    await world.pass(73 * HOUR);
    await world.mail(REQUEST, post(BEA, { subject }));
    assertStringIncludes(letter(world).text, "too old");
    const { records } = await world.directory.ask("directory.memberPage", { list: LIST, after: null, limit: 10 });
    assertEquals(records, []);
  }));

Deno.test("a closed list takes nobody; another asks its owner, who agrees by answering", () =>
  withLists(async (world) => {
    await world.directory.ask("directory.listUpdate", { address: LIST, join: "closed" });
    await world.mail(REQUEST, post(BEA, { subject: "subscribe" }));
    assertStringIncludes(letter(world).text, "Only its owners add members");
    await world.directory.ask("directory.listUpdate", { address: LIST, join: "confirm" });
    assertStringIncludes((await confirmed(world, "join")).text, "as soon as an owner agrees");
    assertEquals(await world.member(BEA), null);
    const [asked] = world.letters();
    assertMatch(asked!, /^Return-Path: <>\r$/m);
    const subject = /^Subject: (confirm \S+)\r$/m.exec(asked!)?.[1] ?? "";
    await world.mail(REQUEST, post(OWNER, { subject: `Re: ${subject}` }), { sender: OWNER });
    assertEquals(letter(world).to, BEA);
    assertEquals((await world.member(BEA))?.mode, "each");
    await world.directory.ask("directory.memberRemove", { list: LIST, address: BEA });
    await world.directory.ask("directory.listUpdate", { address: LIST, join: "closed" });
    const old = world.keys.token("subscribe", { list: LIST, member: BEA }, world.clock.wallMs());
    await world.mail(REQUEST, post(BEA, { subject: `confirm ${old}` }));
    assertStringIncludes(letter(world).text, "Only its owners add members");
    assertEquals(await world.member(BEA), null);
  }));

Deno.test("owners see who the members are, in a letter to themselves; others do not", () =>
  withLists(async (world) => {
    await world.join(BEA, "Carl@other.test");
    await world.mail(REQUEST, post(BEA, { subject: "who" }));
    const { text } = letter(world);
    assert(!text.includes("Carl"), text);
    await world.mail(REQUEST, post(OWNER, { subject: "WHO" }), { sender: "thief@other.test" });
    assertEquals(world.sent(), [], "whoever used the owner's name gets nothing");
    assertStringIncludes(world.letters()[0]!, "2 members:\r\n\r\n  bea@other.test\r\n  Carl@other.test\r\n");
  }));

Deno.test("what is no command gets help; programs, reports and lists get nothing", () =>
  withLists(async (world) => {
    await world.mail(REQUEST, post(BEA, { subject: "how does this work?" }));
    assertStringIncludes(letter(world).text, "  subscribe     to become a member\r\n");
    const heads = ["Auto-Submitted: auto-replied", "Precedence: bulk", "List-Id: <a.b>"];
    for (const head of heads) await world.mail(REQUEST, post(BEA, { subject: "help", head: `${head}\r\n` }));
    await world.mail(REQUEST, post(BEA, { subject: "help" }), { sender: "" });
    await world.mail(REQUEST, post(`${BEA}, x@other.test`, { subject: "help" }));
    assertEquals([world.sent(), world.waiting], [[], 0]);
  }));

Deno.test("an address is written to a few times in an hour and no more, whoever asks in its name", () =>
  withLists(async (world) => {
    for (let i = 0; i < LETTERS_MAX + 5; i++) {
      const subject = ["subscribe", "help", "unsubscribe", "confirm x"][i % 4]!;
      await world.mail(REQUEST, post(i % 2 === 0 ? BEA : "BEA@other.test", { subject }));
    }
    assertEquals(world.sent().length, LETTERS_MAX);
    await world.mail(REQUEST, post("ann@other.test", { subject: "help" }));
    assertEquals(letter(world).to, "ann@other.test");
    await world.pass(HOUR);
    await world.mail(REQUEST, post(BEA, { subject: "help" }));
    assertEquals(letter(world).to, BEA);
  }));

Deno.test("a list answers so many commands in an hour and no more, whatever names stand in them", () =>
  withLists(async (world) => {
    for (let i = 0; i < ANSWERS_MAX + 5; i++) {
      await world.mail(REQUEST, post(`v${i}@other.test`, { subject: "subscribe" }));
    }
    assertEquals(world.sent().length, ANSWERS_MAX);
    const token = world.keys.token("subscribe", { list: LIST, member: BEA }, world.clock.wallMs());
    await world.mail(REQUEST, post(BEA, { subject: `confirm ${token}` }));
    assertStringIncludes(letter(world).text, "is a member now");
  }));

Deno.test("nothing that a stranger writes as his name or subject ends a line of a letter", () =>
  withLists(async (world) => {
    await world.mail(REQUEST, post('"a\\\r\n Bcc: b@x.test" <bea@other.test>', { subject: "help\r\n\tBcc: c@x.test" }));
    const { text } = letter(world);
    assert(!/^Bcc/mi.test(text), text);
  }));

const BOUNCE_LIST: Partial<ListSettings> = { verp: true };

/** A report of another server about one recipient. */
function report(recipient: string, { status = "5.1.1", action = "failed" } = {}): string {
  return [
    "From: <mailer-daemon@mx.test>",
    "Auto-Submitted: auto-replied",
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
    "",
    "--b",
    "",
    "Sorry",
    "--b",
    "Content-Type: message/delivery-status",
    "",
    "Reporting-MTA: dns; mx.test",
    "",
    `Final-Recipient: rfc822; ${recipient}`,
    `Action: ${action}`,
    `Status: ${status}`,
    "",
    "--b--",
    "",
  ].join("\r\n");
}

Deno.test("what comes back to a member's own path counts for him, whoever the report names", () =>
  withLists(async (world) => {
    await world.join(BEA);
    const path = () => world.keys.memberPath(LIST, BEA, world.clock.wallMs())!;
    await world.mail(path(), report("forwarded@elsewhere.test"), { sender: "" });
    assertEquals((await world.member(BEA))?.bounceDays, 1);
    await world.pass(24 * HOUR);
    await world.mail(path(), "Subject: failure notice\r\n\r\nqmail here\r\n", { sender: "" });
    assertEquals((await world.member(BEA))?.bounceDays, 2);
  }, BOUNCE_LIST));

Deno.test("on the fifth day a member is suspended, and the owner is told once", () =>
  withLists(async (world) => {
    await world.join(BEA);
    for (let day = 1; day <= 5; day++) {
      await world.pass(24 * HOUR);
      const path = world.keys.bouncePath(LIST, world.clock.wallMs());
      for (let i = 0; i < 3; i++) await world.mail(path, report("BEA@other.test"), { sender: "" });
      assertEquals(world.letters().length, day === 5 ? 1 : 0, `day ${day}`);
    }
    assert((await world.member(BEA))?.suspendedAt !== null);
    assertStringIncludes(world.letters()[0]!, "Subject: cats@smith.test: a member is suspended\r\n");
    assertStringIncludes(world.letters()[0]!, "  bea@other.test\r\n");
  }));

Deno.test("delays, people on leave, mail against a rule and forged reports count for nobody", () =>
  withLists(async (world) => {
    await world.join(BEA);
    const now = world.clock.wallMs();
    const own = world.keys.memberPath(LIST, BEA, now)!;
    const common = world.keys.bouncePath(LIST, now);
    const away = "Auto-Submitted: auto-replied\r\nSubject: away\r\n\r\nI am on leave\r\n";
    const mails: readonly (readonly [to: string, text: string, sender: string])[] = [
      [own, report(BEA, { action: "delayed", status: "4.4.1" }), ""],
      [own, report(BEA, { status: "5.7.26" }), ""],
      [own, report(BEA, { status: "5.3.4" }), ""],
      [own, away, ""],
      [own, report(BEA), "person@other.test"],
      [common, away, ""],
      [common, report("stranger@other.test"), ""],
      ["cats-bounces@smith.test", report(BEA), ""],
      ["cats-bounces+bea=other.test@smith.test", report(BEA), ""],
      [own.replace("bea=", "ann="), report(BEA), ""],
      [common.replace("+", "+a"), report(BEA), ""],
    ];
    for (const [to, text, sender] of mails) {
      await world.mail(to, text, { sender });
      assertEquals((await world.member(BEA))?.bounceDays, 0, to);
    }
    assertEquals([world.sent(), world.letters(), world.waiting], [[], [], 0], "and nobody is answered");
  }));
