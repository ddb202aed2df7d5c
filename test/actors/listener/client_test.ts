import { assert, assertEquals, assertMatch } from "@std/assert";
import { ACCOUNT, type Client, FakeListener } from "./fronts.ts";

const RCPT = "RCPT TO:<john@smith.test>";
const DELIVERED = { type: "delivered", uids: [] };
const MAIL = ["MAIL FROM:<john@smith.test>", RCPT, "DATA", "Subject: x", "", "x", "."];

function account({ front }: Client): string | null {
  return front.view().account;
}

async function loggedIn(listener: FakeListener, address: string): Promise<Client> {
  const client = listener.connect("submission", { address });
  client.say("EHLO x", `AUTH PLAIN ${btoa("\0john@smith.test\0x")}`);
  await listener.answer("directory.authenticate", { type: "accepted", account: ACCOUNT });
  assertMatch(client.told(), /^235 /);
  assertEquals(account(client), "john@smith.test");
  return client;
}

Deno.test("mail that users submit is counted by their account, from wherever they come", async () => {
  const listener = new FakeListener({ messagesPerMinute: 1, accountMessagesPerHour: 2 }, { greylisting: true });
  for (const address of ["192.0.2.1", "192.0.2.1"]) {
    const client = await loggedIn(listener, address);
    client.say(...MAIL);
    await listener.answer("mailbox.deliver", DELIVERED);
    assertMatch(client.told(), /^250 2\.0\.0 /);
  }
  const elsewhere = await loggedIn(listener, "198.51.100.1");
  assertMatch(elsewhere.say(...MAIL.slice(0, 2)), /^250 [^\r]+\r\n450 4\.7\.1 Too much mail[^\r]+\r\n$/);
  assertEquals(listener.asked.size, 0, "no greylist is asked about users");
  const stranger = listener.connect("smtp", { address: "192.0.2.1" });
  assertEquals(stranger.say("EHLO x", "MAIL FROM:<a@there.test>", RCPT).includes("450"), false);
  await listener.answer("greylist.check", { passes: true });
  assertMatch(stranger.told(), /^250 2\.1\.5 /);
});

Deno.test("whose password is proven has not logged in before the exchange is over", async () => {
  const listener = new FakeListener();
  const client = listener.connect("submission");
  client.say("EHLO x", `AUTH SCRAM-SHA-256 ${btoa("n,,n=john@smith.test,r=abc")}`);
  await listener.answer("directory.scramStart", { salt: new Uint8Array(16), iterations: 4_096 });
  const nonce = /^r=([^,]+)/.exec(atob(client.told().slice(4)))![1]!;
  client.say(btoa(`c=biws,r=${nonce},p=${btoa(String.fromCharCode(...new Uint8Array(32)))}`));
  const proven = { type: "accepted", account: ACCOUNT, signature: new Uint8Array(32) };
  await listener.answer("directory.scramProof", proven);
  assertMatch(client.told(), /^334 /);
  assertEquals(account(client), null);
  assertMatch(client.say("*"), /^501 /);
  assertEquals(account(client), null);
});

Deno.test("a client that a proxy names is shown, and its own rates and bans hold", async () => {
  const listener = new FakeListener({ recipientsPerMinute: 2 }, { greylisting: true });
  const { admission, book } = listener;
  admission.onBan = () => book.dismissBanned((address) => admission.isBanned(address));
  const proxies = ["198.51.100.1", "198.51.100.2", "198.51.100.3"].map((address) => {
    const proxy = listener.connect("smtp", { address: "192.0.2.1", xclient: true });
    proxy.say("EHLO proxy", `XCLIENT ADDR=${address} PORT=2525`, "EHLO client", "MAIL FROM:<a@there.test>");
    assertEquals([proxy.front.address, proxy.front.view().remote], [address, `${address}:2525`]);
    return proxy;
  });
  for (const proxy of proxies) {
    for (const passes of [true, true]) {
      proxy.say(RCPT);
      await listener.answer("greylist.check", { passes });
      assertMatch(proxy.told(), /^250 2\.1\.5 /);
    }
    assertMatch(proxy.say(RCPT), /^450 4\.7\.1 /);
  }
  const ban = { until: null, reason: "", by: "operator", createdAt: "" } as const;
  admission.set("198.51.100.2/32", { ...ban, network: "198.51.100.2/32" });
  assertEquals(proxies.map(({ end }) => end), [null, "closed", null]);
  assertMatch(proxies[1]!.told(), /^421 4\.7\.1 /);
});

