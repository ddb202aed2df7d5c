import { assertEquals } from "@std/assert";
import { doubtfulAddress, NOTES_MAX, settle } from "../../../src/actors/queue/settle.ts";
import { NO_PARAMETERS, type OutgoingEnvelope } from "../../../src/mail/mod.ts";
import type { DeliveryReport, RecipientOutcome } from "../../../src/messages/mod.ts";
import type { ItemRecipient, StoredItem, StoredMessage } from "../../../src/storage/mod.ts";

const HOUR = 3_600_000;
const POLICY = { pausesMs: [300_000, HOUR], lifetimeMs: 120 * HOUR, warnAfterMs: 4 * HOUR };
const STEADY = { next: () => 0, bytes: () => new Uint8Array(0) };
const WALL = Date.UTC(2026, 0, 1);

const DELIVERED: RecipientOutcome = { action: "delivered", code: 250, status: "2.0.0", text: "ok" };
const RELAYED: RecipientOutcome = { ...DELIVERED, action: "relayed" };
const DEFERRED: RecipientOutcome = { action: "deferred", code: 451, status: "4.7.1", text: "greylisted" };
const FAILED: RecipientOutcome = { action: "failed", code: 550, status: "5.1.1", text: "no such user" };

function recipient(address: string, notify: ItemRecipient["notify"] = null): ItemRecipient {
  return { address, notify, orcpt: null, last: null };
}

function item(more: Partial<StoredItem> = {}): StoredItem {
  return {
    item: 1,
    message: 1,
    destination: "bob.test",
    dueMs: 0,
    held: false,
    attempts: 0,
    warned: false,
    recipients: [recipient("a@bob.test")],
    notes: [],
    ...more,
  };
}

function message(envelope: Partial<OutgoingEnvelope> = {}): StoredMessage {
  return {
    message: 1,
    envelope: { ...NO_PARAMETERS, id: "m", sender: "john@smith.test", account: null, ...envelope },
    size: 10,
    createdMs: 0,
  };
}

function report(...outcomes: RecipientOutcome[]): DeliveryReport {
  return { outcomes, destinationFault: false, host: { name: "mx", address: "127.0.0.1", port: 25 }, tls: null };
}

function at(nowMs: number) {
  return { policy: POLICY, random: STEADY, nowMs, wallMs: WALL + nowMs };
}

function told(settlement: ReturnType<typeof settle>): string[] {
  return settlement.notices.map(({ recipient, action, outcome }) => `${recipient.address} ${action} ${outcome.status}`);
}

Deno.test("the address that broke off at the last attempt is known, and only if it did", () => {
  const after = (outcome: RecipientOutcome) =>
    doubtfulAddress(item(settle(item(), message(), report(outcome), at(0)).next!));
  const broken: RecipientOutcome = { action: "deferred", code: null, status: "4.4.2", text: "the connection was lost" };
  assertEquals(after(broken), "127.0.0.1");
  assertEquals([after(DEFERRED), after({ ...broken, code: 421 }), doubtfulAddress(item())], [null, null, null]);
});

Deno.test("each recipient ends as its outcome says, and only those that were deferred wait on", () => {
  const recipients = ["a@bob.test", "b@bob.test", "c@bob.test"].map((address) => recipient(address));
  const settled = settle(item({ recipients }), message(), report(DELIVERED, DEFERRED, FAILED), at(1_000));
  assertEquals(settled.counts, { delivered: 1, deferred: 1, failed: 1 });
  assertEquals(told(settled), ["c@bob.test failed 5.1.1"]);
  const { next } = settled;
  assertEquals(next?.recipients.map(({ address, last }) => [address, last?.text]), [["b@bob.test", "greylisted"]]);
  assertEquals([next?.dueMs, next?.attempts, next?.warned], [301_000, 1, false]);
  assertEquals(next?.notes.map(({ host, status }) => [host, status]), [["mx [127.0.0.1]:25", "5.1.1"]]);
  assertEquals(settle(item(), message(), report(DELIVERED), at(1_000)).next, null);
});

