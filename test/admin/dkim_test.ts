import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Exit } from "../../src/admin/mod.ts";
import { zoneLine } from "../../src/admin/methods/zone_line.ts";
import { fakeServer } from "./support.ts";
import { populated, type } from "./terminal.ts";

/** The text of a TXT record in a line of a zone file, as a name server reads it. */
function textOf(line: string): [name: string, strings: string[]] {
  const [, name, rest] = /^(\S+)\. 3600 IN TXT (.*)$/.exec(line)!;
  return [name!, [...rest!.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, string]) => string!.replace(/\\(.)/g, "$1"))];
}

Deno.test("a text is cut into strings of 255 octets at most, in parentheses when there are several", () => {
  assertEquals(zoneLine("s.example.test", 'a "b" \\'), 's.example.test. 3600 IN TXT "a \\"b\\" \\\\"');
  for (const length of [0, 1, 255, 256, 510, 511]) {
    const line = zoneLine("s.example.test", "x".repeat(length));
    const [, strings] = textOf(line);
    assertEquals([strings.join("").length, line.includes("( ")], [length, length > 255]);
    assert(strings.every((string) => string.length <= 255));
  }
});

Deno.test("keys are made, published, looked up, activated, replaced and removed, each step with the next one named", async () => {
  await using server = await populated();
  const rotated = await type(server, "dkim rotate smith.test");
  assertEquals([rotated.code, rotated.errors], [0, ""]);
  assertEquals(rotated.out[0], "publish these records:");
  assertStringIncludes(rotated.text, "dkim check smith.test");
  assertStringIncludes(rotated.text, "dkim activate smith.test");
  const again = await type(server, "dkim rotate smith.test");
  assertEquals(again.code, Exit.failed);
  assertStringIncludes(again.errors, "key 20260101-ed of smith.test waits to be activated");

  const early = await type(server, "dkim activate smith.test");
  assertEquals(early.code, Exit.failed);
  assertStringIncludes(early.errors, "20260101-rsa._domainkey.smith.test: not published");
  const missing = await type(server, "dkim check smith.test");
  assertEquals(missing.code, Exit.failed);
  assertStringIncludes(missing.text, "not published");

  const zone = (await type(server, "dkim txt smith.test")).out;
  assertEquals(zone, rotated.out.slice(1, 3));
  for (const line of zone) {
    const [name, strings] = textOf(line);
    server.zone!.set(name, strings.join(""));
  }
  const checked = await type(server, "dkim check smith.test");
  assertEquals(checked.code, Exit.done);
  assertMatch(checked.text, /20260101-rsa\._domainkey\.smith\.test +next +as it must be/);
  const activated = await type(server, "dkim activate smith.test");
  assertEquals(activated.out, ["20260101-ed is active", "20260101-rsa is active"]);
  assertEquals((await type(server, "dkim activate smith.test")).code, Exit.failed, "there is nothing to activate");

  assertEquals((await type(server, "dkim rotate smith.test")).code, 0);
  assertEquals((await type(server, "dkim activate smith.test --unchecked")).code, 0);
  const list = await type(server, "dkim list smith.test");
  assertEquals(list.out.slice(1).map((line) => line.split(/ +/).slice(1, 4)), [
    ["20260101-ed", "ed25519-sha256", "retired"],
    ["20260101-rsa", "rsa-sha256", "retired"],
    ["20260101b-ed", "ed25519-sha256", "active"],
    ["20260101b-rsa", "rsa-sha256", "active"],
  ]);
  // The old ones are still there, the new ones were never published.
  assertEquals((await type(server, "dkim check smith.test --json")).code, Exit.failed);
  assertEquals((await type(server, "dkim rm smith.test 20260101-rsa --yes")).code, 0);
  const removed = await type(server, "dkim rm smith.test 20260101-rsa --yes");
  assertStringIncludes(removed.errors, 'smith.test has no key "20260101-rsa"');
});

Deno.test("no answer, list or line of the log holds a secret key", async () => {
  await using server = await populated();
  const said: string[] = [];
  for (
    const line of [
      "dkim rotate smith.test --json",
      "dkim txt smith.test --json",
      "dkim check smith.test --json",
      "dkim activate smith.test --unchecked --json",
      "dkim list --json",
      "domain list --json",
      "dkim rm smith.test 20260101-ed --yes --json",
    ]
  ) said.push((await type(server, line)).text);
  const { directory } = server.context;
  const all = JSON.stringify([said, server.log, await directory.ask("directory.snapshot", null)]);
  assert(all.includes("20260101-rsa") && !/PRIVATE|"pem"|MIIEv/.test(all));
});

Deno.test("a dry run makes, activates and removes nothing, and removing the key that signs is asked for by name", async () => {
  await using server = await populated();
  const tried = await type(server, "dkim rotate smith.test --dry-run");
  assertEquals(tried.out, ["dry run, nothing was changed:", "two keys would be made"]);
  assertEquals((await type(server, "dkim list")).out, []);
  await type(server, "dkim rotate smith.test");
  assertEquals(
    (await type(server, "dkim activate smith.test --unchecked --dry-run")).out.at(-1),
    "20260101-rsa is active",
  );
  assertMatch((await type(server, "dkim list")).out[1]!, / next /);
  await type(server, "dkim activate smith.test --unchecked");
  const io = { canAsk: true };
  const { asked, code } = await type(server, "dkim rm smith.test 20260101-rsa", { answers: ["n"], io });
  assertEquals(asked, ["Remove key 20260101-rsa, which signs the mail of smith.test now? [y/N]"]);
  assertEquals(code, Exit.failed);
  assertEquals((await type(server, "dkim list")).out.length, 3);
});

Deno.test("what there is no key for, and a DNS that does not answer, are told apart", async () => {
  await using server = await fakeServer();
  for (const verb of ["rotate", "txt", "check", "activate", "list"]) {
    const { code, errors } = await type(server, `dkim ${verb} other.test`);
    assertEquals([code, errors.includes("there is no domain other.test")], [Exit.failed, true], verb);
  }
  await type(server, "domain add smith.test");
  for (const verb of ["txt", "check", "activate"]) {
    assertStringIncludes((await type(server, `dkim ${verb} smith.test`)).errors, "has no keys");
  }
  await type(server, "dkim rotate smith.test");
  server.zone = null;
  for (const verb of ["check", "activate"]) {
    const { code, errors } = await type(server, `dkim ${verb} smith.test`);
    assertEquals(code, Exit.tryLater, errors);
  }
});
