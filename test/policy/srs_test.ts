import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../../src/base/mod.ts";
import { type Address, type DomainName, formatAddress, parseMailbox } from "../../src/mail/mod.ts";
import { SenderRewriting, SRS_DAYS_MAX } from "../../src/policy/mod.ts";

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 5, 1);
const OURS = "smith.test" as DomainName;
const srs = new SenderRewriting(utf8("a secret of this server"));

function mailbox(text: string): Address {
  return parseMailbox(text, { utf8: true })!;
}

function local(address: string): string {
  return mailbox(address).local;
}

function back(address: string, wallMs = NOW): string | null {
  const found = srs.reverse(local(address), wallMs);
  return found === null ? null : formatAddress(found);
}

Deno.test("a forwarded sender is an address of ours that leads back", () => {
  const ours = srs.forward(mailbox("Ann.Other@origin.example"), OURS, NOW)!;
  assertMatch(ours, /^SRS0=[a-z2-7]{8}=[a-z2-7]{2}=origin\.example=Ann\.Other@smith\.test$/);
  assertEquals(back(ours), "Ann.Other@origin.example");
  assertEquals(back(ours.toLowerCase()), "ann.other@origin.example", "it may lose its case on the way");
});

Deno.test("it is good for some weeks and not longer, also over the end of the cycle", () => {
  for (const madeMs of [NOW, 1_023 * DAY, 2_047 * DAY]) {
    const ours = srs.forward(mailbox("ann@origin.example"), OURS, madeMs)!;
    assertEquals(back(ours, madeMs + SRS_DAYS_MAX * DAY), "ann@origin.example");
    assertEquals(back(ours, madeMs + (SRS_DAYS_MAX + 1) * DAY), null);
    assertEquals(back(ours, madeMs - DAY), null, "nor before it was made");
  }
});

Deno.test("what another server has rewritten leads back to that server, however long the chain", () => {
  const other = new SenderRewriting(utf8("another secret"));
  const third = new SenderRewriting(utf8("a third secret"));
  const once = other.forward(mailbox("ann@origin.example"), "first.example" as DomainName, NOW)!;
  const twice = third.forward(mailbox(once), "second.example" as DomainName, NOW)!;
  const ours = srs.forward(mailbox(twice), OURS, NOW)!;
  assertMatch(ours, /^SRS1=[a-z2-7]{8}=first\.example==[a-z2-7]{8}=[a-z2-7]{2}=origin\.example=ann@smith\.test$/);
  assertEquals(back(ours), once);
  assertEquals(formatAddress(other.reverse(local(once), NOW)!), "ann@origin.example");
});

Deno.test("the same sender has the same address on one day, however many came between, and another one on the next", () => {
  const own = new SenderRewriting(utf8("a secret of this server"));
  const forward = (sender: string, wallMs = NOW) => own.forward(mailbox(sender), OURS, wallMs)!;
  const first = forward("ann@origin.example");
  for (let i = 0; i < 2_500; i++) assertEquals(back(forward(`u${i}@origin.example`)), `u${i}@origin.example`);
  assertEquals(forward("ann@origin.example"), first);
  const next = forward("ann@origin.example", NOW + DAY);
  assert(next !== first);
  assertEquals(back(next, NOW + DAY), "ann@origin.example");
});

Deno.test("whatever is changed in it, it leads nowhere", () => {
  const made = local(srs.forward(mailbox("ann@origin.example"), OURS, NOW)!);
  fc.assert(
    fc.property(fc.nat(made.length - 1), fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz234567=.@"), (at, other) => {
      fc.pre(made[at]!.toLowerCase() !== other);
      const found = srs.reverse(made.slice(0, at) + other + made.slice(at + 1), NOW);
      assertEquals(found, null);
    }),
    { seed: 7, numRuns: 1_000 },
  );
  for (const text of ["", "SRS0", "SRS0=", "SRS0=abcdefgh=aa=origin.example=ann", "SRS1=abcdefgh=x==y", "ann"]) {
    assertEquals(srs.reverse(text, NOW), null, text);
  }
});

Deno.test("a sender that would become too long, or has no domain, stays as it is", () => {
  assertEquals(srs.forward(mailbox(`${"a".repeat(40)}@origin.example`), OURS, NOW), null);
  assertEquals(srs.forward(mailbox("ann@[127.0.0.1]"), OURS, NOW), null);
  const longest = srs.forward(mailbox(`${"a".repeat(32)}@origin.example`), OURS, NOW);
  assert(longest !== null && local(longest).length === 64);
});
