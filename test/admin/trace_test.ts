import { assertEquals, assertRejects } from "@std/assert";
import { messageTrace } from "../../src/admin/methods/trace.ts";
import { Failure, SILENT } from "../../src/base/mod.ts";
import { fakeServer } from "./support.ts";

Deno.test("a mail's life is told in words, by its id or by an address", async () => {
  await using server = await fakeServer();
  const log = server.trace.over(SILENT);
  log.debug("mail kept", { id: "m1", mailboxes: ["1 at smith.test"], elsewhere: ["billy@bob.test"] });
  log.debug("mail", {
    id: "m1",
    outcome: "accepted",
    size: 2_048,
    sender: "john@smith.test",
    to: ["billy@bob.test", "mary@smith.test"],
    recipients: 3,
    remote: "192.0.2.7",
    helo: "client.test",
    tls: "TLSv1.3",
    user: "john@smith.test",
  });
  log.info("attempt", {
    id: "m1",
    destination: "bob.test",
    host: "mx.bob.test [192.0.2.9]",
    tls: null,
    delivered: 0,
    deferred: 1,
    failed: 0,
    code: 451,
    status: "4.7.1",
    reply: "come again",
    nextInMs: 300_000,
  });
  log.info("attempt", {
    id: "m1",
    destination: "gone.test",
    host: null,
    tls: null,
    delivered: 0,
    deferred: 0,
    failed: 1,
    code: null,
    status: "5.1.2",
    reply: "no such domain",
    nextInMs: null,
  });
  log.debug("report", { id: "m1", to: "john@smith.test", about: ["billy@bob.test (failed)"] });
  log.warn("something new", { id: "m1", answer: 42 });
  const shows: string[] = [];
  const show = messageTrace.verbs[0]!.show as unknown as (result: unknown) => { lines: readonly string[] };
  for (const message of ["m1", "billy@bob.test"]) {
    const { lines } = show(await messageTrace.run({ message }, server.context, undefined!));
    shows.push(lines.map((line) => line.replace(/^ {2}\S+ /, "")).join("\n"));
  }
  assertEquals(shows[0], shows[1]);
  assertEquals(
    shows[0],
    `mail m1
listener-0: stored in 1 at smith.test, handed to the queue for billy@bob.test
listener-0: taken from 192.0.2.7 (client.test) over TLSv1.3, logged in as john@smith.test: 2.0 KiB from <john@smith.test> to billy@bob.test, mary@smith.test and 1 more
listener-0: tried at mx.bob.test [192.0.2.9]: 0 delivered, 1 deferred, 0 failed; 451 4.7.1 come again; next in 5 min
listener-0: tried at gone.test: 0 delivered, 0 deferred, 1 failed; 5.1.2 no such domain
listener-0: its sender john@smith.test is told of billy@bob.test (failed)
listener-0: something new answer=42`,
  );
});

Deno.test("a mail that nobody remembers is not found", async () => {
  await using server = await fakeServer();
  const found = messageTrace.run({ message: "m9" }, server.context, undefined!);
  server.clock.advance(1);
  assertEquals((await assertRejects(() => found, Failure)).kind, "not_found");
});
