import { assert, assertEquals } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { TlsReporting } from "../../../src/actors/delivery/tls_reporting.ts";
import { type DnsAnswer, Failure, FakeClock, seededRandom } from "../../../src/base/mod.ts";
import { type DomainName, parseDomain } from "../../../src/mail/mod.ts";
import type { QueueProtocol } from "../../../src/messages/mod.ts";
import { REPORT_DAY_MS, TlsReports } from "../../../src/policy/mod.ts";
import type { Ref } from "../../../src/runtime/mod.ts";
import { recordingLog, settle } from "../../runtime/support/system.ts";
import { eventually } from "../../support/eventually.ts";
import { HttpsServer } from "../../support/https_server.ts";
import { pairFor, ROOT } from "./policy_world.ts";

const HOUR_MS = 3_600_000;
const SPREAD_MS = 4 * HOUR_MS;
const SETTINGS = { from: "reports@here.test", organization: "Here", contact: null };
const POLICY = { type: "no-policy-found", lines: [], hosts: [] } as const;

type Sent = QueueProtocol["queue.tlsReport"]["request"];

/** A day of sessions with domains, and who wants to hear of them. */
class World {
  readonly clock = new FakeClock(Date.UTC(2026, 0, 1, 12));
  readonly reports = new TlsReports({ clock: this.clock });
  readonly sent: Sent[] = [];
  readonly asked: string[] = [];
  /** Records by domain; an error is what the name servers say instead. */
  records: Record<string, string | Failure> = {};
  /** What the queue says instead of taking a report. */
  refusal: Failure | null = null;
  readonly #log = recordingLog();
  readonly reporting = new TlsReporting({
    settings: SETTINGS,
    reports: this.reports,
    resolver: {
      a: () => Promise.resolve({ type: "found", records: ["127.0.0.1"], secure: false }),
      aaaa: () => Promise.resolve({ type: "nodata", secure: false }),
      txt: (name) => this.#txt(name),
    },
    isForbidden: () => false,
    queue: {
      ask: (_type: string, request: Sent) => {
        if (this.refusal !== null) return Promise.reject(this.refusal);
        this.sent.push(request);
        return Promise.resolve(null);
      },
    } as unknown as Ref<QueueProtocol>,
    clock: this.clock,
    random: seededRandom(1),
    log: this.#log.log,
    ca: ROOT.pem,
  });

  warnings(): unknown[] {
    return this.#log.lines.filter(({ level }) => level === "warn").map(({ fields }) => fields?.["error"]);
  }

  session(domain: string, times = 1): void {
    for (let i = 0; i < times; i++) {
      this.reports.record({ domain: parseDomain(domain) as DomainName, policy: POLICY, failure: null });
    }
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await settle();
  }

  #txt(name: string): Promise<DnsAnswer<string>> {
    this.asked.push(name);
    const found = this.records[name.replace("_smtp._tls.", "")];
    if (found instanceof Failure) return Promise.reject(found);
    return Promise.resolve(
      found === undefined ? { type: "nodata", secure: false } : { type: "found", records: [found], secure: false },
    );
  }
}

const record = (...rua: string[]) => `v=TLSRPTv1; rua=${rua.join(",")}`;

Deno.test("once a day, at some time in its first four hours, those who ask are told of the day before, and nobody else", async () => {
  const world = new World();
  world.records = { "there.test": record("mailto:tls@there.test"), "broken.test": "v=spf1 -all" };
  world.reporting.start();
  world.session("there.test", 3);
  world.session("quiet.test");
  world.session("broken.test");
  await world.pass(12 * HOUR_MS - 1);
  assertEquals([world.sent, world.asked], [[], []], "the day is not over");
  world.session("there.test");
  await world.pass(SPREAD_MS + 1);
  assertEquals(world.asked.sort(), ["_smtp._tls.broken.test", "_smtp._tls.quiet.test", "_smtp._tls.there.test"]);
  assertEquals(world.sent.map(({ to, report }) => [to, report.domain, report.dayMs, report.policies[0]?.successes]), [
    ["tls@there.test", "there.test", Date.UTC(2026, 0, 1), 4],
  ]);
  world.session("there.test", 2);
  await world.pass(REPORT_DAY_MS);
  await world.pass(SPREAD_MS);
  assertEquals(world.sent.slice(1).map(({ report }) => [report.dayMs, report.policies[0]?.successes]), [[
    Date.UTC(2026, 0, 2),
    2,
  ]]);
  assert(world.sent[0]!.id !== world.sent[1]!.id);
  world.reporting.stop();
  assertEquals(world.clock.nextAt(), null);
});

