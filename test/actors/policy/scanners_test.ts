import { assert, assertEquals, assertRejects } from "@std/assert";
import { Scanners, type ScannersConfig } from "../../../src/actors/policy/scanners.ts";
import { type Clock, concat, Failure, FakeClock, latin1, systemClock, utf8 } from "../../../src/base/mod.ts";
import type { PolicyProtocol } from "../../../src/messages/mod.ts";
import type { Connection } from "../../../src/net/mod.ts";
import { parseHeaderRule, type ScannerRules } from "../../../src/policy/scan/mod.ts";
import { TestServer } from "../../net/support.ts";
import { recordingLog } from "../../runtime/support/system.ts";
import { eventually } from "../../support/eventually.ts";

const RULES: ScannerRules = { scan: "both", bytesMax: 1_000_000, onLarge: "accept", onFailure: "accept" };
const MAIL = utf8("From: a@there.test\r\n\r\nhello\r\n");
const REQUEST: PolicyProtocol["policy.scan"]["request"] = {
  id: "q1",
  direction: "incoming",
  staysHere: true,
  ip: "192.0.2.1",
  name: null,
  helo: "h.test",
  sender: "jörg@there.test",
  recipients: ["b@here.test"],
  user: null,
  parts: [MAIL],
};
const GATE = { checksMax: 4, waitingMax: 4, bytesMax: 1_000_000, waitMsMax: 10_000 };
const OK = JSON.stringify({ action: "no action", score: 0, required_score: 15 });
const http = (body: string, fields = `Content-Length: ${utf8(body).length}\r\n`) =>
  `HTTP/1.1 200 OK\r\n${fields}\r\n${body}`;

/** A service that answers each connection once it has sent so many bytes or more, and remembers what it was sent. */
class FakeScanner {
  readonly asked: string[] = [];
  open = 0;
  #server!: TestServer;

  static async start(answer: (connection: Connection, asked: string) => void, port = 0): Promise<FakeScanner> {
    const scanner = new FakeScanner();
    scanner.#server = await TestServer.start({ port }, (connection) => {
      scanner.open++;
      const parts: Uint8Array[] = [];
      connection.start({
        data(chunk) {
          parts.push(chunk);
          const text = latin1(concat(parts));
          // The mail's last line has come, with clamd's end behind it.
          if (!/hello\r\n(\0\0\0\0)?$/.test(text)) return;
          if (text.startsWith("z") && !text.endsWith("\0")) return;
          scanner.asked.push(text);
          answer(connection, text);
        },
        end: () => connection.close(),
        closed: () => void scanner.open--,
        deadline: () => {},
        drained: () => {},
      });
    });
    return scanner;
  }
  get port(): number {
    return this.#server.listener.port;
  }
  async stop(): Promise<void> {
    this.#server.stop();
    await eventually("the connections' end", () => this.open === 0);
  }
}

interface Places {
  readonly rspamd?: number;
  readonly clamav?: number;
}

function scannersAt(
  { rspamd, clamav }: Places,
  { clock = systemClock() as Clock, timeMsMax = 5_000, gate = GATE, rules = RULES } = {},
) {
  const { log, lines } = recordingLog();
  const place = (port: number) => ({ at: { host: "127.0.0.1", port }, timeMsMax });
  const config: ScannersConfig = {
    settings: {
      hostname: "mx.here.test",
      rspamd: rspamd === undefined ? null : { ...rules, rejectScore: null, junkScore: null },
      clamav: clamav === undefined ? null : { ...rules, onVirus: "refuse" },
      junk: [parseHeaderRule("X-Spam-Flag: YES")!],
    },
    rspamd: rspamd === undefined ? null : { ...place(rspamd), password: "s3cret" },
    clamav: clamav === undefined ? null : place(clamav),
    gate,
  };
  return { scanners: new Scanners(config, { clock, log }), lines };
}

Deno.test("both scanners are shown the mail, each in its own protocol, and both count", async () => {
  const rspamd = await FakeScanner.start((connection) => connection.write(http(OK)));
  const clamav = await FakeScanner.start((connection) => connection.write("stream: OK\0"));
  const { scanners } = scannersAt({ rspamd: rspamd.port, clamav: clamav.port });
  const verdict = await scanners.scan(REQUEST);
  assertEquals([verdict.disposition.type, verdict.notes], [
    "accept",
    ["clamav: clean", "rspamd: no action 0.00/15.00"],
  ]);
  const text = latin1(MAIL);
  assertEquals(clamav.asked, [`zINSTREAM\0\0\0\0\x1d${text}\0\0\0\0`]);
  const utf8Sender = latin1(utf8("jörg@there.test"));
  assertEquals(rspamd.asked, [
    `POST /checkv2 HTTP/1.0\r\nHost: 127.0.0.1\r\nFrom: ${utf8Sender}\r\nRcpt: b@here.test\r\nDeliver-To: b@here.test\r\n` +
    `IP: 192.0.2.1\r\nHelo: h.test\r\nQueue-Id: q1\r\nMTA-Name: mx.here.test\r\nPassword: s3cret\r\n` +
    `Content-Length: ${MAIL.length}\r\n\r\n${text}`,
  ]);
  await rspamd.stop();
  await clamav.stop();
});

