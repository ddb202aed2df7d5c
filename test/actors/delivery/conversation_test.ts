import { assertEquals } from "@std/assert";
import { Conversation, type Sent } from "../../../src/actors/delivery/conversation.ts";
import { DELIVERY_LIMITS, DELIVERY_TIMEOUTS } from "../../../src/actors/delivery/mod.ts";
import { FakeClock, utf8 } from "../../../src/base/mod.ts";
import { NO_PARAMETERS } from "../../../src/mail/envelope.ts";
import { type Connection, type ConnectionHandlers, DeadlineWheel } from "../../../src/net/mod.ts";
import { SmtpClientSession } from "../../../src/protocol/smtp/client/mod.ts";
import { CONTENT } from "./support.ts";

/** A connection that takes everything, of which the kernel takes what the test says. */
class SlowConnection implements Connection {
  readonly id = "c1";
  readonly remote = { address: "127.0.0.1", port: 25 };
  readonly local = { address: "127.0.0.1", port: 1 };
  readonly tls = null;
  readonly openedMs = 0;
  readonly bytesIn = 0;
  bytesOut = 0;
  pendingBytes = 0;
  readonly congested = false;
  handlers!: ConnectionHandlers;

  start(handlers: ConnectionHandlers): void {
    this.handlers = handlers;
  }
  write(data: string | Uint8Array): void {
    this.pendingBytes += data.length;
  }
  flush(leave: number): void {
    this.bytesOut += this.pendingBytes - leave;
    this.pendingBytes = leave;
  }
  say(line: string): void {
    this.flush(0);
    this.handlers.data(utf8(`${line}\r\n`));
  }
  pause(): void {}
  resume(): void {}
  deadline(): void {}
  startTls(): Promise<void> {
    return Promise.reject(new Error("not here"));
  }
  close(): void {}
  destroy(): void {}
}

/** A mail whose content was given away, but for the last `left` bytes, when the connection broke. */
async function broken(left: number): Promise<Sent> {
  const clock = new FakeClock();
  const connection = new SlowConnection();
  const session = new SmtpClientSession({ heloName: "here.test", tls: "never", login: null });
  const settings = {
    heloName: "here.test",
    port: 25,
    source: { ipv4: null, ipv6: null },
    routes: [],
    timeouts: DELIVERY_TIMEOUTS,
    limits: DELIVERY_LIMITS,
    ca: null,
  };
  const wheel = new DeadlineWheel({ clock });
  const conversation = new Conversation(connection, session, { clock, wheel, settings, opened() {}, closed() {} });
  const ready = conversation.begin();
  connection.say("220 x");
  connection.say("250 x");
  assertEquals(await ready, null);
  const recipients = [{ address: "b@there.test", notify: null, orcpt: null }];
  const sent = conversation.send({ sender: "", parameters: NO_PARAMETERS, recipients, parts: [utf8(CONTENT)] });
  for (const line of ["250 ok", "250 ok", "354 go"]) connection.say(line);
  assertEquals(conversation.phase, "content");
  connection.flush(left);
  // As when a connection ends: what waits is thrown away first.
  connection.pendingBytes = 0;
  connection.handlers.closed("error");
  return await sent;
}

Deno.test("a mail whose last byte never left may be tried elsewhere; once it has left, the host may have taken it", async () => {
  const unsent = await broken(1);
  assertEquals([unsent.end, unsent.outcomes, unsent.problem?.text], ["beforeEnd", [null], "the connection was lost"]);
  const gone = await broken(0);
  assertEquals([gone.end, gone.outcomes[0]?.text], [
    "complete",
    "the connection was lost; the mail may have been taken",
  ]);
});
