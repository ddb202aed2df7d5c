import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../../../../src/base/bytes.ts";
import { latin1 } from "../../../../src/base/latin1.ts";
import { formatAddress } from "../../../../src/mail/mod.ts";
import type { ClientMail, SmtpClientAction } from "../../../../src/protocol/smtp/client/mod.ts";
import type { SmtpAction } from "../../../../src/protocol/smtp/mod.ts";
import { content as contentOf, cut, smtp } from "../support/session.ts";
import { mail, shown, TestClient } from "./support.ts";

/** Our client and our server over a wire that cuts the bytes as it likes; what arrived, and what the client made of it. */
function converse(mails: readonly ClientMail[], options: { tls: boolean; cuts: readonly number[] }) {
  const server = smtp({}, { tls: options.tls ? "available" : "none" })();
  const client = new TestClient({ tls: "opportunistic" }, mails);
  const verdicts: string[] = [];
  const toServer: Uint8Array[] = [];
  const toClient: Uint8Array[] = [];
  let next = 0;
  const serve = (actions: readonly SmtpAction[]): void => {
    for (const action of actions) {
      if (action.type === "send") toClient.push(...cut(utf8(action.text), options.cuts));
      else if (action.type === "checkRecipient") {
        const known = !action.recipient.local.startsWith("no");
        serve(server.answer("recipientChecked", known ? "accepted" : "unknownUser"));
      } else if (action.type === "deliver") serve(server.answer("delivered", "accepted", "id"));
      else if (action.type === "startTls") serve(server.answer("tlsStarted"));
    }
  };
  const ask = (actions: readonly SmtpClientAction[]): void => {
    for (const action of actions) {
      // What the content is made of is octets; commands are UTF-8, and ASCII here.
      if (action.type === "send") {
        toServer.push(...cut(Uint8Array.from(action.text, (c) => c.charCodeAt(0)), options.cuts));
      } else if (action.type === "startTls") ask(client.answer("tlsStarted"));
      else if (action.type === "ready" || action.type === "done") {
        if (action.type === "done") {
          verdicts.push(...action.outcomes.map((outcome) => shown(outcome).split(" ", 3).join(" ")));
        }
        ask(next < mails.length ? client.answer("send", next++) : client.answer("quit"));
      }
    }
  };
  serve(server.open());
  for (let turns = 0; toClient.length + toServer.length > 0 && turns < 100_000; turns++) {
    const [reply, command] = [toClient.shift(), toServer.shift()];
    if (reply !== undefined) ask(client.receive(reply));
    if (command !== undefined) serve(server.receive(command));
  }
  assertEquals(client.session.phase, "closed");
  return { mails: server.mails, verdicts };
}

const line = fc.array(fc.constantFrom(".", "..", "a", "Received: x", "\xff\x80", "=", " "), { maxLength: 4 });
const anyMail = fc.record({
  sender: fc.constantFrom("", "a@here.test", '"q \\" x"@here.test'),
  to: fc.uniqueArray(fc.constantFrom("r1@mx.test", "r2@mx.test", "no1@mx.test", "no2@mx.test"), { minLength: 1 }),
  content: fc.array(line, { maxLength: 20 }).map((lines) => lines.map((words) => `${words.join("")}\r\n`).join("")),
  pieceBytes: fc.integer({ min: 1, max: 50 }),
});

Deno.test("what our client is told is delivered, our server has, octet for octet and for those it took", () => {
  fc.assert(
    fc.property(
      fc.array(anyMail, { maxLength: 4 }),
      fc.boolean(),
      fc.array(fc.nat(120), { maxLength: 6 }),
      (overs, tls, cuts) => {
        const { mails, verdicts } = converse(overs.map(mail), { tls, cuts });
        assertEquals(
          verdicts,
          overs.flatMap(({ to }) => to.map((each) => each.startsWith("no") ? "failed 550 5.1.1" : "relayed 250 2.0.0")),
        );
        const expected = overs.map(({ sender, to, content }) => ({
          sender,
          to: to.filter((each) => !each.startsWith("no")),
          content,
        })).filter(({ to }) => to.length > 0);
        const arrived = mails.map((each) => ({
          sender: each.sender === null ? "" : formatAddress(each.sender),
          to: each.recipients.map(formatAddress),
          content: contentOf(each),
        }));
        assertEquals(arrived, expected);
      },
    ),
    { seed: 5321, numRuns: 1_500 },
  );
});

Deno.test("a megabyte of lines that begin with dots comes through whole", () => {
  const whole = "Subject: x\r\n\r\n" + ".\r\n..\r\n...x\r\n".repeat(80_000);
  const { mails, verdicts } = converse([mail({ to: ["r@mx.test"], content: whole, pieceBytes: 70_001 })], {
    tls: true,
    cuts: [],
  });
  assertEquals(verdicts, ["relayed 250 2.0.0"]);
  assertEquals(mails[0]?.body.map(latin1).join("") === whole, true);
});
