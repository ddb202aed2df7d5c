import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { deliveryActor } from "../../../src/actors/delivery/actor.ts";
import { deliveryAccepts } from "../../../src/actors/delivery/accepts.ts";
import { SmtpSink } from "../../support/smtp_sink.ts";
import { attempt, Delivery } from "./support.ts";

const accepts = deliveryAccepts["delivery.attempt"];

const GOOD = attempt({
  envelope: {
    account: "a1" as never,
    ret: "full",
    envid: "e 1",
    releaseAtMs: 5,
    deliverBy: { atMs: 7, mode: "notify", trace: false },
  },
  to: [{ address: '"b c"@there.test', notify: ["success", "delay"], orcpt: "rfc822;x@y" }, "é@[IPv6:::1]"],
});

Deno.test("every message has a check, which takes what its type promises", () => {
  assertEquals(Object.keys(deliveryActor.accepts ?? {}).sort(), Object.keys(deliveryActor.receive).sort());
  assert(accepts(GOOD));
  assert(accepts(attempt({ envelope: { sender: "" } })));
  assert(deliveryAccepts["delivery.status"](null));
  assert(!deliveryAccepts["delivery.status"]({}));
});

Deno.test("no address and no parameter can add a command, end one, or name anything but a mailbox", () => {
  for (
    const bad of [
      "a@b\r\nRSET",
      "a@b>\rx",
      "a b@c",
      "a@b> SIZE=1",
      "<a@b",
      "a@b\u0000",
      '"a@b',
      "a@b\u2028",
      "",
      "\ud800@b",
    ]
  ) {
    assert(!accepts(attempt({ to: [bad] })), JSON.stringify(bad));
    if (bad !== "") assert(!accepts(attempt({ envelope: { sender: bad } })), JSON.stringify(bad));
  }
  for (const orcpt of ["rfc822", "rf c822;x", ";x", "rfc822;\u0100", "x".repeat(501)]) {
    assert(!accepts(attempt({ to: [{ address: "a@b", notify: null, orcpt }] })), orcpt);
  }
  assert(!accepts(attempt({ to: [{ address: "a@b", notify: ["never" as never], orcpt: null }] })));
  for (const destination of ["", "a b", "a\r\n", "é.test", "x".repeat(256)]) assert(!accepts(attempt({ destination })));
  assert(!accepts(attempt({ envelope: { envid: "x".repeat(101) } })));
  assert(!accepts(attempt({ to: [] })));
});

/** All paths to a part of a value. */
function* paths(value: unknown, path: readonly (string | number)[] = []): Generator<readonly (string | number)[]> {
  if (path.length > 0) yield path;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  for (const [key, item] of Object.entries(value)) yield* paths(item, [...path, key]);
}

function replaced(value: unknown, [key, ...rest]: readonly (string | number)[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...value as object }) as Record<string | number, unknown>;
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}

Deno.test("a part of another type is found wherever it stands, and no check throws", () => {
  const all = [...paths(GOOD)];
  assert(all.length >= 25);
  for (const path of all) assert(!accepts(replaced(GOOD, path, 1.5)), path.join("."));
  fc.assert(
    fc.property(fc.constantFrom(...all), fc.anything(), (path, by) => {
      assert(typeof accepts(replaced(GOOD, path, by)) === "boolean");
      accepts(by);
    }),
    { seed: 7, numRuns: 3_000 },
  );
});

Deno.test("more attempts at a time than the limit are answered busy", async () => {
  await using sink = await SmtpSink.start({ pauseContent: true });
  await using delivery = await Delivery.start({ port: sink.port, limits: { attemptsMax: 2 } });
  const under = [delivery.attempt(), delivery.attempt()];
  assertEquals(await delivery.attempt().catch((error) => error.kind), "busy");
  assertEquals((await delivery.ref.ask("delivery.status", null)).active, 2);
  await sink.said("DATA", 2);
  sink.resume();
  assertEquals((await Promise.all(under)).map(({ outcomes }) => outcomes[0]?.action), ["delivered", "delivered"]);
});

Deno.test("an actor that is stopped lets go of its connections, and who waits for a report hears that it is gone", async () => {
  await using sink = await SmtpSink.start({ answer: ({ verb }) => verb === "MAIL" ? "stall" : undefined });
  const delivery = await Delivery.start({ port: sink.port });
  const report = delivery.attempt().catch((error) => error.kind);
  await sink.said("MAIL");
  await delivery[Symbol.asyncDispose]();
  assertEquals(await report, "down");
  await sink.when("the connection is closed", () => sink.open === 0);
});
