import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type CommandIo, Exit, REGISTRY } from "../../src/admin/mod.ts";
import { parseBytes } from "../../src/admin/cli/arguments.ts";
import { commandsOf } from "../../src/admin/cli/verbs.ts";
import { Failure, utf8 } from "../../src/base/mod.ts";
import { NO_PARAMETERS } from "../../src/mail/mod.ts";
import { ConfigError } from "../../src/config/mod.ts";
import { ListKeys } from "../../src/policy/list/mod.ts";
import { type FakeServer, fakeServer, sessionRow } from "./support.ts";
import { populated, type } from "./terminal.ts";

/** A mail to two other servers, whose delivery worker is away. */
async function queued(server: FakeServer): Promise<void> {
  const envelope = { ...NO_PARAMETERS, id: "m1", sender: "john@smith.test", account: null };
  const recipients = ["ann@elsewhere.test", "bea@other.test"].map((address) => ({
    address,
    notify: null,
    orcpt: null,
  }));
  const parts = [utf8("Subject: hi\r\n\r\nho\r\n")];
  await server.context.queue.ask("queue.enqueue", { opId: "m1", envelope, recipients, parts });
}

/** Posts that wait for a moderator, as the list actor leaves them. */
async function held(server: FakeServer): Promise<void> {
  for (const id of ["h1", "h2", "h3"]) {
    const releaseAtMs = server.clock.wallMs() + 3_600_000;
    const envelope = { ...NO_PARAMETERS, id, sender: "", account: null, releaseAtMs };
    const recipients = [{ address: "cats+held-abcdefghijklmnop@smith.test", notify: null, orcpt: null }];
    const parts = [utf8("Subject: hi\r\n\r\nho\r\n")];
    await server.context.queue.ask("queue.enqueue", { opId: id, envelope, recipients, parts });
  }
}

Deno.test("only held posts are decided on, not any mail of the queue", async () => {
  await using server = await populated();
  await queued(server);
  for (const verb of ["accept", "reject", "discard"]) {
    const { code, errors } = await type(server, `list ${verb} m1`);
    assertEquals([code, errors.includes("no post m1 waits for a moderator")], [1, true], errors);
  }
  assertStringIncludes((await type(server, "queue summary")).text, "2 items");
});

