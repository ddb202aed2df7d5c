/** What lists send carries the signatures of their domain, verified here as a stranger would; without keys it goes as it is. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Failure, latin1, utf8 } from "../../../src/base/mod.ts";
import { verifyDkim } from "../../../src/policy/dkim/mod.ts";
import { readMessage } from "../../../src/policy/header/mod.ts";
import { unmarked } from "../../../src/policy/list/mod.ts";
import { dnsWith, ED25519, keyRecord, RSA } from "../../policy/support/signing.ts";
import { LIST, type ListWorld, OWNER, post, REQUEST, withLists } from "./list_world.ts";

const BEA = "bea@other.test";
const ANN = "ann@elsewhere.test";
const DAY = 86_400_000;

const DNS = dnsWith("", {
  "r._domainkey.smith.test": { txt: [keyRecord(RSA)] },
  "e._domainkey.smith.test": { txt: [keyRecord(ED25519)] },
});

/** Domain, algorithm and result of each signature. */
async function signatures(text: string, { clock }: ListWorld): Promise<string[]> {
  const nowSeconds = Math.floor(clock.wallMs() / 1_000);
  const { verdicts } = await verifyDkim(readMessage([utf8(text)]), { resolver: DNS, nowSeconds });
  return verdicts.map(({ domain, algorithm, result }) => `${domain} ${algorithm} ${result}`);
}

const SIGNED = ["smith.test rsa-sha256 pass", "smith.test ed25519-sha256 pass"];

/** Counts how often something is signed. */
function counted(world: ListWorld): string[] {
  const asked: string[] = [];
  world.beforeSign = (domain) => void asked.push(domain);
  return asked;
}

function notes(world: ListWorld): number {
  return world.log.filter((line) => line.includes("list mail not signed")).length;
}

Deno.test("a post is signed once for all its members, above the list's fields", () =>
  withLists(async (world) => {
    await world.sign("smith.test");
    await world.join(BEA, ANN, "carl@other.test", OWNER);
    const asked = counted(world);
    await world.mail(LIST, post("Bea <Bea@other.test>"));
    const texts = [...world.sent().map(({ text }) => text), ...world.letters().map(withoutReturnPath)];
    assertEquals([asked, texts.length], [["smith.test"], 3]);
    for (const text of texts) {
      assertMatch(text, /^DKIM-Signature: v=1; a=rsa-sha256; /);
      assertMatch(text, /:list-id:\s+list-unsubscribe:/);
      assert(text.endsWith("From: Bea <Bea@other.test>\r\nSubject: hello\r\n\r\nmeow\r\n"), text);
      assertEquals(await signatures(text, world), SIGNED);
    }
  }));

Deno.test("a post in many shares, or with a mail for each member, is signed once", () =>
  withLists(async (world) => {
    await world.sign("smith.test");
    await world.join(...Array.from({ length: 4_100 }, (_, i) => `u${i}@other.test`));
    const asked = counted(world);
    await world.mail(LIST, post(BEA));
    assert(world.sent().length > 1);
    assertEquals(asked, ["smith.test"]);
    await world.directory.ask("directory.listUpdate", { address: LIST, verp: true });
    await world.mail(LIST, post(BEA));
    assertEquals(asked.length, 2);
  }, { post: "anybody" }));

Deno.test("the address at which a member leaves is put in below the signatures and breaks none", () =>
  withLists(async (world) => {
    await world.sign("smith.test");
    await world.join(BEA, ANN);
    const asked = counted(world);
    // As many fields as are signed: what names the member stands far down.
    const names = [
      "In-Reply-To",
      "References",
      "Cc",
      "Content-ID",
      "Content-Description",
      "Resent-From",
      "Resent-Date",
    ];
    const head = names.map((name) => `${name}: x\r\n`.repeat(25)).join("");
    await world.mail(LIST, post(BEA, { head, body: "List-Unsubscribe: <https://x/{member}>\r\n" }));
    const texts = world.sent().map(({ text }) => text);
    assertEquals(asked, ["smith.test"]);
    const paths = texts.map((text) => /^List-Unsubscribe: <https:\/\/smith\.test\/u\/([^{}>]+)>,\r$/m.exec(text)?.[1]);
    assert(paths.every((path) => path !== undefined), texts[0]);
    assertEquals(new Set(paths).size, 2);
    for (const text of texts) {
      assert(text.endsWith("\r\n\r\nList-Unsubscribe: <https://x/{member}>\r\n"), "the body is as it came");
      assertEquals(await signatures(text, world), SIGNED);
    }
  }, { verp: true, unsubscribeUrl: "https://smith.test/u/" }));

