import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { isOthers, type MailboxName, othersName, parseMailboxName, readOthersName } from "../../src/mail/mod.ts";

const SEED = 2_342;

Deno.test("what lies in the namespace of other users is known by its first level", () => {
  assertEquals(["Other Users", "Other Users/a@b/INBOX", "Other Users/x"].map(isOthers), [true, true, true]);
  assertEquals(["Other Usersx", "other users", "INBOX/Other Users", "Other"].map(isOthers), [
    false,
    false,
    false,
    false,
  ]);
});

Deno.test("a name reads as each address and mailbox it can mean, an address being whatever has an @", () => {
  const read = (name: string) =>
    [...readOthersName(parseMailboxName(name)!)].map(({ address, name }) => [address, name]);
  assertEquals(read("Other Users"), []);
  assertEquals(read("Other Users/a@b.test"), []);
  assertEquals(read("Other Users/nobody/INBOX"), []);
  assertEquals(read("Other Users/a@b.test/inbox/X"), [["a@b.test", "INBOX/X"]]);
  assertEquals(read("Other Users/a/b@c.test/x"), [["a/b@c.test", "x"]]);
  assertEquals(read("Other Users/a@b/c@d/x"), [["a@b", "c@d/x"], ["a@b/c@d", "x"]]);
});

Deno.test("a mailbox is found again by the name under which others see it", () => {
  const part = fc.stringMatching(/^[a-zA-Z0-9@.+/ -]{1,20}$/);
  fc.assert(
    fc.property(part, part, (local, text) => {
      const name = parseMailboxName(text);
      const shown = name === null ? null : othersName(`${local}@b.test`, name);
      if (shown === null) return;
      const found = [...readOthersName(shown)].some((each) => each.address === `${local}@b.test` && each.name === name);
      assertEquals(found, true, shown);
    }),
    { seed: SEED, numRuns: 500 },
  );
});

Deno.test("what cannot be a name is seen by nobody", () => {
  assertEquals(othersName("a*b@c.test", "INBOX" as MailboxName), null);
  assertEquals(othersName("a//b@c.test", "INBOX" as MailboxName), null);
  assertEquals(othersName(`${"x".repeat(200)}@c.test`, "y".repeat(300) as MailboxName), null);
});
