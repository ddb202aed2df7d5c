import { type Random, utf8 } from "../../src/base/mod.ts";
import { latin1Bytes } from "../support/latin1.ts";
import { Closed, LineClient } from "./line_client.ts";
import { PASSWORD, type Served } from "./served.ts";

/** Part of the messages that a reader removes. */
const REMOVE_CHANCE = 0.4;
/** Part of the sessions that end without QUIT. */
const BREAK_OFF_CHANCE = 0.15;
/** Part of the sessions that are gone before they hear whether they were let in. */
const LEAVE_EARLY_CHANCE = 0.1;
/** When they go, in ms after their password was sent. */
const LEAVE_EARLY_MS_MAX = 10;

interface Entry {
  readonly number: number;
  readonly uid: number;
  readonly size: number;
}

/** One client: logs in, reads everything, removes some, leaves with or without QUIT. */
export async function readMails(world: Served, name: string, random: Random): Promise<void> {
  const listener = world.connect("pop3", random);
  if (listener === null) return;
  const [address, [account]] = world.logins[Math.floor(random.next() * world.logins.length)]!;
  const client = new LineClient(listener.peer);
  let leave = () => {};
  try {
    await expect(client.line(), /^\+OK/);
    await expect(client.command(`USER ${address}`), /^\+OK/);
    client.write(`PASS ${PASSWORD}\r\n`);
    if (random.next() < LEAVE_EARLY_CHANCE) {
      world.sim.clock.after(random.next() * LEAVE_EARLY_MS_MAX, () => client.reset());
      for (;;) await client.line();
    }
    const opened = await client.line();
    if (!opened.startsWith("+OK")) return void await quit(client);
    leave = world.ledger.opened(account, name);
    await session(client, world, account, random, leave);
  } catch (error) {
    if (!(error instanceof Closed)) throw error;
  } finally {
    leave();
  }
}

/** Whether a maildrop can be opened: it cannot while somebody has its lock. */
export async function opens(world: Served, address: string, random: Random): Promise<boolean> {
  const listener = world.connect("pop3", random);
  if (listener === null) return false;
  const client = new LineClient(listener.peer);
  await expect(client.line(), /^\+OK/);
  await expect(client.command(`USER ${address}`), /^\+OK/);
  const opened = (await client.command(`PASS ${PASSWORD}`)).startsWith("+OK");
  await quit(client);
  return opened;
}

async function session(
  client: LineClient,
  world: Served,
  account: string,
  random: Random,
  leave: () => void,
): Promise<void> {
  const entries = await list(client);
  const marked: number[] = [];
  const pipelined = random.next() < 0.5;
  if (pipelined) client.write(entries.map(({ number }) => `RETR ${number}\r\n`).join(""));
  const messages = [];
  for (const { number } of entries) {
    if (!pipelined) client.write(`RETR ${number}\r\n`);
    messages.push(await retrieved(client));
  }
  for (const [i, entry] of entries.entries()) {
    const bytes = messages[i]!;
    if (bytes === null) continue;
    if (bytes.length !== entry.size) {
      world.ledger.violations.push(`${account}: UID ${entry.uid} was listed with another size`);
    }
    world.ledger.read(account, entry.uid, [bytes]);
    if (random.next() >= REMOVE_CHANCE) continue;
    await expect(client.command(`DELE ${entry.number}`), /^\+OK/);
    marked.push(entry.uid);
  }
  leave();
  if (random.next() < BREAK_OFF_CHANCE) return client.reset();
  world.ledger.removing(account, marked);
  if (await quit(client)) world.ledger.removed(account, marked);
}

/** Numbers with the UID that the unique id ends in, and the size. */
async function list(client: LineClient): Promise<Entry[]> {
  const ids = await listing(client, "UIDL");
  const sizes = await listing(client, "LIST");
  return ids.map((line, i) => {
    const [number, id] = line.split(" ");
    return { number: Number(number), uid: Number(id!.split(".")[1]), size: Number(sizes[i]!.split(" ")[1]) };
  });
}

async function listing(client: LineClient, command: string): Promise<string[]> {
  await expect(client.command(command), /^\+OK/);
  return await untilDot(client);
}

async function untilDot(client: LineClient): Promise<string[]> {
  const lines: string[] = [];
  for (;;) {
    const line = await client.line();
    if (line === ".") return lines;
    lines.push(line.startsWith(".") ? line.slice(1) : line);
  }
}

/** The message, byte for byte; null when the server says that it cannot be had now. */
async function retrieved(client: LineClient): Promise<Uint8Array | null> {
  const answer = await client.line();
  if (answer.startsWith("-ERR")) return null;
  if (!answer.startsWith("+OK")) throw new Error(`not a POP3 reply: ${answer}`);
  const lines = await untilDot(client);
  return latin1Bytes(lines.map((line) => `${line}\r\n`).join(""));
}

async function quit(client: LineClient): Promise<boolean> {
  return (await client.command("QUIT")).startsWith("+OK");
}

async function expect(answer: Promise<string>, form: RegExp): Promise<void> {
  const line = await answer;
  if (line.startsWith("-ERR [SYS/TEMP] Server is shutting down")) throw new Closed(line);
  if (!form.test(line)) throw new Error(`not the reply that was due: ${line} (${utf8(line).length} bytes)`);
}