Deno.test("what is put in for each member is not signed, and nothing else is left out", () => {
  const marked = "List-Unsubscribe: <https://x/{member}>,\r\n\t<mailto:x>\r\n";
  const rest = ["List-Id: <l>\r\n", "Subject: {member}\r\n\r\n{member}\r\n"] as const;
  const bytes = (parts: readonly Uint8Array[]) => parts.map(latin1).join("");
  assertEquals(bytes(unmarked([utf8(rest[0] + marked + rest[1])])), rest.join(""));
  const plain = [utf8(rest[0] + "List-Unsubscribe: <mailto:x>\r\n" + rest[1])];
  assertEquals(unmarked(plain), plain);
});

Deno.test("letters, digests and notices to moderators are signed; what only waits in the queue is not", () =>
  withLists(async (world) => {
    await world.sign("smith.test");
    await world.directory.ask("directory.memberPut", { list: LIST, address: ANN, mode: "digest" });
    const asked = counted(world);
    await world.mail(REQUEST, post(BEA, { subject: "subscribe" }));
    const [letter] = world.sent();
    assertStringIncludes(letter!.text, "\r\nSubject: confirm ");
    assertEquals([asked.length, await signatures(letter!.text, world)], [1, SIGNED]);
    await world.mail(LIST, post(OWNER), { sender: OWNER });
    assertEquals(asked.length, 1, "kept for the digest");
    await world.mail(LIST, post("stranger@other.test"));
    const [notice] = world.letters();
    assertStringIncludes(notice!, "\r\nSubject: accept ");
    assertEquals([asked.length, await signatures(withoutReturnPath(notice!), world)], [2, SIGNED]);
    await world.pass(DAY - world.clock.wallMs() % DAY + 601_000);
    for (let i = 0; i < 6; i++) await world.pass(1_500);
    const digest = world.sent().find(({ to }) => to[0] === ANN)!;
    assertStringIncludes(digest.text, "\r\nContent-Type: multipart/digest; ");
    assertEquals([asked.length, await signatures(digest.text, world)], [3, SIGNED]);
  }, { others: "hold" }));

Deno.test("without keys of its domain a list's mail is not signed; those of a domain above it will do", () =>
  withLists(async (world) => {
    await world.join(ANN);
    const asked = counted(world);
    await world.mail(LIST, post(OWNER), { sender: OWNER });
    assertMatch(world.sent()[0]!.text, /^List-Id: /);
    assertEquals([asked, notes(world)], [[], 0]);
    assertEquals((await world.directory.ask("directory.listGet", { address: LIST })).signer, null);
    await world.directory.ask("directory.domainAdd", { name: "lists.smith.test" });
    await world.directory.ask("directory.listAdd", { address: "dogs@lists.smith.test", owners: [OWNER] });
    await world.sign("smith.test");
    const { signer } = await world.directory.ask("directory.listGet", { address: "dogs@lists.smith.test" });
    assertEquals(signer, { domain: "smith.test", selectors: ["e", "r"] });
  }));

Deno.test("when signatures cannot be had, mail goes out unsigned", () =>
  withLists(async (world) => {
    await world.sign("smith.test");
    await world.join(ANN);
    world.beforeSign = () => {
      throw new Failure("deadline", "nobody signs");
    };
    await world.mail(LIST, post(OWNER), { sender: OWNER });
    await world.mail(REQUEST, post(BEA, { subject: "help" }));
    const texts = world.sent().map(({ text }) => text);
    assertEquals(texts.map((text) => text.startsWith("List-Id: ")), [true, true]);
    assertEquals([notes(world), world.waiting], [2, 0]);
  }));

Deno.test("asked again after a failure, what was sent signed is not sent again unsigned, nor the other way round", () =>
  withLists(async (world) => {
    await world.sign("smith.test");
    await world.join(ANN, "dan@daily.test");
    await world.directory.ask("directory.memberPut", { list: LIST, address: "dan@daily.test", mode: "digest" });
    let isSigned = false;
    let losses = 2;
    world.beforeSign = () => {
      isSigned = !isSigned;
      if (!isSigned) throw new Failure("down", "nobody signs");
    };
    // The queue has the mail, and the list actor does not know.
    world.afterEnqueue = () => {
      if (losses-- > 0) throw new Failure("down", "lost");
    };
    await world.mail(LIST, post(OWNER), { sender: OWNER });
    for (let i = 0; i < 20; i++) await world.pass(1_000);
    const sent = world.sent().filter(({ to }) => to[0] === ANN);
    assertEquals([sent.length, losses < 0, notes(world)], [1, true, 1]);
    assertEquals(await signatures(sent[0]!.text, world), SIGNED);
  }));

/** A mailbox has its own field above the mail. */
function withoutReturnPath(text: string): string {
  return text.replace(/^Return-Path: .*\r\n/, "");
}
