import { assertEquals } from "@std/assert";
import { leadsTo } from "../../../src/actors/listener/recipients.ts";
import { FakeClock, utf8 } from "../../../src/base/mod.ts";
import { type Address, type DomainName, parseMailbox } from "../../../src/mail/mod.ts";
import type { RouteVerdict } from "../../../src/messages/mod.ts";
import { SenderRewriting } from "../../../src/policy/mod.ts";

const clock = new FakeClock();
const srs = new SenderRewriting(utf8("a secret of this server"));
const OURS = "smith.test" as DomainName;

function mailbox(text: string): Address {
  return parseMailbox(text, { utf8: true })!;
}

/** Mail for smith.test is ours and its only user is john; all else is elsewhere. */
const routes = {
  resolve({ local, domain }: Address): RouteVerdict {
    if (domain !== OURS) return { type: "relayDenied", steps: [] };
    if (local !== "john") return { type: "unknownUser", steps: [] };
    return { type: "local", accounts: [], forwards: ["john@home.test"], lists: [], steps: [] };
  },
  signer: () => null,
};

function leads(recipient: string, sender: string | null, mayRelay = false): string {
  const from = sender === null ? null : mailbox(sender);
  const found = leadsTo(mailbox(recipient), { sender: from, mayRelay }, { routes, srs, clock });
  return found.type === "accepted" ? found.forwards.map(({ address }) => address).join() : found.type;
}

Deno.test("mail for elsewhere is taken from those who may relay, and from nobody else (S13)", () => {
  assertEquals(leads("x@there.test", "a@here.test"), "relayDenied");
  assertEquals(leads("x@there.test", null), "relayDenied");
  assertEquals(leads("x@there.test", "a@here.test", true), "x@there.test");
});

Deno.test("a forwarded sender is led back for reports alone: it is no way to have mail relayed", () => {
  const rewritten = srs.forward(mailbox("x@there.test"), OURS, clock.wallMs())!;
  assertEquals(leads(rewritten, null), "x@there.test");
  assertEquals(leads(rewritten, "spam@here.test"), "unknownUser");
  assertEquals(leads(rewritten.replace("there.test", "else.test"), null), "unknownUser", "made up by somebody");
});
