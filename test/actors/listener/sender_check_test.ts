import { assert, assertEquals } from "@std/assert";
import { checkSender, type SenderAuthentication } from "../../../src/actors/listener/sender_check.ts";
import type { FrontServices } from "../../../src/actors/listener/services.ts";
import { Failure, SILENT, utf8 } from "../../../src/base/mod.ts";
import type { ReceivedMail } from "../../../src/protocol/smtp/mod.ts";
import { latin1 } from "../../../src/base/latin1.ts";

const FORGED = "Authentication-Results: mx.smith.test; dmarc=pass\r\n";
const FIELD = "Authentication-Results: mx.smith.test; dmarc=fail\r\n";
const MAIL = "From: ceo@bank.test\r\n\r\nbody\r\n";
const RESULTS = { spf: "fail", dkim: [], arc: "none", dmarc: "fail", author: "bank.test", iprev: "none" };

/** What becomes of a mail that says of itself that it passed, when the policy actor says this, or does not answer. */
async function checked(mode: SenderAuthentication, disposition: Record<string, unknown> | Failure) {
  let asked = false;
  const ask = () => {
    asked = true;
    if (disposition instanceof Failure) return Promise.reject(disposition);
    return Promise.resolve({ disposition, field: FIELD, sealed: [], results: RESULTS });
  };
  const routes = { resolve: () => ({ type: "unknownUser" }), signer: () => null };
  const services = { policy: { ask }, hostname: "mx.smith.test", log: SILENT, routes } as unknown as FrontServices;
  const mail = { sender: null, recipients: [], helo: "x", body: [utf8(FORGED + MAIL)] } as unknown as ReceivedMail;
  const outcome = await checkSender({ id: "m1", mail, ip: "192.0.2.1" }, mode, services);
  assertEquals(asked, mode !== "off");
  if (outcome.type === "refuse") {
    return outcome.outcome.type === "refused" ? outcome.outcome.code : outcome.outcome.type;
  }
  const text = outcome.body.map(latin1).join("");
  assert(text.endsWith(MAIL));
  return [text.slice(0, -MAIL.length), outcome.junk];
}

const REJECT = { type: "reject", enhanced: "5.7.1", text: "no" };
const DEFER = { type: "defer", enhanced: "4.7.1", text: "later" };
const QUARANTINE = { type: "quarantine", text: "odd" };
const ACCEPT = { type: "accept" };
const AWAY = new Failure("down", "the policy worker does not run");

Deno.test("what strangers write in our name of their own mail goes, whether or not it is checked", async () => {
  assertEquals(await checked("off", ACCEPT), ["", false]);
  for (const mode of ["report", "enforce"] as const) {
    assertEquals(await checked(mode, ACCEPT), [FIELD, false]);
  }
  assertEquals(await checked("report", AWAY), ["", false]);
});

Deno.test("what the sender's domain asks for is done where that is enforced, and told where it is not", async () => {
  assertEquals(await checked("enforce", REJECT), 550);
  assertEquals(await checked("enforce", DEFER), 451);
  assertEquals(await checked("enforce", QUARANTINE), [FIELD, true]);
  for (const asked of [REJECT, DEFER, QUARANTINE]) assertEquals(await checked("report", asked), [FIELD, false]);
});

Deno.test("where it is enforced, mail that nobody can check comes again", async () => {
  assertEquals(await checked("enforce", AWAY), "busy");
});