Deno.test("what a proxy does without a name for its client, or after it, is the proxy's own", async () => {
  const listener = new FakeListener({ messagesPerMinute: 1 });
  const direct = listener.connect("smtp");
  direct.say("EHLO x", ...MAIL);
  await listener.answer("mailbox.deliver", DELIVERED);
  const proxy = listener.connect("smtp", { xclient: true });
  proxy.say("EHLO proxy", "XCLIENT ADDR=198.51.100.1", "EHLO client", "MAIL FROM:<a@there.test>");
  assertMatch(proxy.say(RCPT), /^250 /);
  proxy.say("RSET", "XCLIENT ADDR=[UNAVAILABLE]", "EHLO client", "MAIL FROM:<a@there.test>");
  assertEquals(proxy.front.address, "192.0.2.1");
  assertMatch(proxy.say(RCPT), /^450 4\.7\.1 /);
});

Deno.test("a client that a proxy names is refused as if it had connected itself, the proxy is not", () => {
  const listener = new FakeListener({ connectionsPerMinute: 1 });
  const ban = { network: "198.51.100.9/32", until: null, reason: "", by: "operator", createdAt: "" } as const;
  listener.admission.set(ban.network, ban);
  const names = (address: string) => {
    const proxy = listener.connect("smtp", { xclient: true });
    proxy.say("EHLO proxy");
    return { answer: proxy.say(`XCLIENT ADDR=${address}`), proxy };
  };
  assertMatch(names("198.51.100.1").answer, /^220 /);
  for (const address of ["198.51.100.1", "198.51.100.9"]) {
    const { answer, proxy } = names(address);
    assertMatch(answer, /^421 4\.7\.[01] [^\r]+\r\n$/);
    assertEquals([proxy.end, proxy.gone], ["closed", true]);
  }
  const { refusedConnections } = listener.counters;
  assertEquals([refusedConnections.rate, refusedConnections.banned], [1, 1]);
  assertMatch(names("[UNAVAILABLE]").answer, /^220 /);
});

Deno.test("mail of those whom a proxy vouches for is counted by their account, until the client is another", async () => {
  const listener = new FakeListener({ messagesPerMinute: 1, accountMessagesPerHour: 1 });
  const proxy = listener.connect("submission", { address: "192.0.2.1", xclient: true });
  const login = (remote: string) => proxy.say(`XCLIENT ADDR=${remote} LOGIN=john@smith.test`, "EHLO x");
  assertMatch(login("198.51.100.1"), /^220 [^]*\r\n250 HELP\r\n$/);
  assertEquals([account(proxy), proxy.front.address], ["john@smith.test", "198.51.100.1"]);
  proxy.say(...MAIL);
  await listener.answer("mailbox.deliver", DELIVERED);
  assertMatch(proxy.told(), /^250 2\.0\.0 /);
  login("198.51.100.2");
  assertMatch(proxy.say(...MAIL), /450 4\.7\.1 Too much mail/);
  const said = proxy.say("RSET", "XCLIENT ADDR=198.51.100.3", "EHLO x");
  assertEquals(account(proxy), null, said);
  assertEquals([listener.counters.logins, listener.counters.failedLogins], [2, 0]);
});

