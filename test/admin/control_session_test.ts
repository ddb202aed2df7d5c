import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { utf8 } from "../../src/base/mod.ts";
import { IN_FLIGHT_MAX, REGISTRY } from "../../src/admin/mod.ts";
import { LINE_BYTES_MAX, LineFramer } from "../../src/admin/line_framer.ts";
import { Conversation, fakeServer, settle } from "./support.ts";

function request(id: number | string | undefined, method: string, params?: unknown): string {
  return `${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`;
}

Deno.test("requests are answered by line, by byte and pipelined, with the same answers", async () => {
  await using server = await fakeServer();
  const lines = [1, 2, 3].map((id) => request(id, "server.info")).join("");
  const whole = await new Conversation(server).ask(lines);
  assertEquals(whole.map(({ id }) => id), [1, 2, 3]);
  const bytewise = new Conversation(server);
  for (const byte of utf8(lines)) bytewise.session.data(new Uint8Array([byte]));
  await settle();
  assertEquals(bytewise.text.map((text) => JSON.parse(text)), whole);
});

Deno.test("rpc.discover lists every method with a schema that refuses unknown parameters", async () => {
  await using server = await fakeServer();
  const [answer] = await new Conversation(server).ask(request(1, "rpc.discover"));
  const { methods } = answer!.result as {
    methods: { name: string; params: Record<string, unknown>; summary: string }[];
  };
  assertEquals(methods.length, REGISTRY.methods.length);
  for (const { name, params, summary } of methods) {
    assertEquals(params["type"], "object", name);
    assertEquals(params["additionalProperties"], false, name);
    assert(summary.length > 5, name);
  }
  const due =
    "rpc.discover rpc.cancel server.info health reload drain stop config.get config.check domain.add domain.list " +
    "domain.update domain.rm account.add account.list account.rm account.disable account.enable account.passwd " +
    "account.quota account.show alias.add alias.rm alias.list address.resolve worker.list worker.restart actor.list " +
    "storage.verify appPassword.add appPassword.list appPassword.rm";
  for (const name of due.split(" ")) assert(methods.some((method) => method.name === name), name);
});

const WRONG: readonly (readonly [line: string, code: number, kind: string])[] = [
  ["{nonsense}", -32700, "parse_error"],
  ['{"jsonrpc":"2.0","id":1', -32700, "parse_error"],
  ["[]", -32600, "invalid_request"],
  ["[1]", -32600, "invalid_request"],
  ["{}", -32600, "invalid_request"],
  ['{"jsonrpc":"1.0","id":1,"method":"health"}', -32600, "invalid_request"],
  ['{"jsonrpc":"2.0","id":{},"method":"health"}', -32600, "invalid_request"],
  ['{"jsonrpc":"2.0","id":1,"method":7}', -32600, "invalid_request"],
  ['{"jsonrpc":"2.0","id":1,"method":"health","extra":1}', -32600, "invalid_request"],
  ['{"jsonrpc":"2.0","id":1,"method":"health","params":[1]}', -32602, "invalid_params"],
  ['{"jsonrpc":"2.0","id":1,"method":"health","params":{"x":1}}', -32602, "invalid_params"],
  ['{"jsonrpc":"2.0","id":1,"method":"no.such"}', -32601, "no_such_method"],
  ['{"jsonrpc":"2.0","id":1,"method":"__proto__"}', -32601, "no_such_method"],
  ['{"jsonrpc":"2.0","id":1,"method":"domain.add","params":{"name":7}}', -32602, "invalid_params"],
  ['{"jsonrpc":"2.0","id":1,"method":"account.show","params":{"address":"a@b.test"}}', -32000, "no_such_account"],
  ['{"jsonrpc":"2.0","id":1,"method":"worker.restart","params":{"name":"none"}}', -32000, "no_such_worker"],
];
for (const [line, code, kind] of WRONG) {
  Deno.test(`a wrong line costs one error and no more: ${line}`, async () => {
    await using server = await fakeServer();
    const conversation = new Conversation(server);
    const answers = (await conversation.ask(`${line}\n${request(2, "server.info")}`)).flat();
    const [error] = answers.filter((answer) => answer.error !== undefined);
    assertEquals([error!.error!.code, error!.error!.data.kind], [code, kind]);
    assert(answers.some(({ id, result }) => id === 2 && result !== undefined), "the next line is read as ever");
    assertEquals(conversation.closed, false);
  });
}