Deno.test("every verb of the registry runs, and says what it did", async () => {
  await using server = await populated();
  await queued(server);
  await held(server);
  const named = { list: "cats@smith.test", member: "bea@other.test" };
  const leaving = new ListKeys(new Uint8Array(32)).leavePath(named, server.clock.wallMs());
  const lines: readonly (readonly [line: string, says: string])[] = [
    ["status", "mail.smith.test: ok, up 0s, version 0.1.0"],
    ["domain list", "bob.test"],
    ["domain disable bob.test", "domain bob.test is disabled"],
    ["domain enable bob.test", "domain bob.test is enabled"],
    ["domain catch-all bob.test billy@bob.test", "mail for unknown users of bob.test goes to billy@bob.test"],
    ["domain catch-all bob.test", "bob.test refuses mail for unknown users"],
    ["account list", "john@smith.test"],
    ["account list --domain bob.test", "billy@bob.test"],
    ["account show john@smith.test", "3 messages, 4.0 KiB of unlimited"],
    ["account quota john@smith.test 500M", "the quota of john@smith.test is 500 MiB"],
    [
      "account quota john@smith.test 1G --quota-messages 9000",
      "the quota of john@smith.test is 1.0 GiB and 9000 messages",
    ],
    ["account show john@smith.test", "3 messages, 4.0 KiB of 1.0 GiB and 9000 messages"],
    ["account list", "1.0 GiB and 9000 messages"],
    ["account quota john@smith.test 0", "the quota of john@smith.test is 9000 messages"],
    ["account quota john@smith.test 0 --quota-messages 0", "the quota of john@smith.test is unlimited"],
    ["account app-password add john@smith.test phone smtp pop3", " (it is not shown again)"],
    ["account app-password list john@smith.test", "smtp, pop3"],
    ["account disable john@smith.test", "account john@smith.test is disabled"],
    ["account enable john@smith.test", "account john@smith.test is enabled"],
    [
      "alias add all@smith.test john@smith.test billy@bob.test",
      "all@smith.test goes to john@smith.test, billy@bob.test",
    ],
    ["alias list", "all@smith.test"],
    ["resolve all@smith.example", "goes to john@smith.test, billy@bob.test"],
    ["resolve x@elsewhere.test", "refused: not a domain of this server (550 5.7.1)"],
    ["alias rm all@smith.test --yes", "alias all@smith.test is removed"],
    ["who", "192.0.2.1:40000"],
    ["kick ab1", "session ab1 is ended"],
    ["ban add 192.0.2.9/24 --for 2h --reason spam", "192.0.2.0/24 is banned until 2026-01-01T02:00:00Z"],
    ["ban list", "192.0.2.0/24"],
    ["ban rm 192.0.2.0/24", "192.0.2.0/24 may connect again"],
    [
      "alias add away@smith.test john@smith.test John@elsewhere.test",
      "away@smith.test goes to john@smith.test, John@elsewhere.test",
    ],
    ["resolve away@smith.test", "goes to john@smith.test, John@elsewhere.test (elsewhere)"],
    ["dkim rotate smith.test", '20260101-rsa._domainkey.smith.test. 3600 IN TXT ( "v=DKIM1; k=rsa; p='],
    ["dkim txt smith.test", '20260101-ed._domainkey.smith.test. 3600 IN TXT "v=DKIM1; k=ed25519; p='],
    ["dkim activate smith.test --unchecked", "20260101-rsa is active"],
    ["dkim list", "20260101-ed"],
    ["dkim rm smith.test 20260101-ed --yes", "key 20260101-ed is removed"],
    [
      "list add cats@smith.test john@smith.test --title Cats --post anybody",
      "cats@smith.test is a list of john@smith.test",
    ],
    ["list list", "cats@smith.test"],
    ["list set cats@smith.test --verp on --max-bytes 2M --join confirm", "largest mail: 2.0 MiB"],
    ["list show cats@smith.test", "reverse-path for each member: on"],
    ["list owners cats@smith.test john@smith.test me@elsewhere.test", "a list of john@smith.test, me@elsewhere.test"],
    ["list moderators cats@smith.test billy@bob.test", "cats@smith.test: billy@bob.test"],
    ["list moderators cats@smith.test", "cats@smith.test has no moderators"],
    ["list member add cats@smith.test Ann@elsewhere.test", "Ann@elsewhere.test is a member"],
    ["list member add cats@smith.test bea@other.test --mode none", "bea@other.test is a member and gets no mail"],
    ["list member list cats@smith.test", "Ann@elsewhere.test"],
    ["resolve cats@smith.test", "goes to the list cats@smith.test"],
    [`list unsubscribe ${leaving}`, "bea@other.test is no member of cats@smith.test any more"],
    ["list member rm cats@smith.test ann@ELSEWHERE.test", "Ann@elsewhere.test is no member any more"],
    ["list held cats@smith.test", "h1"],
    ["list accept h1", "post h1 is accepted"],
    ["list reject h2", "post h2 is sent back"],
    ["list discard h3", "post h3 is dropped"],
    ["queue delete h1 --yes", "1 item is deleted"],
    ["list rm cats@smith.test --yes", "list cats@smith.test is removed"],
    ["queue list", "ann@elsewhere.test"],
    ["queue list --domain other.test", "bea@other.test"],
    ["queue show m1", "from john@smith.test to elsewhere.test"],
    ["trace m1", "mail m1: item 1 to elsewhere.test is"],
    ["queue summary", "2 items (19 B)"],
    ["queue shape", "elsewhere.test"],
    ["queue hold --sender john@smith.test", "2 items are held"],
    ["queue release m1", "2 items are released"],
    ["queue hold 2", "1 item is held"],
    ["queue release --all", "1 item is released"],
    ["queue retry --domain elsewhere.test", "1 item is due now"],
    ["queue flush", "2 items are due now"],
    ["queue suspend elsewhere.test --for 2h", "elsewhere.test is suspended"],
    ["queue summary", "elsewhere.test is suspended until 2026-01-01T02:00:0"],
    ["queue resume elsewhere.test", "elsewhere.test goes on"],
    ["queue delete --domain other.test --yes", "1 item is deleted"],
    ["queue bounce m1 --yes", "1 item is given up"],
    ["worker list", "mailbox-0"],
    ["worker restart mailbox-0", "mailbox-0 was started again"],
    ["actor list", "directory"],
    ["verify", "40 messages, all sound"],
    ["config show", '"hostname": "mail.smith.test"'],
    ["account rm john@smith.test --yes", "account john@smith.test is removed, and 3 messages"],
    ["domain rm smith.example --yes", "the domain is removed"],
    ["reload", "nothing to apply"],
    ["stop", "the server is stopping"],
  ];
  server.sessions = [sessionRow("ab1")];
  const seen = new Set<string>();
  for (const [line, says] of lines) {
    const { code, text, errors } = await type(server, line);
    assertEquals([code, errors], [0, ""], line);
    assertStringIncludes(text, says);
    seen.add(line);
  }
  assertEquals(server.deeds, ["kick ab1", "restart mailbox-0", "reload", "stop"]);
  for (const { words } of commandsOf(REGISTRY)) {
    const name = words.join(" ");
    const covered = [...seen].some((line) => line === name || line.startsWith(`${name} `)) || name === "domain add" ||
      ["account add", "account passwd", "account app-password rm", "dkim check"].includes(name);
    assert(covered, `${name} has no test`);
  }
});

