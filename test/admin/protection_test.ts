import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { REGISTRY } from "../../src/admin/mod.ts";
import { listenerMetrics } from "../../src/admin/listener_metrics.ts";
import { newCounters } from "../../src/actors/listener/counters.ts";
import type { BanRecord, SessionRow } from "../../src/messages/mod.ts";
import { Conversation, fakeServer, type Message, sessionRow } from "./support.ts";

/** Asks the control socket; the result, or the kind of the error. */
async function asking(): Promise<{
  server: Awaited<ReturnType<typeof fakeServer>>;
  ask: (method: string, params?: Record<string, unknown>) => Promise<unknown>;
}> {
  const server = await fakeServer();
  const conversation = new Conversation(server);
  const ask = async (method: string, params: Record<string, unknown> = {}) => {
    const [answer] = await conversation.ask(`${JSON.stringify({ jsonrpc: "2.0", id: 1, method, params })}\n`);
    const { result, error } = answer as Message;
    return error === undefined ? result : error.data.kind;
  };
  return { server, ask };
}

/** What the command line shows of a result. */
function shown(method: string, result: unknown): string {
  const show = REGISTRY.find(method)!.verbs[0]!.show!(result as never);
  return show.type === "lines" ? show.lines.join("\n") : show.rows.map((cells) => cells.join(" ")).join("\n");
}

Deno.test("a ban is given for a time or for good, with the reason that the audit log has too", async () => {
  const { server, ask } = await asking();
  await using _ = server;
  const banned = await ask("ban.add", { address: "192.0.2.9/24", for: "2h", reason: "spam" }) as BanRecord;
  assertEquals([banned.network, banned.reason], ["192.0.2.0/24", "spam"]);
  assertEquals(Date.parse(banned.until!) - server.clock.wallMs(), 7_200_000);
  assertEquals(shown("ban.add", banned), "192.0.2.0/24 is banned until 2026-01-01T02:00:00Z");
  assertStringIncludes(server.log.join("\n"), '"spam"');
  await ask("ban.add", { address: "2001:db8::/48" });
  const all = await ask("ban.list") as { records: BanRecord[] };
  assertEquals(shown("ban.list", all).split("\n"), [
    "192.0.2.0/24 2026-01-01T02:00:00 operator spam",
    "2001:db8::/48 for good operator ",
  ]);
  assertEquals(((await ask("ban.rm", { address: "192.0.2.0/24" })) as BanRecord).network, "192.0.2.0/24");
  assertEquals(await ask("ban.rm", { address: "192.0.2.0/24" }), "no_such_ban");
  assertEquals(((await ask("ban.list")) as { records: BanRecord[] }).records.length, 1);
});

Deno.test("durations and networks that mean nothing are refused, and a dry run bans nobody", async () => {
  const { server, ask } = await asking();
  await using _ = server;
  for (const text of ["2", "h", "2h30m", "-1h", "1.5h", "2y", " 2h", "9999999999d"]) {
    assertEquals(await ask("ban.add", { address: "192.0.2.1", for: text }), "invalid", text);
  }
  assertEquals(await ask("ban.add", { address: "example.org" }), "invalid");
  assertEquals(await ask("ban.add", {}), "invalid_params");
  await ask("ban.add", { address: "192.0.2.1", for: "90s", dryRun: true });
  assertEquals(((await ask("ban.list")) as { records: BanRecord[] }).records, []);
});

Deno.test("who lists the sessions, kick ends one of them", async () => {
  const { server, ask } = await asking();
  await using _ = server;
  server.sessions = [
    sessionRow("ab1"),
    sessionRow("ab2", { service: "pop3", account: "john@smith.test", tls: "TLSv1.3" }),
  ];
  const who = await ask("who") as { total: number; sessions: SessionRow[] };
  assertEquals([who.total, who.sessions.length], [2, 2]);
  assertEquals(shown("session.list", who).split("\n"), [
    "ab1 smtp 192.0.2.1:40000 - - 2026-01-01T00:00:00 command 1m 1s 10 B 2.0 KiB 3",
    "ab2 pop3 192.0.2.1:40000 TLSv1.3 john@smith.test 2026-01-01T00:00:00 command 1m 1s 10 B 2.0 KiB 3",
  ]);
  assertEquals(((await ask("session.list", { limit: 1 })) as { sessions: SessionRow[] }).sessions.length, 1);
  assertEquals(await ask("kick", { id: "ab2", dryRun: true }), { kicked: "ab2" });
  assertEquals(server.deeds, []);
  assertEquals(await ask("kick", { id: "ab2" }), { kicked: "ab2" });
  assertEquals(server.deeds, ["kick ab2"]);
  for (const dryRun of [true, false]) assertEquals(await ask("kick", { id: "nobody", dryRun }), "no_such_session");
});

Deno.test("what listeners count is summed over them; a worker that does not answer counts for nothing", () => {
  const stats = (sessions: number) => {
    const counters = newCounters();
    counters.received = 5;
    counters.failedLogins = 2;
    counters.refusedConnections.banned = 3;
    counters.dismissed.kicked = 1;
    return { ...counters, sessionsByService: { smtp: sessions }, heldBytes: 100 };
  };
  const metrics = listenerMetrics([
    { name: "directory", stats: { received: 1_000 } },
    { name: "listener-0", stats: stats(2) },
    { name: "listener-1", stats: stats(5) },
    { name: "listener-2", stats: null },
  ]);
  const text = metrics.flatMap(({ name, samples }) => samples.map((sample) => name + sample)).join("\n");
  for (
    const line of [
      'stagepost_connections{service="smtp"} 7',
      'stagepost_connections{service="pop3"} 0',
      'stagepost_received_messages_total{result="accepted"} 10',
      'stagepost_auth_total{result="refused"} 4',
      'stagepost_refused_connections_total{reason="banned"} 6',
      'stagepost_dismissed_sessions_total{reason="kicked"} 2',
      "stagepost_listener_held_bytes 200",
    ]
  ) assertStringIncludes(`${text}\n`, `${line}\n`);
  assertEquals(new Set(metrics.map(({ name }) => name)).size, metrics.length);
  for (const line of text.split("\n")) assertMatch(line, /^[a-z_]+(\{[a-z]+="[a-z0-9_]+"\})? \d+$/);
});

Deno.test("every number of the metrics is one that a listener counts", () => {
  const ones = (value: unknown): unknown =>
    typeof value === "number" ? 1 : Object.fromEntries(Object.entries(value as object).map(([k, v]) => [k, ones(v)]));
  const sessionsByService = { smtp: 1, submission: 1, pop3: 1, imap: 1, lmtp: 1 };
  const all = { ...ones(newCounters()) as object, sessionsByService, heldBytes: 1 };
  const metrics = listenerMetrics([{ name: "listener-0", stats: all }]);
  for (const { name, samples } of metrics) {
    for (const sample of samples) assert(sample.endsWith(" 1"), `${name}${sample}`);
  }
});
