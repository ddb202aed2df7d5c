import { assert, assertEquals } from "@std/assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SILENT, utf8 } from "../../src/base/mod.ts";
import { askService, type Connection, listenUnix, type ServiceQuestion } from "../../src/net/mod.ts";
import { clock, failureKind, TestServer } from "./support.ts";

/** Reads up to a full stop. */
function untilStop(): (chunk: Uint8Array) => string | null {
  let text = "";
  return (chunk) => {
    text += new TextDecoder().decode(chunk);
    return text.includes(".") ? text : null;
  };
}

const question = (server: TestServer, over: Partial<ServiceQuestion<string>> = {}): ServiceQuestion<string> => ({
  at: { host: "127.0.0.1", port: server.listener.port },
  pieces: ["question?"],
  read: untilStop(),
  connectMsMax: 5_000,
  timeMsMax: 10_000,
  clock,
  ...over,
});

interface Served {
  readonly server: TestServer;
  /** Bytes that came. */
  readonly came: () => number;
  readonly closed: Promise<void>;
}

/** A service that does `answer` with the first bytes of a connection. */
async function serve(answer: (connection: Connection) => void): Promise<Served> {
  let bytes = 0;
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const server = await TestServer.start({}, (connection) => {
    connection.start({
      data(chunk) {
        if (bytes === 0) answer(connection);
        bytes += chunk.length;
      },
      end: () => connection.close(),
      closed: () => resolve(),
      deadline: () => {},
      drained: () => {},
    });
  });
  return { server, came: () => bytes, closed };
}

Deno.test("a service is asked and hung up on once its answer is whole", async () => {
  const { server, came, closed } = await serve((connection) => {
    connection.write("ans");
    clock.after(20, () => connection.write("wer."));
  });
  assertEquals(await askService(question(server)), "answer.");
  await closed;
  assertEquals(came(), 9);
  server.stop();
});

Deno.test("a long question waits for the service to read, and an early answer ends it", async () => {
  const taken = { pieces: 0 };
  function* endless() {
    for (;;) {
      taken.pieces++;
      yield new Uint8Array(65_536);
    }
  }
  const { server, closed } = await serve((connection) => {
    connection.pause();
    clock.after(200, () => {
      connection.write("enough.");
      connection.resume(); // Who does not read does not see the end either.
    });
  });
  assertEquals(await askService(question(server, { pieces: endless() })), "enough.");
  // What the kernel and the connection hold, and not all that there would be.
  assert(taken.pieces > 4 && taken.pieces < 1_000, `${taken.pieces} pieces`);
  await closed;
  server.stop();
});

Deno.test("what a service answers to the first piece is heard, and the rest is then not sent", async () => {
  let came = "";
  const server = await TestServer.start({}, (connection) => {
    connection.start({
      data(chunk) {
        came += new TextDecoder().decode(chunk);
        if (came.startsWith("long")) connection.write("too long.");
        if (came === "short question") connection.write("well.");
      },
      end: () => connection.close(),
      closed: () => {},
      deadline: () => {},
      drained: () => {},
    });
  });
  const ask = (piece: string, pauseMs: number) =>
    askService(question(server, { first: { piece, pauseMs }, pieces: [" question"] }));
  assertEquals(await ask("long", 5_000), "too long.");
  assertEquals(came, "long");
  for (const pauseMs of [0, 30]) {
    came = "";
    assertEquals(await ask("short", pauseMs), "well.");
  }
  server.stop();
});

Deno.test("all of a long question arrives where it is read", async () => {
  const total = 200 * 65_536;
  const pieces = Array.from({ length: 200 }, () => new Uint8Array(65_536));
  let bytes = 0;
  const server = await TestServer.start({}, (connection) =>
    connection.start({
      data(chunk) {
        bytes += chunk.length;
        if (bytes === total) connection.write("all.");
      },
      end: () => connection.close(),
      closed: () => {},
      deadline: () => {},
      drained: () => {},
    }));
  assertEquals(await askService(question(server, { pieces })), "all.");
  server.stop();
});

Deno.test("silence, dripping, half an answer, no answer and nobody there each have their name", async () => {
  const silent = await serve(() => {});
  assertEquals(await failureKind(() => askService(question(silent.server, { timeMsMax: 300 }))), "deadline");
  silent.server.stop();
  let stopDripping = () => {};
  const dripping = await serve((connection) => {
    const drip = () => {
      connection.write("x");
      stopDripping = clock.after(20, drip);
    };
    drip();
  });
  assertEquals(await failureKind(() => askService(question(dripping.server, { timeMsMax: 500 }))), "deadline");
  await dripping.closed;
  stopDripping();
  dripping.server.stop();
  const half = await serve((connection) => {
    connection.write("half");
    connection.close();
  });
  assertEquals(await failureKind(() => askService(question(half.server))), "closed");
  half.server.stop();
  const rude = await serve((connection) => connection.destroy());
  assertEquals(await failureKind(() => askService(question(rude.server))), "closed");
  rude.server.stop();
  assertEquals(await failureKind(() => askService(question(rude.server))), "refused");
  assertEquals(await failureKind(() => askService(question(rude.server, { at: { socket: "/nowhere/x" } }))), "refused");
});

Deno.test("a service at a Unix socket is asked like any other", async () => {
  const dir = mkdtempSync(join(tmpdir(), "sp-"));
  const path = join(dir, "s", "x.sock");
  const listener = await listenUnix(path, {
    log: SILENT,
    clock,
    connection: (connection) =>
      connection.start({
        data: (chunk) => connection.write(`${new TextDecoder().decode(chunk)} answer.`),
        end: () => connection.close(),
        closed: () => {},
        deadline: () => {},
        drained: () => {},
      }),
  });
  const asked = { at: { socket: path }, pieces: [utf8("who?")], read: untilStop() };
  assertEquals(await askService({ ...asked, connectMsMax: 5_000, timeMsMax: 5_000, clock }), "who? answer.");
  listener.close();
  listener.closeAll();
  rmSync(dir, { recursive: true });
});
