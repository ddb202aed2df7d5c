import { assertEquals } from "@std/assert";
import type { FrontServices } from "../../../src/actors/listener/services.ts";
import { sealerOf, type Signed, signSubmitted } from "../../../src/actors/listener/signing.ts";
import { Failure, type FailureKind, FakeClock, utf8 } from "../../../src/base/mod.ts";
import { NO_PARAMETERS } from "../../../src/mail/envelope.ts";
import { type Address, formatAddress, parseMailbox } from "../../../src/mail/mod.ts";
import type { AccountRecord, RouteVerdict } from "../../../src/messages/mod.ts";
import { signable } from "../../../src/policy/dkim/mod.ts";
import { readMessage } from "../../../src/policy/header/mod.ts";
import { SenderRewriting } from "../../../src/policy/mod.ts";
import type { ReceivedMail } from "../../../src/protocol/smtp/mod.ts";
import { recordingLog } from "../../runtime/support/system.ts";

const JOHN = { id: "a1", address: "john@smith.test" } as AccountRecord;
const CONTENT = [utf8("From: john@smith.test\r\n\r\nhello\r\n")];
const SIGNER = { domain: "smith.test", selectors: ["r", "e"] };

/** A listener whose policy actor fails so, or signs; smith.test has keys, bob.test has none. */
function listener(fails: FailureKind | null, withoutSignature: "defer" | "send" = "defer") {
  const { log, lines } = recordingLog();
  const asked: unknown[] = [];
  const resolve = (address: Address): RouteVerdict => {
    const text = formatAddress(address);
    const forwards = text.startsWith("away@") ? ["me@elsewhere.test"] : [];
    if (address.domain !== "smith.test" && address.domain !== "bob.test") return { type: "relayDenied", steps: [] };
    return { type: "local", accounts: text === JOHN.address ? [JOHN] : [], forwards, lists: [], steps: [] };
  };
  const services = {
    routes: { resolve, signer: (domain: string) => domain.endsWith("smith.test") ? SIGNER : null },
    policy: {
      ask(type: string, request: object) {
        asked.push({ type, ...request });
        return fails === null ? Promise.resolve({ fields: ["A: 1\r\n", "B: 2\r\n"] }) : Promise.reject(
          new Failure(fails, "test"),
        );
      },
    },
    srs: new SenderRewriting(new Uint8Array(32)),
    clock: new FakeClock(),
    hostname: "mail.smith.test",
    withoutSignature,
    log,
  } as unknown as FrontServices;
  return { services, asked, lines };
}

function sign(services: FrontServices, content = CONTENT): Promise<Signed> {
  return signSubmitted({ id: "m1", content, account: JOHN }, services);
}

Deno.test("a mail costs the listener one message, which names keys and holds none", async () => {
  const { services, asked } = listener(null);
  assertEquals(await sign(services), { type: "signed", fields: "A: 1\r\nB: 2\r\n" });
  assertEquals(asked, [{ type: "policy.sign", ...SIGNER, ...signable(readMessage(CONTENT)) }]);
});

Deno.test("without keys, or in another's name, nobody is asked", async () => {
  const { services, asked } = listener(null);
  for (const from of ["john@bob.test", "boss@smith.test", "john@elsewhere.test", "", "a@b@smith.test"]) {
    assertEquals(await sign(services, [utf8(`From: ${from}\r\n\r\nx\r\n`)]), { type: "signed", fields: "" }, from);
  }
  assertEquals(asked, []);
});

Deno.test("while signatures cannot be had, mail waits or goes without, as the config says", async () => {
  for (const kind of ["down", "busy", "deadline", "closed"] as const) {
    assertEquals(await sign(listener(kind).services), { type: "wait" }, kind);
    const { services, lines } = listener(kind, "send");
    assertEquals(await sign(services), { type: "signed", fields: "" }, kind);
    assertEquals(lines.map(({ level, event }) => `${level} ${event}`), ["warn mail not signed"]);
  }
});

Deno.test("what can never be signed goes without at once: it would wait for ever", async () => {
  for (const kind of ["invalid", "not_found", "refused"] as const) {
    assertEquals(await sign(listener(kind).services), { type: "signed", fields: "" }, kind);
  }
});

Deno.test("mail that goes on is sealed by the domain of the alias, else by the server's own; mail that stays by nobody", () => {
  const mailTo = (...to: string[]): ReceivedMail => ({
    helo: "x",
    protocol: "SMTP",
    user: null,
    parameters: NO_PARAMETERS,
    sender: parseMailbox("anna@bank.test", { utf8: true }),
    recipients: to.map((text) => ({ address: parseMailbox(text, { utf8: true })!, notify: null, orcpt: null })),
    body: CONTENT,
    size: 1,
  });
  const { services } = listener(null);
  const sealer = (...to: string[]) => sealerOf(mailTo(...to), services);
  assertEquals(sealer("john@smith.test", "nobody@smith.test"), null);
  assertEquals(sealer("john@smith.test", "away@smith.test"), SIGNER);
  assertEquals(sealer("away@bob.test"), SIGNER, "by mail.smith.test");
  const nobody = { ...services, hostname: "mail.bob.test" };
  assertEquals(sealerOf(mailTo("away@bob.test"), nobody), null);
});
