/** A client that opens many connections at once logs in on all of them, though its password has to be checked the long way. */
import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { ImapClient, quoted } from "../support/imap_client.ts";
import { Pop3Client } from "../support/pop3_client.ts";
import { startServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";

const CONNECTIONS = 50;
const PASSWORD = "crowd of clients";

interface Client extends AsyncDisposable {
  /** The status of the answer, as the protocol has it. */
  readonly login: () => Promise<string>;
}

async function imap(port: number, user: string): Promise<Client> {
  const client = await ImapClient.connect({ port });
  const login = async () => (await client.command(`LOGIN ${quoted(user)} ${quoted(PASSWORD)}`)).status;
  return { login, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
}

async function pop3(port: number, user: string): Promise<Client> {
  const client = await Pop3Client.connect({ port });
  await client.ok(`USER ${user}`);
  // Only the first login has the maildrop: all others are told that it is in use, and that they gave the right password.
  const login = async () => /^\+OK|\[IN-USE\]/.exec(await client.command(`PASS ${PASSWORD}`)) === null ? "no" : "OK";
  return { login, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
}

async function submission(port: number, user: string): Promise<Client> {
  const client = await SmtpClient.greeted({ port });
  const plain = Buffer.from(`\0${user}\0${PASSWORD}`).toString("base64");
  const login = async () => (await client.command(`AUTH PLAIN ${plain}`)).code === 235 ? "OK" : "no";
  return { login, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
}

Deno.test("fifty connections of one user log in at once, with IMAP, POP3 and submission", async () => {
  const kinds = { imap, pop3, submission };
  await using server = await startServer({
    domains: ["smith.test"],
    accounts: Object.keys(kinds).map((kind) => ({ address: `${kind}@smith.test`, password: PASSWORD })),
  });
  for (const [kind, open] of Object.entries(kinds)) {
    await using clients = new AsyncDisposableStack();
    const crowd: Client[] = [];
    for (let i = 0; i < CONNECTIONS; i++) {
      crowd.push(clients.use(await open(server.ports[kind as keyof typeof kinds], `${kind}@smith.test`)));
    }
    const answers = await Promise.all(crowd.map(({ login }) => login()));
    assertEquals(answers.filter((answer) => answer !== "OK"), [], kind);
  }
  await server.stop();
});