Deno.test("a batch is answered by one array, notifications by nothing", async () => {
  await using server = await fakeServer();
  const conversation = new Conversation(server);
  const one = { jsonrpc: "2.0", id: 1, method: "server.info" };
  const told = { jsonrpc: "2.0", method: "domain.add", params: { name: "told.test" } };
  const [batch] = await conversation.ask(`${JSON.stringify([one, told, 5])}\n`) as unknown as { id: unknown }[][];
  assertEquals(batch!.map(({ id }) => id), [null, 1]);
  assertEquals(await conversation.ask(`${JSON.stringify([told])}\n${JSON.stringify(told)}\n\n`), []);
  const [list] = await conversation.ask(request(2, "domain.list"));
  assertEquals((list!.result as { records: unknown[] }).records.length, 1);
});

Deno.test("a batch has a thousand requests at most", async () => {
  await using server = await fakeServer();
  const batch = (count: number) => `${JSON.stringify(new Array(count).fill({}))}\n`;
  const [whole] = await new Conversation(server).ask(batch(1_000)) as unknown as unknown[][];
  assertEquals(whole!.length, 1_000);
  const [refused] = await new Conversation(server).ask(batch(1_001));
  assertEquals([refused!.id, refused!.error?.message], [null, "more than 1000 requests"]);
});

Deno.test("a line of 1 MiB is read; one byte more is refused, and a gigabyte costs no memory", async () => {
  await using server = await fakeServer();
  const fill = (bytes: number) => {
    const [head, tail] = ['{"jsonrpc":"2.0","id":1,"method":"', '"}\n'];
    return head + "x".repeat(bytes - head.length - tail.length) + tail;
  };
  const [fits] = await new Conversation(server).ask(fill(LINE_BYTES_MAX));
  assertEquals(fits!.error!.code, -32601);
  const over = new Conversation(server);
  const [refused] = await over.ask(fill(LINE_BYTES_MAX + 1));
  assertEquals([refused!.error!.code, over.closed], [-32700, true]);

  const endless = new Conversation(server);
  const chunk = new Uint8Array(65_536).fill(0x78);
  endless.send("{");
  const before = Deno.memoryUsage().rss;
  for (let i = 0; i < 16_384; i++) endless.session.data(chunk);
  await settle();
  assertLess(Deno.memoryUsage().rss - before, 64 * 1_048_576);
  assertEquals(endless.text.length, 1);
  assert(endless.closed);
});

Deno.test("the framer holds no more than a line and says when one is no UTF-8", () => {
  const framer = new LineFramer(8);
  assertEquals(framer.push(utf8("1234567\n\n")), [{ type: "line", text: "1234567" }, { type: "line", text: "" }]);
  assertEquals(framer.push(new Uint8Array([0xff, 0x0a])), [{ type: "notUtf8" }]);
  assertEquals(framer.push(utf8("12345678")), [{ type: "tooLong" }]);
  assertEquals(framer.push(utf8("\nx\n")), []);
});

Deno.test("a client that half-closes is answered in full, its last line too, and then let go", async () => {
  await using server = await fakeServer();
  const conversation = new Conversation(server);
  conversation.send(request(1, "server.info") + request(2, "health").trimEnd());
  conversation.session.end();
  await settle();
  assertEquals(conversation.text.map((text) => JSON.parse(text).id).sort(), [1, 2]);
  assert(conversation.closed);
});

Deno.test("64 requests are under way at a time; the others wait and the socket is not read meanwhile", async () => {
  await using server = await fakeServer();
  const gate = Promise.withResolvers<void>();
  server.gate = gate.promise;
  const conversation = new Conversation(server);
  for (let id = 1; id <= IN_FLIGHT_MAX; id++) conversation.send(request(id, "storage.verify"));
  assertEquals(conversation.paused, false);
  conversation.send(request(99, "server.info"));
  await settle();
  assertEquals([conversation.paused, conversation.text.length], [true, 0]);
  gate.resolve();
  await settle();
  assertEquals([conversation.paused, conversation.text.length], [false, IN_FLIGHT_MAX + 1]);
});

Deno.test("verify streams its progress with the request's id, and can be cancelled", async () => {
  await using server = await fakeServer();
  const conversation = new Conversation(server);
  const messages = await conversation.ask(request("v", "storage.verify", { progress: true }));
  assertEquals(
    messages.slice(0, 4).map(({ params }) => params),
    [1, 2, 3, 4].map((done) => (
      { id: "v", done, of: 4, messages: 10 * done, problems: 0 }
    )),
  );
  assertEquals(messages[4]!.result, { done: true, messages: 40, problems: [], problemCount: 0 });
  assertEquals((await conversation.ask(request(1, "storage.verify"))).length, 1, "only when asked for");
  const gate = Promise.withResolvers<void>();
  server.gate = gate.promise;
  conversation.send(request("w", "storage.verify"));
  assertEquals((await conversation.ask(request(2, "rpc.cancel", { id: "w" })))[0]!.result, { cancelled: true });
  gate.resolve();
  await settle();
  const { id, error } = JSON.parse(conversation.text.at(-1)!);
  assertEquals([id, error.data.kind], ["w", "closed"]);
  assertEquals((await conversation.ask(request(3, "rpc.cancel", { id: "w" })))[0]!.result, { cancelled: false });
});

