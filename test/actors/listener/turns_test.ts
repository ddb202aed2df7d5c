import { assert, assertEquals, assertMatch } from "@std/assert";
import { TurnRules } from "../../../src/actors/listener/queue_turns.ts";
import { Failure } from "../../../src/base/mod.ts";
import { type DomainName, parseDomain } from "../../../src/mail/mod.ts";
import { FakeListener } from "./fronts.ts";

const RULES = [
  { networks: ["192.0.2.0/28"], accounts: [], domains: ["away.test", ".below.test"] },
  { networks: [], accounts: ["john@smith.test"], domains: ["*"] },
];
const node = (text: string) => ({
  domain: parseDomain(text.replace("@", "")) as DomainName,
  below: text.startsWith("@"),
});

Deno.test("networks and accounts may ask for the domains that the config gives them", () => {
  const rules = new TurnRules(RULES);
  const neighbour = { address: "192.0.2.1", user: null };
  const may = (text: string, client: { address: string | null; user: string | null } = neighbour) =>
    rules.mayTurn(client, node(text));
  for (const text of ["away.test", "x.below.test", "@x.below.test"]) assert(may(text), text);
  for (const text of ["@away.test", "x.away.test", "below.test", "@below.test", "xbelow.test", "other.test"]) {
    assert(!may(text), text);
  }
  for (const address of ["192.0.2.16", "2001:db8::1", null]) {
    assert(!rules.mayAsk({ address, user: null }));
    assert(!may("away.test", { address, user: "mary@smith.test" }));
    assert(may("@any.test", { address, user: "john@smith.test" }));
  }
  assertEquals([rules.isEmpty, new TurnRules([]).isEmpty], [false, true]);
});

Deno.test("a client in a network is offered ETRN, and is told what the queue answers", async () => {
  const listener = new FakeListener();
  listener.turns = RULES;
  const client = listener.connect("smtp", { address: "192.0.2.1" });
  assertMatch(client.say("EHLO away.test"), /^250-ETRN\r$/m);
  const answers = [
    [{ type: "counted", items: 2 }, /^253 /],
    [{ type: "counted", items: 0 }, /^251 /],
    [{ type: "pending" }, /^252 /],
    [{ type: "begun" }, /^250 /],
    [new Failure("busy", "the queue is being loaded"), /^458 /],
  ] as const;
  for (const [answer, reply] of answers) {
    assertEquals(client.say("ETRN away.test"), "");
    await listener.answer("queue.turn", answer instanceof Failure ? Promise.reject(answer) : answer);
    assertMatch(client.told(), reply);
  }
  assertMatch(client.say("ETRN other.test"), /^459 /);
  assertEquals(listener.asked.size, 0, "the queue is not asked for what is not theirs");
  const stranger = listener.connect("smtp", { address: "198.51.100.1" });
  assert(!stranger.say("EHLO x").includes("ETRN"));
  assertMatch(stranger.say("ETRN away.test"), /^459 /);
});

Deno.test("a client that a proxy names asks for itself, and in LMTP nobody does", () => {
  const listener = new FakeListener();
  listener.turns = RULES;
  const proxy = listener.connect("smtp", { address: "192.0.2.1", xclient: true });
  proxy.say("EHLO proxy", "XCLIENT ADDR=198.51.100.1");
  assert(!proxy.say("EHLO x").includes("250-ETRN"));
  proxy.say("XCLIENT ADDR=192.0.2.2");
  assert(proxy.say("EHLO x").includes("250-ETRN"));
  const lmtp = listener.connect("lmtp", { address: "192.0.2.1" });
  assert(!lmtp.say("LHLO x").includes("ETRN"));
  assertMatch(lmtp.say("ETRN away.test"), /^502 /);
});