Deno.test("all who were deferred wait on, in their order", () => {
  const recipients = ["a@bob.test", "b@bob.test", "c@bob.test"].map((address) => recipient(address));
  const { next } = settle(item({ recipients }), message(), report(DEFERRED, DELIVERED, DEFERRED), at(1_000));
  assertEquals(next?.recipients.map(({ address }) => address), ["a@bob.test", "c@bob.test"]);
});

Deno.test("who gets a mail in its last attempt has it, only the others are given up", () => {
  const recipients = ["a@bob.test", "b@bob.test", "c@bob.test"].map((address) => recipient(address));
  const settled = settle(item({ recipients }), message(), report(DELIVERED, DEFERRED, FAILED), at(120 * HOUR));
  assertEquals([settled.counts, settled.next], [{ delivered: 1, deferred: 0, failed: 2 }, null]);
  assertEquals(told(settled), ["b@bob.test failed 5.4.7", "c@bob.test failed 5.1.1"]);
});

Deno.test("a delay is told once, after its time, and a mail that became too old is given up", () => {
  const early = settle(item(), message(), report(DEFERRED), at(4 * HOUR - 1));
  assertEquals([told(early), early.next?.warned], [[], false]);
  const late = settle(item(), message(), report(DEFERRED), at(4 * HOUR));
  assertEquals([told(late), late.next?.warned], [["a@bob.test delayed 4.7.1"], true]);
  assertEquals(told(settle(item({ warned: true }), message(), report(DEFERRED), at(5 * HOUR))), []);
  assertEquals(settle(item(), message(), report(DEFERRED), at(120 * HOUR - 1)).next === null, false);
  const over = settle(item(), message(), report(DEFERRED), at(120 * HOUR));
  assertEquals([told(over), over.next], [["a@bob.test failed 5.4.7"], null]);
});

for (
  const [notify, outcome, hours, expected] of [
    [[], FAILED, 0, null],
    [[], DEFERRED, 5, null],
    [["failure"], FAILED, 0, "failed"],
    [["failure"], DEFERRED, 5, null],
    [["delay"], DEFERRED, 5, "delayed"],
    [["delay"], FAILED, 0, null],
    [["success"], RELAYED, 0, "relayed"],
    [["success"], DELIVERED, 0, null],
    [["success"], FAILED, 0, null],
    [null, RELAYED, 0, null],
  ] as const
) {
  Deno.test(`NOTIFY ${notify === null ? "absent" : notify.join() || "NEVER"}: ${outcome.action} after ${hours} h tells ${expected ?? "nothing"}`, () => {
    const settled = settle(
      item({ recipients: [recipient("a@bob.test", notify)] }),
      message(),
      report(outcome),
      at(hours * HOUR),
    );
    assertEquals(settled.notices.map(({ action }) => action), expected === null ? [] : [expected]);
  });
}

Deno.test("nobody is told of a report that could not be delivered", () => {
  assertEquals(settle(item(), message({ sender: "" }), report(FAILED), at(0)).notices, []);
});

Deno.test("DELIVERBY: with R mail comes back after its time, with N the sender is told and it is tried on", () => {
  const by = (mode: "return" | "notify") => message({ deliverBy: { atMs: WALL + 1_000, mode, trace: false } });
  assertEquals(told(settle(item(), by("return"), report(DEFERRED), at(999))), []);
  assertEquals(told(settle(item(), by("return"), report(DEFERRED), at(1_000))), ["a@bob.test failed 5.4.7"]);
  const noted = settle(item(), by("notify"), report(DEFERRED), at(1_000));
  assertEquals([told(noted), noted.next?.warned], [["a@bob.test delayed 4.7.1"], true]);
});

Deno.test(`the newest ${NOTES_MAX} attempts are remembered`, () => {
  let state = item();
  for (let i = 0; i < NOTES_MAX + 3; i++) {
    const { next } = settle(state, message(), report({ ...DEFERRED, text: `try ${i}` }), at(i));
    state = { ...state, ...next! };
  }
  assertEquals([state.notes.length, state.notes[0]?.text, state.notes.at(-1)?.text], [NOTES_MAX, "try 3", "try 10"]);
});
