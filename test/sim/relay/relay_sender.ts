import { latin1, type Random, utf8 } from "../../../src/base/mod.ts";
import { Closed, LineClient } from "../line_client.ts";
import { PASSWORD, type Served } from "../served.ts";
import { FOREIGN } from "./outside.ts";

/** Mails of one session, and recipients of one mail. */
const MAILS_MAX = 2;
const RECIPIENTS_MAX = 5;
/** Part of the sessions that are users'; the others are strangers', who may write only to addresses here. */
const USER_CHANCE = 0.7;
const BREAK_OFF_CHANCE = 0.08;

interface Sender {
  /** "" is nobody. */
  readonly path: string;
  readonly user: boolean;
}

interface Recipient {
  readonly address: string;
  readonly accounts: readonly string[];
  readonly elsewhere: readonly string[];
}

function below(random: Random, count: number): number {
  return Math.floor(random.next() * count);
}

/** One client: a user who writes to anybody, or a stranger whose mail is forwarded; notes how each mail was answered. */
export async function relayMails(world: Served, name: string, random: Random): Promise<void> {
  const users = world.logins.filter(([address]) => !address.startsWith("small@"));
  const user = random.next() < USER_CHANCE ? users[below(random, users.length)]![0] : null;
  const listener = world.connect(user === null ? "smtp" : "submission", random);
  if (listener === null) return;
  const client = new LineClient(listener.peer);
  const sender = { path: user ?? (random.next() < 0.1 ? "" : "sender@elsewhere.test"), user: user !== null };
  try {
    await reply(client);
    client.write(`EHLO ${name}.test\r\n`);
    await reply(client);
    if (user !== null && await logIn(client, user) !== 235) return;
    for (let i = 0, count = 1 + below(random, MAILS_MAX); i < count; i++) {
      if (!await sendOne(client, world, { id: `${name}-${i}`, sender, lost: listener.lost }, random)) return;
    }
    client.write("QUIT\r\n");
    await reply(client);
  } catch (error) {
    if (!(error instanceof Closed)) throw error;
  }
}

async function logIn(client: LineClient, user: string): Promise<number> {
  client.write(`AUTH PLAIN ${utf8(`\0${user}\0${PASSWORD}`).toBase64()}\r\n`);
  return await reply(client);
}

/** One transaction; false when the session is broken off. */
async function sendOne(
  client: LineClient,
  world: Served,
  { id, sender, lost }: { id: string; sender: Sender; lost: () => boolean },
  random: Random,
): Promise<boolean> {
  const recipients = Array.from({ length: 1 + below(random, RECIPIENTS_MAX) }, () => pick(world, sender, random));
  const never = random.next() < 0.1;
  client.write(`MAIL FROM:<${sender.path}>\r\n`);
  if (await reply(client) !== 250) return true;
  const accounts = new Set<string>();
  const elsewhere = new Set<string>();
  for (const recipient of recipients) {
    client.write(`RCPT TO:<${recipient.address}>${never ? " NOTIFY=NEVER" : ""}\r\n`);
    if (await reply(client) !== 250) continue;
    for (const account of recipient.accounts) accounts.add(account);
    for (const address of recipient.elsewhere) elsewhere.add(address);
  }
  client.write("DATA\r\n");
  if (await reply(client) !== 354) return true;
  const text = `Subject: ${id}\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <${id}@client.test>\r\n\r\n` +
    "line\r\n".repeat(below(random, 30));
  const content = utf8(text);
  const mail = { id, content, accounts, elsewhere, sender: sender.path, never, code: null as number | null };
  const local = { ...mail, listenerLost: lost };
  world.ledger.sent(local);
  world.relay!.ledger.sent(mail);
  client.write(`${latin1(content)}.\r\n`);
  const broken = random.next() < BREAK_OFF_CHANCE;
  if (broken) client.reset();
  mail.code = local.code = await reply(client);
  return !broken;
}

function pick(world: Served, { user }: Sender, random: Random): Recipient {
  if (user && random.next() < 0.8) {
    const local = `${random.next() < 0.3 ? "no" : "u"}${below(random, 4)}`;
    const address = `${local}@${FOREIGN[below(random, FOREIGN.length)]}`;
    return { address, accounts: [], elsewhere: [address] };
  }
  if (random.next() < 0.6) return world.forwards[below(random, world.forwards.length)]!;
  const here = world.addresses.filter(([address]) => !address.startsWith("small"));
  const [address, accounts] = here[below(random, here.length)]!;
  return { address, accounts, elsewhere: [] };
}

/** The code of the next whole reply. */
async function reply(client: LineClient): Promise<number> {
  for (;;) {
    const line = await client.line();
    if (!/^[2-5][0-9][0-9][ -]/.test(line)) throw new Error(`not an SMTP reply: ${line}`);
    if (line[3] === " ") return Number(line.slice(0, 3));
  }
}
