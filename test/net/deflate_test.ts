import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { concat, seededRandom } from "../../src/base/mod.ts";
import { DeflateLayer } from "../../src/net/deflate.ts";
import { eventually } from "../support/eventually.ts";

interface Side {
  readonly layer: DeflateLayer;
  readonly sent: Uint8Array[];
  readonly received: Uint8Array[];
  readonly bytes: () => number;
  broken: boolean;
}

function open(): Side {
  const sent: Uint8Array[] = [];
  const received: Uint8Array[] = [];
  const side = { sent, received, broken: false, bytes: () => received.reduce((sum, { length }) => sum + length, 0) };
  const layer = new DeflateLayer({
    send: (bytes) => sent.push(bytes),
    received: (bytes) => received.push(bytes),
    broken: () => side.broken = true,
  });
  layer.flow(true);
  return Object.assign(side, { layer });
}

Deno.test("what one side writes the other receives, cut anywhere", async () => {
  const [client, server] = [open(), open()];
  const random = seededRandom(7);
  const texts = Array.from({ length: 40 }, (_, i) => `a${i} NOOP ${"é".repeat(Math.floor(random.next() * 3_000))}\r\n`);
  for (const text of texts) client.layer.write(text);
  const expected = Buffer.from(texts.join(""));
  await eventually("what was awaited", () => {
    for (const bytes of client.sent.splice(0)) {
      for (let at = 0; at < bytes.length; at += 100) server.layer.receive(bytes.subarray(at, at + 100));
    }
    return server.bytes() === expected.length;
  });
  assertEquals(Buffer.from(concat(server.received)), expected);
  server.layer.write(concat(server.received));
  await eventually("what was awaited", () => {
    for (const bytes of server.sent.splice(0)) client.layer.receive(bytes);
    return client.bytes() === expected.length;
  });
  client.layer.close();
  server.layer.close();
});

Deno.test("what was written in a turn can be read at once: each flush ends on a byte", async () => {
  const side = open();
  side.layer.write("* OK one\r\n");
  side.layer.write("* OK two\r\n");
  await eventually("what was awaited", () => {
    const whole = inflateRawSync(concat(side.sent), { finishFlush: constants.Z_SYNC_FLUSH });
    return whole.toString() === "* OK one\r\n* OK two\r\n";
  });
  side.layer.close();
});

Deno.test("a bomb inflates piece by piece, and not at all while nobody takes it", async () => {
  const side = open();
  const bomb = deflateRawSync(Buffer.alloc(64 * 1_024 * 1_024), { finishFlush: constants.Z_SYNC_FLUSH });
  assert(bomb.length < 100_000);
  let largest = 0;
  side.layer.receive(bomb.subarray(0, 1_000));
  await eventually("inflated bytes", () => side.bytes() > 0);
  side.layer.flow(false);
  side.layer.receive(bomb.subarray(1_000));
  await new Promise((resolve) => setImmediate(resolve));
  const held = side.bytes();
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assertEquals(side.bytes(), held);
  assert(held < 4_000_000, `${held} bytes inflated ahead`);
  for (const { length } of side.received) largest = Math.max(largest, length);
  assert(largest <= 16_384);
  side.layer.close();
});

Deno.test("what is no DEFLATE ends the connection", async () => {
  const side = open();
  side.layer.receive(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff));
  await eventually("the end", () => side.broken);
});

Deno.test("a peer that sends on while nothing is taken is cut off", async () => {
  const side = open();
  side.layer.flow(false);
  const noise = deflateRawSync(seededRandom(1).bytes(3 * 1_024 * 1_024), { level: 0 });
  for (let at = 0; at < noise.length && !side.broken; at += 65_536) side.layer.receive(noise.subarray(at, at + 65_536));
  await eventually("the end", () => side.broken);
});