Deno.test("a table lines up, and --json prints one record a line", async () => {
  await using server = await populated();
  const { out } = await type(server, "domain list");
  assertEquals(out, [
    "DOMAIN         STATE    CATCH-ALL  SAME AS",
    "bob.test       enabled  -          -",
    "smith.example  enabled  -          smith.test",
    "smith.test     enabled  -          -",
  ]);
  const json = await type(server, "domain list --json");
  assertEquals(json.out.map((line) => JSON.parse(line).name), ["bob.test", "smith.example", "smith.test"]);
  assertEquals((await type(server, "domain list --json --limit 1")).out.length, 1);
});

Deno.test("an app password is made, listed and removed, and stands nowhere but in the first answer", async () => {
  await using server = await populated();
  const add = await type(server, "account app-password add john@smith.test phone --expires-at 2030-01-31 --json");
  const { password, id, scopes, expiresAt } = JSON.parse(add.text);
  assertEquals([scopes, expiresAt], [["smtp", "pop3", "imap"], "2030-01-31T00:00:00.000Z"]);
  const list = await type(server, "account app-password list john@smith.test");
  assertStringIncludes(list.text, id);
  const removed = await type(server, `account app-password rm john@smith.test ${id} --yes`);
  assertEquals([removed.code, removed.text.trim()], [0, "the app password phone is removed"]);
  const again = await type(server, `account app-password rm john@smith.test ${id} --yes`);
  assertEquals(again.code, Exit.failed);
  assert(!(list.text + removed.text + server.log.join("\n")).includes(password), "it is not told again");
  const tried = await type(server, "account app-password add john@smith.test laptop --dry-run");
  assertStringIncludes(tried.text, "the app password can be made");
});

Deno.test("lists are followed to their end, page by page", async () => {
  await using server = await fakeServer();
  await type(server, "domain add many.test");
  const { directory } = server.context;
  for (let i = 0; i < 1_005; i++) {
    await directory.ask("directory.aliasAdd", { address: `a${i}@many.test`, targets: ["x@many.test"] });
  }
  assertEquals((await type(server, "alias list --json")).out.length, 1_005);
});

const USAGE: readonly (readonly [line: string, says: string])[] = [
  ["nonsense", "there is no verb nonsense"],
  ["domain add", "usage: stagepost domain add NAME"],
  ["domain add a.test b.test", "one word too many"],
  ["domain list --colour", "--colour"],
  ["domain list --quota-bytes 5", "domain list has no option --quota-bytes"],
  ["domain list --dry-run", "changes nothing"],
  ["domain list --limit many", "whole number"],
  ["account quota a@b.test lots", "is no size"],
  ["account add a@b.test", "--password-stdin"],
  ["domain add a.test --password-stdin", "takes no password"],
  ["rpc", "usage: stagepost rpc METHOD [JSON]"],
  ["rpc health {", "not JSON"],
  ['rpc health {"x":1}', "Unrecognized key"],
  ["help nonsense", "there is no verb nonsense"],
  ["start --json", "start takes --config, --data, --restored and --moved only"],
  ["start --restored --moved", "either put back from a copy or moved"],
];
for (const [line, says] of USAGE) {
  Deno.test(`wrong usage ends with 2: ${line}`, async () => {
    await using server = await fakeServer();
    const { code, errors } = await type(server, line);
    assertEquals(code, Exit.usage);
    assertStringIncludes(errors, says);
  });
}