Deno.test("a server that hands mail in by LMTP meets no rates and no greylist", async () => {
  const rates = { messagesPerMinute: 1, recipientsPerMinute: 1, errorsPerMinute: 1 };
  const listener = new FakeListener(rates, { greylisting: true });
  const client = listener.connect("lmtp", { xclient: true });
  client.say("LHLO x", "XCLIENT ADDR=198.51.100.1", "LHLO x");
  assertEquals([client.front.address, listener.counters.dismissed.errors], ["192.0.2.1", 0]);
  for (let i = 0; i < 3; i++) {
    assertMatch(client.say("X", "X", "X"), /^(500 5\.5\.1 [^\r]+\r\n){3}$/);
    client.say("MAIL FROM:<a@there.test>", RCPT, RCPT, "DATA", "Subject: x", "", "x", ".");
    await listener.answer("mailbox.deliver", DELIVERED);
    assertMatch(client.told(), /^(250 2\.0\.0 [^\r]+\r\n){2}$/);
  }
  assert(client.end === null);
});

Deno.test("a password that is tried through a proxy counts for the client that the proxy names", async () => {
  const listener = new FakeListener();
  const proxy = listener.connect("submission", { address: "192.0.2.1", xclient: true });
  proxy.say("XCLIENT ADDR=198.51.100.9", "EHLO x", `AUTH PLAIN ${btoa("\0john@smith.test\0x")}`);
  const { remote } = listener.requests.get("directory.authenticate") as { remote: string };
  assertEquals(remote, "198.51.100.9");
  await listener.answer("directory.authenticate", { type: "refused" });
});

Deno.test("a proxy vouches for one account: not for an alias of several, a list, or one that leads elsewhere", () => {
  const listener = new FakeListener();
  const local = { type: "local", accounts: [ACCOUNT], forwards: [], lists: [], steps: [] } as const;
  const adopts = (over: Partial<Extract<FakeListener["route"], { type: "local" }>>) => {
    listener.route = { ...local, ...over };
    const proxy = listener.connect("submission", { xclient: true });
    const said = proxy.say("XCLIENT ADDR=198.51.100.9 LOGIN=team@smith.test");
    return [account(proxy), /\r\n(\d+)/.exec(said)?.[1]];
  };
  assertEquals(adopts({}), ["john@smith.test", "220"]);
  assertEquals(adopts({ accounts: [ACCOUNT, ACCOUNT] }), [null, "550"]);
  assertEquals(adopts({ accounts: [] }), [null, "550"]);
  assertEquals(adopts({ forwards: ["x@there.test"] }), [null, "550"]);
  listener.route = { type: "relayDenied", steps: [] };
  assertMatch(
    listener.connect("submission", { xclient: true }).say("XCLIENT ADDR=198.51.100.9 LOGIN=team@smith.test"),
    /550 /,
  );
});

Deno.test("a proxy in a network that is not judged names clients that are", async () => {
  const listener = new FakeListener({}, { lists: true, exempt: ["192.0.2.1"] });
  const proxy = listener.connect("smtp", { address: "192.0.2.1", xclient: true });
  proxy.say("EHLO x", "MAIL FROM:<a@there.test>", RCPT, "RSET");
  assertEquals(listener.asked.size, 0);
  proxy.say("XCLIENT ADDR=198.51.100.9", "EHLO x", "MAIL FROM:<a@there.test>", RCPT);
  assertEquals([...listener.asked.keys()], ["policy.listed"]);
  await listener.answer("policy.listed", null);
});

Deno.test("who has said UNAUTHENTICATE is nobody, until the next login, whose account it then is", async () => {
  const listener = new FakeListener();
  const client = listener.connect("imap");
  const logIn = async (address: string) => {
    client.say(`a LOGIN ${address} x`);
    await listener.answer("directory.authenticate", { type: "accepted", account: { ...ACCOUNT, address } });
  };
  await logIn("john@smith.test");
  assertEquals(account(client), "john@smith.test");
  assertMatch(client.say("b UNAUTHENTICATE"), /b OK /);
  assertEquals(account(client), null);
  await logIn("mary@smith.test");
  assertEquals(account(client), "mary@smith.test");
});