Deno.test("what cannot be sent is tried again each hour, for a day, under the same identity", async () => {
  const world = new World();
  world.records = { "there.test": new Failure("dns", "SERVFAIL") };
  world.reporting.start();
  world.session("there.test");
  await world.pass(12 * HOUR_MS + SPREAD_MS);
  assertEquals([world.asked.length, world.sent.length], [1, 0]);
  world.records = { "there.test": record("mailto:a@there.test", "mailto:b@there.test") };
  world.refusal = new Failure("busy", "the queue is being loaded");
  await world.pass(HOUR_MS);
  world.refusal = null;
  await world.pass(HOUR_MS);
  assertEquals(world.sent.map(({ to }) => to), ["a@there.test", "b@there.test"]);
  assert(world.sent[0]!.id !== world.sent[1]!.id, "two mails");
  await world.pass(10 * HOUR_MS);
  assertEquals(world.sent.length, 2, "once");
  const never = new World();
  never.records = { "there.test": new Failure("dns", "SERVFAIL") };
  never.reporting.start();
  never.session("there.test");
  for (let i = 0; i < 80; i++) await never.pass(HOUR_MS);
  assertEquals(never.asked.length, 24);
  for (const { reporting } of [world, never]) reporting.stop();
});

Deno.test("a stranger's record makes us write to two addresses at most, and what nobody signs is told once", async () => {
  const world = new World();
  world.records = {
    "crowd.test": record(...Array.from({ length: 9 }, (_, i) => `mailto:v${i}@victim.test`)),
    "one.test": record("mailto:t@one.test"),
  };
  world.reporting.start();
  world.session("crowd.test");
  await world.pass(12 * HOUR_MS + SPREAD_MS);
  assertEquals(world.sent.map(({ to }) => to), ["v0@victim.test", "v1@victim.test"]);
  world.refusal = new Failure("refused", "nobody signs for here.test");
  world.session("crowd.test");
  world.session("one.test");
  await world.pass(REPORT_DAY_MS);
  await world.pass(SPREAD_MS);
  assertEquals(world.warnings(), ["Failure: nobody signs for here.test"]);
  world.reporting.stop();
});

Deno.test("a report is posted where the record says so, packed, and again when the server cannot take it now", async () => {
  const bodies: Uint8Array[] = [];
  let status = 503;
  await using server = await HttpsServer.start(pairFor("reports.there.test"), (request, response) => {
    const parts: Uint8Array[] = [];
    request.on("data", (part: Uint8Array) => parts.push(part));
    request.on("end", () => {
      bodies.push(parts[0] ?? new Uint8Array());
      response.writeHead(status).end();
    });
  });
  const world = new World();
  world.records = { "there.test": record(`https://reports.there.test:${server.port}/v1/tls?x=y`) };
  world.reporting.start();
  world.session("there.test", 5);
  await world.pass(12 * HOUR_MS + SPREAD_MS);
  await eventually("the report is posted", () => world.warnings().length === 1);
  status = 201;
  await world.pass(HOUR_MS);
  await eventually("the report is posted again", () => bodies.length === 2);
  const [first, second] = bodies.map((body) => JSON.parse(new TextDecoder().decode(gunzipSync(body))));
  assertEquals([first, second["organization-name"], second["report-id"].endsWith("@here.test")], [
    second,
    "Here",
    true,
  ]);
  assertEquals(second.policies[0].summary["total-successful-session-count"], 5);
  assertEquals(server.requests.map(({ method, path }) => `${method} ${path}`), Array(2).fill("POST /v1/tls?x=y"));
  await settle();
  await world.pass(HOUR_MS);
  assertEquals(bodies.length, 2, "once taken it is not posted again");
  world.reporting.stop();
});