Deno.test("without a server: exit 3, where it was looked for, and the next step", async () => {
  for (const line of ["", "status", "domain list"]) {
    const { code, errors } = await type(null, line);
    assertEquals(code, Exit.notRunning);
    assertEquals(errors, "the server is not running: nobody answers at elsewhere/control.sock\nNext: stagepost start");
  }
});

Deno.test("the socket is chosen by option, environment, data directory or config, in this order", async () => {
  const env = { STAGEPOST_SOCKET: "/from/env.sock" };
  const path = async (line: string, io: Partial<CommandIo> = {}) => (await type(null, line, { io })).paths[0];
  assertEquals(await path("status --socket /s.sock --data d", { env }), "/s.sock");
  assertEquals(await path("status --data d", { env }), "/from/env.sock");
  assertEquals(await path("status --data d"), "d/control.sock");
  assertEquals(await path("status --config c.json"), "elsewhere/control.sock");
  const none = () => Promise.reject(new ConfigError("cluster.config.ts", [{ path: "", message: "cannot be read" }]));
  assertEquals(await path("status", { loadConfig: none }), "data/control.sock");
  assertEquals((await type(null, "status --config bad.json")).code, Exit.badConfig);
});

Deno.test("without words: status and the next useful step", async () => {
  await using server = await fakeServer();
  assertStringIncludes((await type(server, "")).text, "Next: stagepost domain add example.org");
  await type(server, "domain add smith.test");
  assertStringIncludes((await type(server, "")).text, "Next: stagepost account add you@example.org");
});

Deno.test("start hands on --config, --data, --restored and --moved, demo takes none", async () => {
  const { started } = await type(null, "start --config c.ts --data d");
  assertEquals(started, [{ command: "start", file: "c.ts", dataDir: "d" }]);
  assertEquals((await type(null, "start --restored")).started, [{ command: "start", restored: true }]);
  assertEquals((await type(null, "start --moved")).started, [{ command: "start", moved: true }]);
  assertEquals((await type(null, "demo")).started, [{ command: "demo" }]);
  assertEquals((await type(null, "demo --data elsewhere")).code, Exit.usage);
});

Deno.test("check validates a file without a server: 0 or 78", async () => {
  assertEquals((await type(null, "check good.json")).code, Exit.done);
  const { code, errors } = await type(null, "check bad.json");
  assertEquals([code, errors], [Exit.badConfig, "bad.json: shards: too many"]);
});

Deno.test("destructive verbs say what would be lost and ask; only yes goes on", async () => {
  await using server = await populated();
  const line = "account rm john@smith.test";
  const io = { canAsk: true };
  for (const answer of ["", "n", null, "yess"]) {
    const { code, asked } = await type(server, line, { io, answers: [answer] });
    assertEquals([code, asked], [1, ["Remove account john@smith.test and its 3 messages? [y/N]"]]);
  }
  const noTerminal = await type(server, line);
  assertEquals(noTerminal.code, Exit.usage);
  assertStringIncludes(noTerminal.errors, "Give --yes");
  const dry = await type(server, `${line} --dry-run`);
  assertEquals([dry.code, dry.out[0]], [0, "dry run, nothing was changed:"]);
  assertStringIncludes((await type(server, "account list")).text, "john@smith.test");
  assertEquals((await type(server, line, { io, answers: ["Yes"] })).code, 0);
  assert(!(await type(server, "account list")).text.includes("john@smith.test"));
});

Deno.test("an account whose mail cannot be removed now stays, disabled, to be removed later", async () => {
  await using server = await populated();
  server.mailboxDown = true;
  assertEquals((await type(server, "account rm john@smith.test --yes")).code, Exit.tryLater);
  assertStringIncludes((await type(server, "account list")).text, "disabled");
  server.mailboxDown = false;
  const { code, text } = await type(server, "account rm john@smith.test --yes");
  assertEquals([code, text], [0, "account john@smith.test is removed, and 3 messages"]);
});

