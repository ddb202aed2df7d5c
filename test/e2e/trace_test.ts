/** What an operator sees of a mail that is stored here, sent on, deferred and at last refused: by the control socket of a full server. */
import { assertEquals } from "@std/assert";
import { utf8 } from "../../src/base/mod.ts";
import type { TraceEvent } from "../../src/messages/mod.ts";
import { eventually } from "../support/eventually.ts";
import { startServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";
import { SmtpSink } from "../support/smtp_sink.ts";

interface Trace {
  readonly ids: readonly string[];
  readonly events: readonly TraceEvent[];
  readonly queued: readonly { readonly state: string; readonly destination: string }[];
}

const CONTENT = utf8("Subject: on its way\r\nMessage-ID: <trace@client.test>\r\n\r\nhello\r\n");

Deno.test("the id in the 250 reply leads to all that happened to the mail, and so do its addresses and its Message-ID", async () => {
  let refuses = false;
  await using sink = await SmtpSink.start({
    answer: ({ verb }) => verb !== "RCPT" ? undefined : refuses ? "550 5.1.1 nobody" : "450 4.2.1 later",
  });
  await using server = await startServer({
    config: { outbound: { routes: [{ domain: "elsewhere.test", host: "127.0.0.1", port: sink.port, tls: "none" }] } },
    domains: ["smith.test"],
    accounts: [{ address: "john@smith.test", password: "trace" }],
  });
  await server.rpc("alias.add", { address: "away@smith.test", targets: ["john@smith.test", "me@elsewhere.test"] });
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  const reply = await client.send({ from: "john@smith.test", to: ["away@smith.test"], content: CONTENT });
  const id = reply.text.split(" ").at(-1)!;
  const trace = (message: string) => server.rpc("message.trace", { message }) as Promise<Trace>;
  const happened = async () => (await trace(id)).events.map(({ event }) => event);
  await eventually("the mail went on", async () => (await happened()).includes("attempt"));
  const { events, queued } = await trace(id);
  assertEquals(new Set(events.map(({ fields }) => fields["id"])), new Set([id]));
  assertEquals(queued.map(({ state, destination }) => [state, destination]), [["waiting", "elsewhere.test"]]);
  for (const message of ["away@smith.test", "<trace@client.test>"]) assertEquals((await trace(message)).ids, [id]);
  refuses = true;
  await server.rpc("queue.retry", { id });
  await eventually("the mail went on", async () => (await happened()).includes("report"));
  const names = await happened();
  assertEquals(names.toSorted(), ["attempt", "attempt", "mail", "mail kept", "queued", "report"]);
  const status = await server.rpc("health", {}) as { status: string; queue: { items: number; trouble: string | null } };
  assertEquals([status.status, status.queue.trouble], ["ok", null]);
});