Deno.test("every write stands in the audit log with its reason, and no password does", async () => {
  await using server = await fakeServer();
  const conversation = new Conversation(server);
  await conversation.ask(request(1, "domain.add", { name: "smith.test", reason: "ticket 7\r\n\u001b[31m" }));
  const account = { address: "john@smith.test", password: "boxing match" };
  await conversation.ask(request(2, "account.add", { ...account, dryRun: true }));
  await conversation.ask(request(3, "account.add", account));
  await conversation.ask(request(4, "account.add", account));
  await conversation.ask(request(5, "account.list"));
  const audit = server.log.map((line) => JSON.parse(line)).filter(({ event }) => event === "audit");
  assertEquals(audit.map(({ method, result, dryRun }) => `${method} ${result} ${dryRun}`), [
    "domain.add done false",
    "account.add done true",
    "account.add done false",
    "account.add exists false",
  ]);
  const text = server.log.join("\n");
  assert(!text.includes("boxing match"));
  assert(!text.includes("\u001b") && !text.includes("\r"), "nothing in a log line moves a cursor");
});

Deno.test("both spellings of removal are served, and an update by name of what changes", async () => {
  await using server = await fakeServer();
  const conversation = new Conversation(server);
  const steps: [string, Record<string, unknown>][] = [
    ["domain.add", { name: "smith.test" }],
    ["account.add", { address: "john@smith.test", password: "x", quotaBytes: 1_000 }],
    ["account.update", { address: "john@smith.test", quotaBytes: 5_000, disabled: true }],
    ["alias.add", { address: "j@smith.test", targets: ["john@smith.test"] }],
    ["alias.remove", { address: "j@smith.test" }],
    ["account.remove", { address: "john@smith.test" }],
    ["domain.rm", { name: "smith.test" }],
  ];
  for (const [method, params] of steps) {
    const [answer] = await conversation.ask(request(1, method, params));
    assertEquals(answer!.error, undefined, method);
    if (method === "account.update") {
      const { quotaBytes, disabled } = answer!.result as { quotaBytes: number; disabled: boolean };
      assertEquals([quotaBytes, disabled], [5_000, true]);
    }
  }
});

/** Sends raw HTTP and gives status, headers and body. */
async function http(server: Awaited<ReturnType<typeof fakeServer>>, text: string) {
  const conversation = new Conversation(server);
  conversation.send(text);
  await settle();
  const [head = "", body = ""] = conversation.text.join("").split("\r\n\r\n");
  return { status: Number(head.split(" ")[1]), head, body, closed: conversation.closed };
}

Deno.test("the same socket speaks HTTP: rpc, healthz and metrics", async () => {
  await using server = await fakeServer();
  const body = request(1, "server.info").trimEnd();
  const rpc = await http(server, `POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  assertEquals([rpc.status, rpc.closed, JSON.parse(rpc.body).id], [200, true, 1]);
  const health = await http(server, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  assertEquals([health.status, JSON.parse(health.body).status], [200, "ok"]);
  const metrics = await http(server, "GET /metrics?x=1 HTTP/1.1\nHost: x\n\n");
  assertEquals(metrics.status, 200);
  assertStringIncludes(metrics.body, 'stagepost_build_info{version="0.1.0"} 1\n');
  assertStringIncludes(metrics.body, 'stagepost_worker_restarts_total{worker="mailbox-0"} 2\n');
  assertStringIncludes(metrics.body, 'stagepost_inbox_depth{actor="domain"} 0\n');
  assert(!metrics.body.includes("smith"), "no label holds an address");
});

const BAD_HTTP: readonly (readonly [text: string, status: number])[] = [
  ["garbage\r\n", 400],
  ["\u0000\u0001\u0002", 400],
  ["get / http/1.1\r\n\r\n", 400],
  ["GET /nothing HTTP/1.1\r\n\r\n", 404],
  ["GET /rpc HTTP/1.1\r\n\r\n", 405],
  ["GET /__proto__ HTTP/1.1\r\n\r\n", 404],
  ["POST /rpc HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n", 413],
  ["POST /rpc HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501],
  ["POST /rpc HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400],
  [`GET / HTTP/1.1\r\nX: ${"x".repeat(20_000)}`, 431],
];
for (const [text, status] of BAD_HTTP) {
  Deno.test(`HTTP is refused with ${status}: ${JSON.stringify(text.slice(0, 60))}`, async () => {
    await using server = await fakeServer();
    const answer = await http(server, text);
    assertEquals([answer.status, answer.closed], [status, true]);
  });
}