Deno.test("a password is asked for twice without echo, and never an argument", async () => {
  await using server = await populated();
  const io = { canAsk: true };
  const line = "account passwd john@smith.test";
  const { code, asked, text } = await type(server, line, { io, answers: ["new words", "new words"] });
  assertEquals([code, text], [0, "the password of john@smith.test is set"]);
  assertEquals(asked, ["Password:(hidden)", "Again:(hidden)"]);
  assertEquals((await type(server, line, { io, answers: ["one", "two"] })).code, Exit.usage);
  assertEquals((await type(server, line, { io, answers: [null] })).code, Exit.usage);
  assertEquals((await type(server, `${line} --password secret`, { io })).code, Exit.usage);
  for (const { options } of commandsOf(REGISTRY)) assert(!options.some(({ flag }) => flag === "password"));
});

Deno.test("failures of the server end with 1, or 75 when trying again may help", async () => {
  await using server = await populated();
  const exists = await type(server, "domain add smith.test");
  assertEquals([exists.code, exists.errors], [1, "domain smith.test exists already"]);
  const json = await type(server, "account show nobody@smith.test --json");
  assertEquals(JSON.parse(json.errors).error.data.kind, "no_such_account");
  server.damaged = true;
  const verify = await type(server, "verify");
  assertEquals(verify.code, 1);
  assertStringIncludes(verify.text, "shard 2, account id, mailbox 1, UID 7: the checksum is wrong");
  const busy: FakeServer = {
    ...server,
    context: { ...server.context, resolve: () => Promise.reject(new Failure("busy", "no answer yet")) },
  };
  assertEquals((await type(busy, "resolve a@b.test")).code, Exit.tryLater);
});

Deno.test("rpc calls any method and prints its answer and progress as JSON lines", async () => {
  await using server = await fakeServer();
  const { code, out } = await type(server, 'rpc storage.verify {"progress":true}');
  assertEquals([code, out.length], [0, 5]);
  assertEquals(JSON.parse(out[4]!).messages, 40);
});

Deno.test("what strangers chose never reaches the terminal as a control character", async () => {
  await using server = await fakeServer();
  const row = {
    name: "x\u001b[2J\n\u202e",
    state: "up",
    restarts: 0,
    startedAt: null,
    lastError: "\u0007\u009b",
  } as const;
  const evil: FakeServer = { ...server, context: { ...server.context, workers: () => [row] } };
  for (const line of ["worker list", "worker list --json", "rpc worker.list"]) {
    const { text } = await type(evil, line);
    // deno-lint-ignore no-control-regex -- that is what is looked for.
    assert(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(text), line);
  }
});

Deno.test("colours are for terminals that want them", async () => {
  await using server = await fakeServer();
  const shown = async (io: Partial<CommandIo>) =>
    (await type(server, "worker list", { io })).text.includes("\u001b[1m");
  assertEquals(await shown({}), false);
  assertEquals(await shown({ isTerminal: true }), true);
  assertEquals(await shown({ isTerminal: true, env: { NO_COLOR: "1" } }), false);
});

Deno.test("progress is shown on a terminal when something takes more than two seconds", async () => {
  await using server = await fakeServer();
  const bars: (string | null)[] = [];
  let now = 0;
  const io = { isTerminal: true, nowMs: () => now++ * 1_000, progress: (line: string | null) => void bars.push(line) };
  await type(server, "verify", { io });
  assertEquals(bars, ["[#######################-------] 3 of 4", "[##############################] 4 of 4", null]);
});

Deno.test("help lists every verb, one noun's, or one verb's options", async () => {
  const { text, code } = await type(null, "help");
  assertEquals(code, 0);
  for (const { verb } of commandsOf(REGISTRY)) assertStringIncludes(text, verb.usage);
  const alias = await type(null, "help alias");
  assert(alias.text.includes("alias rm ADDRESS") && !alias.text.includes("domain"));
  assertStringIncludes((await type(null, "account add --help")).text, "--quota-bytes");
  assertEquals((await type(null, "account")).code, Exit.usage);
  assertEquals((await type(null, "version")).text, "stagepost 0.1.0");
});

Deno.test("sizes are bytes or have a unit", () => {
  assertEquals(["0", "1024", "500M", "1.5GiB", "2kb", "1T"].map(parseBytes), [
    0,
    1_024,
    524_288_000,
    1_610_612_736,
    2_048,
    1_099_511_627_776,
  ]);
});
