/** What a port gives its clients by where they come from, which only a proxy's word can say on one machine. */
import { assert, assertEquals } from "@std/assert";
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { openPorts, type PortConfig, type Ports, type PortsConfig } from "../../../src/actors/listener/listener.ts";
import type { DomainName } from "../../../src/mail/mod.ts";
import { selfSignedCertificate } from "../../../src/net/mod.ts";
import { eventually } from "../../support/eventually.ts";
import { freePorts } from "../../support/free_ports.ts";
import { FakeListener } from "./fronts.ts";

const HOSTNAME = "mx.smith.test";
const PROXY = { host: "127.0.0.1", tls: "starttls", proxies: ["127.0.0.1"], xclient: [] } as const;

async function inPorts(
  ports: readonly Omit<PortConfig, "port">[],
  over: Partial<PortsConfig>,
  work: (ports: readonly number[], listener: FakeListener) => Promise<void>,
): Promise<void> {
  const listener = new FakeListener();
  const free = await freePorts(ports.length);
  const timeouts = { commandMsMax: 9_000, dataMsMax: 9_000, dataBytesPerSecondMin: 0, slowGraceMs: 9_000 };
  const mailbox = { session: { hostname: HOSTNAME, plaintextLogin: false }, idleMsMax: 9_000, loginMsMax: 9_000 };
  const opened: Ports = await openPorts({
    ports: ports.map((each, i) => ({ ...each, port: free[i]! })),
    tls: { ...await selfSignedCertificate({ names: [HOSTNAME], days: 30 }), clientCa: null },
    connections: { max: 100, perAddressMax: 100 },
    smtp: {
      session: { hostname: HOSTNAME, postmasterDomain: "smith.test" as DomainName },
      ...{ timeouts, senders: "off" },
    },
    ...{ exempt: [], turns: [], submission: { hideClient: false }, pop3: mailbox, imap: mailbox },
    ...{ plaintextLogin: "loopback", bearer: false, ...over },
  }, listener.services);
  try {
    await work(free, listener);
  } finally {
    const drained = opened.drain(1);
    listener.clock.advance(1);
    await drained;
  }
}

/** What is said to a client of this address that sends these words once it is greeted. */
async function told(port: number, address: string, words: string, end: RegExp): Promise<string> {
  const socket: Socket = connect({ host: "127.0.0.1", port });
  const closed = once(socket, "close");
  await once(socket, "connect");
  let text = "";
  socket.on("data", (chunk) => text += chunk.toString("latin1"));
  socket.write(address === "" ? "PROXY UNKNOWN\r\n" : `PROXY TCP4 ${address} 192.0.2.200 4711 25\r\n`);
  await eventually("a greeting", () => text !== "");
  socket.write(words);
  await eventually("an answer", () => end.test(text));
  socket.destroy();
  await closed;
  return text;
}

Deno.test("passwords in clear are for this machine alone, unless the config lets everybody or nobody give them", async () => {
  const services = ["submission", "imap", "pop3"] as const;
  const offers = [/250-AUTH /, /AUTH=PLAIN/, /^USER/m];
  const asks = [["EHLO x\r\n", /250 /], ["a CAPABILITY\r\n", /a OK/], ["CAPA\r\n", /^\.\r\n/m]] as const;
  const expected = { loopback: [true, true, false, false], always: [true, true, true, true], never: [] } as const;
  for (const [plaintextLogin, wanted] of Object.entries(expected)) {
    const ports = services.map((service) => ({ ...PROXY, service }));
    await inPorts(ports, { plaintextLogin: plaintextLogin as keyof typeof expected }, async (free) => {
      for (const [i, service] of services.entries()) {
        for (const [j, address] of ["", "127.9.9.9", "192.0.2.7", "128.0.0.1"].entries()) {
          const [words, end] = asks[i]!;
          const text = await told(free[i]!, address, words, end);
          assertEquals(offers[i]!.test(text), wanted[j] ?? false, `${service} ${plaintextLogin} ${address}: ${text}`);
        }
      }
    });
  }
});

Deno.test("XCLIENT is for the proxies that the config names, and for no other client of the same port", async () => {
  const port = { ...PROXY, service: "smtp", xclient: ["192.0.2.7"] } as const;
  await inPorts([port], {}, async ([free]) => {
    for (const [address, may] of [["192.0.2.7", true], ["192.0.2.8", false], ["", false]] as const) {
      const text = await told(free!, address, "EHLO x\r\nXCLIENT ADDR=10.0.0.1\r\n", /250 [^\r]*\r\n\d\d\d /);
      assertEquals([text.includes("250-XCLIENT"), /\r\n220 /.test(text)], [may, may], text);
    }
  });
});

Deno.test("strangers wait for the greeting where the config says so, proxies that were named do not", async () => {
  const port = { ...PROXY, service: "smtp", xclient: ["192.0.2.7"] } as const;
  const session = { hostname: HOSTNAME, postmasterDomain: "smith.test" as DomainName, greetDelayMs: 5_000 };
  const timeouts = { commandMsMax: 9_000, dataMsMax: 9_000, dataBytesPerSecondMin: 0, slowGraceMs: 9_000 };
  await inPorts([port], { smtp: { session, timeouts, senders: "off" } }, async ([free], listener) => {
    assert((await told(free!, "192.0.2.7", "QUIT\r\n", /221 /)).startsWith("220 "));
    const stranger = connect({ host: "127.0.0.1", port: free! });
    let text = "";
    stranger.on("data", (chunk) => text += chunk.toString("latin1"));
    await once(stranger, "connect");
    stranger.write("PROXY TCP4 192.0.2.8 192.0.2.200 4711 25\r\n");
    await eventually("it is there", () => listener.counters.connections === 2);
    listener.clock.advance(4_999);
    assertEquals(text, "");
    listener.clock.advance(1);
    await eventually("a greeting", () => text.startsWith("220 "));
    stranger.destroy();
    await once(stranger, "close");
  });
});
