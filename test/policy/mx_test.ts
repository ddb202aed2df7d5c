import { assertEquals } from "@std/assert";
import { type DnsAnswer, type MxRecord, seededRandom } from "../../src/base/mod.ts";
import { type DomainName, parseDomain } from "../../src/mail/mod.ts";
import { type MxSelection, selectMx } from "../../src/policy/mod.ts";

const DOMAIN = parseDomain("example.test")!;

function found(...records: readonly (readonly [preference: number, exchange: string])[]): DnsAnswer<MxRecord> {
  return {
    type: "found",
    records: records.map(([preference, exchange]) => ({ preference, exchange })),
    secure: false,
  };
}

function select(
  answer: DnsAnswer<MxRecord>,
  options: { ours?: readonly string[]; hostsMax?: number; seed?: number } = {},
): MxSelection {
  return selectMx(DOMAIN, answer, {
    isOurs: (host: DomainName) => options.ours?.includes(host) ?? false,
    hostsMax: options.hostsMax ?? 20,
    random: seededRandom(options.seed ?? 1),
  });
}

/** The hosts in order, or the status code. */
function order(selection: MxSelection): string {
  return selection.type === "hosts" ? selection.hosts.map(({ name }) => name).join(" ") : selection.status;
}

Deno.test("hosts come in order of preference, whatever the order of their records", () => {
  assertEquals(order(select(found([30, "c.test"], [10, "a.test"], [20, "b.test"]))), "a.test b.test c.test");
  assertEquals(order(select(found([65_535, "b.test"], [0, "a.test"]))), "a.test b.test");
});

Deno.test("hosts of one preference are shuffled, and only among themselves", () => {
  const orders = new Map<string, number>();
  const answer = found([10, "a.test"], [10, "b.test"], [10, "c.test"], [5, "first.test"], [20, "last.test"]);
  for (let seed = 0; seed < 600; seed++) {
    const names = order(select(answer, { seed })).split(" ");
    assertEquals([names[0], names[4]], ["first.test", "last.test"]);
    orders.set(names.join(), (orders.get(names.join()) ?? 0) + 1);
  }
  assertEquals(orders.size, 6);
  for (const count of orders.values()) assertEquals(count > 60 && count < 140, true, `${count} of 600`);
});

Deno.test("without an MX record the domain stands for itself", () => {
  assertEquals(select({ type: "nodata", secure: true }), {
    type: "hosts",
    hosts: [{ name: DOMAIN, preference: 0 }],
    implicit: true,
    secure: true,
    alias: null,
  });
});

Deno.test("a domain that does not exist, and one with a null MX, are failures for good", () => {
  const nowhere = select({ type: "nxdomain", secure: false });
  assertEquals(nowhere.type === "failed" && [nowhere.code, nowhere.status], [550, "5.1.2"]);
  for (const preference of [0, 10]) {
    const none = select(found([preference, ""]));
    assertEquals(none.type === "failed" && [none.code, none.status], [556, "5.1.10"]);
  }
});

Deno.test("a null MX beside other records means nothing", () => {
  assertEquals(order(select(found([0, ""], [10, "a.test"]))), "a.test");
});

Deno.test("where we are a host ourselves, only those ahead of us are tried", () => {
  const answer = found([10, "a.test"], [20, "b.test"], [20, "we.test"], [30, "c.test"]);
  for (let seed = 0; seed < 10; seed++) assertEquals(order(select(answer, { ours: ["we.test"], seed })), "a.test");
  assertEquals(order(select(answer, { ours: ["we.test", "a.test"] })), "5.4.6");
  assertEquals(order(select(answer, { ours: ["other.test"] })).split(" ").length, 4);
  const loop = select(found([10, "WE.test"], [20, "b.test"]), { ours: ["we.test"] });
  assertEquals(loop.type === "failed" && [loop.code, loop.status], [554, "5.4.6"]);
  assertEquals(order(select({ type: "nodata", secure: false }, { ours: [DOMAIN] })), "5.4.6");
});

Deno.test("records that name no host are passed over; when none is left, that is a failure for good", () => {
  const bad = ["192.0.2.1", "::1", "[192.0.2.1]", "127.0.0.1.", "a b.test", "a_b.test", "-a.test", "a\\046b.test", ""];
  const records = bad.map((exchange) => [1, exchange] as const);
  assertEquals(order(select(found(...records, [99, "good.test"]))), "good.test");
  assertEquals(order(select(found(...records))), "5.4.4");
});

Deno.test("a host that is named twice is tried once, where it is preferred most", () => {
  assertEquals(order(select(found([20, "a.test"], [10, "b.test"], [5, "A.test"]))), "a.test b.test");
});

Deno.test("of ten thousand hosts the best twenty are tried, whatever else is listed", () => {
  const records = Array.from({ length: 10_000 }, (_, i) => [10_000 - i, `mx${i}.test`] as const);
  const selection = select(found(...records));
  assertEquals(selection.type === "hosts" && selection.hosts.length, 20);
  assertEquals(order(selection).split(" ").slice(0, 2), ["mx9999.test", "mx9998.test"]);
  assertEquals(order(select(found([1, "a.test"], [2, "b.test"], [3, "c.test"]), { hostsMax: 2 })), "a.test b.test");
});

Deno.test("hosts are secure as the answer is", () => {
  for (const secure of [true, false]) {
    const selection = select({ type: "found", records: [{ preference: 1, exchange: "a.test" }], secure });
    assertEquals(selection.type === "hosts" && [selection.secure, selection.implicit], [secure, false]);
  }
});
