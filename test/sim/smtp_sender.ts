import { latin1, type Random } from "../../src/base/mod.ts";
import type { SentMail } from "./ledger.ts";
import { Closed, LineClient } from "./line_client.ts";
import type { Served } from "./served.ts";

/** Mails of one session. */
const MAILS_MAX = 3;
/** Recipients of one mail. */
const RECIPIENTS_MAX = 4;
/** Part of the mails after which the client sends nothing more: half of them listen for the answer. */
const BREAK_OFF_CHANCE = 0.08;

function below(random: Random, count: number): number {
  return Math.floor(random.next() * count);
}

/** One client: connects, sends a few mails, notes how each was answered. */
export async function sendMails(world: Served, name: string, random: Random): Promise<void> {
  const listener = world.connect("smtp", random);
  if (listener === null) return;
  const client = new LineClient(listener.peer);
  try {
    await reply(client);
    client.write(`EHLO ${name}.test\r\n`);
    await reply(client);
    for (let i = 0, count = 1 + below(random, MAILS_MAX); i < count; i++) {
      const mail: SentMail = {
        id: `${name}-${i}`,
        content: content(`${name}-${i}`, random),
        accounts: new Set(),
        code: null,
        listenerLost: listener.lost,
      };
      if (!await sendOne(client, world, mail, random)) return;
    }
    client.write("QUIT\r\n");
    await reply(client);
  } catch (error) {
    if (!(error instanceof Closed)) throw error;
  }
}

/** One transaction; false when the session is broken off. */
async function sendOne(client: LineClient, world: Served, mail: SentMail, random: Random): Promise<boolean> {
  const recipients = Array.from({ length: 1 + below(random, RECIPIENTS_MAX) }, () => {
    return world.addresses[below(random, world.addresses.length)]!;
  });
  const pipelined = random.next() < 0.5;
  const commands = ["MAIL FROM:<sender@elsewhere.test>", ...recipients.map(([address]) => `RCPT TO:<${address}>`)];
  if (pipelined) client.write(commands.map((line) => `${line}\r\n`).join(""));
  const accounts = new Set<string>();
  for (const [i, line] of commands.entries()) {
    if (!pipelined) client.write(`${line}\r\n`);
    const code = await reply(client);
    if (i > 0 && code === 250) { for (const account of recipients[i - 1]![1]) accounts.add(account); }
  }
  mail.accounts = accounts;
  if (accounts.size === 0) {
    client.write("RSET\r\n");
    await reply(client);
    return true;
  }
  client.write("DATA\r\n");
  if (await reply(client) !== 354) return true;
  world.ledger.sent(mail);
  client.write(`${latin1(mail.content).replaceAll("\r\n.", "\r\n..")}.\r\n`);
  const fate = random.next() / BREAK_OFF_CHANCE;
  if (fate < 0.5) client.reset();
  else if (fate < 1) client.end();
  mail.code = await reply(client);
  if (fate >= 1) return true;
  // Nothing more can be asked: the server has nothing to say either, but good-bye to a session it ends itself.
  const words = await client.line().catch(() => "");
  if (words !== "" && !words.startsWith("421 4.3.2")) {
    world.ledger.violations.push(`${mail.id} was answered twice: ${words}`);
  }
  return false;
}

/** The code of the next whole reply. */
async function reply(client: LineClient): Promise<number> {
  for (;;) {
    const line = await client.line();
    if (!/^[2-5][0-9][0-9][ -]/.test(line)) throw new Error(`not an SMTP reply: ${line}`);
    if (line[3] === " ") return Number(line.slice(0, 3));
  }
}

/** A mail whose subject names it: lines with dots, long lines, all 8-bit bytes; seldom a large one. */
function content(id: string, random: Random): Uint8Array {
  const lines = [`Subject: ${id}`, ""];
  const count = random.next() < 0.1 ? 400 : below(random, 12);
  for (let i = 0; i < count; i++) {
    const dots = ".".repeat(random.next() < 0.3 ? below(random, 4) : 0);
    const length = random.next() < 0.05 ? 3_000 : below(random, 70);
    lines.push(dots + String.fromCharCode(32 + below(random, 224)).replace("\x7f", "~").repeat(length));
  }
  return Uint8Array.from(lines.map((line) => `${line}\r\n`).join(""), (character) => character.charCodeAt(0));
}