Deno.test("slow, huge, broken and rude answers are failures of the scanner, and bounded; the next mail is shown to it again", async () => {
  const answers: Record<string, (connection: Connection) => void> = {
    silent: () => {},
    "endless head": (connection) => connection.write(`HTTP/1.1 200 OK\r\nX: ${"y".repeat(20_000)}`),
    "endless body": (connection) => connection.write(http("", "Content-Length: 99999999999\r\n")),
    chunked: (connection) => connection.write(http("0\r\n\r\n", "Transfer-Encoding: chunked\r\n")),
    "an error": (connection) => connection.write("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"),
    "no JSON": (connection) => connection.write(http("<html>")),
    "other JSON": (connection) => connection.write(http('{"error":"x"}')),
    "broken off": (connection) => {
      connection.write(http(OK).slice(0, -1));
      connection.close();
    },
    "clamd's error": (connection) => connection.write("stream: Can't open file ERROR\0"),
    "no end": (connection) => connection.write("x".repeat(10_000)),
    rude: (connection) => connection.destroy(),
  };
  await Promise.all(
    Object.entries(answers).map(async ([name, answer]) => {
      const scanner = await FakeScanner.start(answer);
      const { scanners, lines } = scannersAt({ rspamd: scanner.port, clamav: scanner.port }, { timeMsMax: 400 });
      for (let mail = 1; mail <= 2; mail++) {
        const { disposition, notes } = await scanners.scan(REQUEST);
        assertEquals(disposition, { type: "accept" }, name);
        assertEquals(notes, ["clamav: unscanned (scanner failed)", "rspamd: unscanned (scanner failed)"], name);
        assertEquals(scanner.asked.length, 2 * mail, `${name}: a stranger's mail must not switch it off`);
      }
      assertEquals(lines.length, 2, "one line for each in a minute");
      await scanner.stop();
    }),
  );
});

Deno.test("a failure has mail come again where the config wants that", async () => {
  const scanner = await FakeScanner.start((connection) => connection.destroy());
  const { scanners } = scannersAt({ clamav: scanner.port }, { rules: { ...RULES, onFailure: "defer" } });
  const { disposition, result } = await scanners.scan(REQUEST);
  assertEquals([disposition.type, result], ["defer", "deferred"]);
  await scanner.stop();
});

Deno.test("what clamd finds too large is told as such, and what is too large by the config it is not shown", async () => {
  const scanner = await FakeScanner.start((connection) => connection.write("INSTREAM size limit exceeded. ERROR\0"));
  const { scanners } = scannersAt({ clamav: scanner.port }, { rules: { ...RULES, bytesMax: MAIL.length } });
  assertEquals((await scanners.scan(REQUEST)).notes, ["clamav: unscanned (too large)"]);
  assertEquals(scanner.asked.length, 1);
  assertEquals((await scanners.scan({ ...REQUEST, parts: [MAIL, utf8(".")] })).result, "tooLarge");
  assertEquals(scanner.asked.length, 1);
  await scanner.stop();
});

Deno.test("a scanner that is not there is left alone for a while, and found again when it is back", async () => {
  const first = await FakeScanner.start(() => {});
  const { port } = first;
  await first.stop();
  const clock = new FakeClock();
  const { scanners, lines } = scannersAt({ rspamd: port }, { clock });
  assertEquals((await scanners.scan(REQUEST)).result, "unscanned");
  const waiting: Connection[] = [];
  const scanner = await FakeScanner.start((connection) => void waiting.push(connection), port);
  for (let i = 0; i < 20; i++) assertEquals((await scanners.scan(REQUEST)).result, "unscanned");
  assertEquals(scanner.asked.length, 0, "nobody has tried");
  clock.advance(250);
  const trial = scanners.scan(REQUEST);
  assertEquals((await scanners.scan(REQUEST)).result, "unscanned", "one tries for all");
  await eventually("the trial's question", () => waiting.length === 1);
  const next = scanners.scan(REQUEST);
  await eventually("a second question, though the first is not answered", () => waiting.length === 2);
  for (const connection of waiting) connection.write(http(OK));
  assertEquals([(await trial).result, (await next).result], ["clean", "clean"]);
  assertEquals(lines.map(({ event }) => event), ["scanner failed"]);
  await scanner.stop();
});

Deno.test("few mails are scanned at a time, some wait, and one too many comes again", async () => {
  const waiting: Connection[] = [];
  let most = 0;
  const scanner = await FakeScanner.start((connection) => most = Math.max(most, waiting.push(connection)));
  const { scanners } = scannersAt({ clamav: scanner.port }, { gate: { ...GATE, checksMax: 2, waitingMax: 3 } });
  const scans = Array.from({ length: 5 }, () => scanners.scan(REQUEST));
  const failure = await assertRejects(() => scanners.scan(REQUEST), Failure);
  assertEquals(failure.kind, "busy");
  for (let i = 0; i < 5; i++) {
    const connection = await eventually("a question", () => waiting.shift());
    connection.write("stream: OK\0");
  }
  assert((await Promise.all(scans)).every(({ result }) => result === "clean"));
  assertEquals(most, 2, "unanswered at a time");
  await scanner.stop();
});
