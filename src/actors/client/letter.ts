import { type Address, formatAddress, NO_PARAMETERS } from "../../mail/mod.ts";
import { Pop3ClientSession } from "../../protocol/pop3/client.ts";
import { type ClientOutcome, type SmtpClientAction, SmtpClientSession } from "../../protocol/smtp/client/mod.ts";
import { type Clock, Failure, utf8 } from "../../base/mod.ts";
import { type Connection, dial } from "../../net/mod.ts";

/** Longest time for each of the two conversations, in ms. */
const CONVERSATION_MS_MAX = 20_000;

/** A letter between the two accounts of the demo. */
export function demoLetter({ from, to, date }: { from: Address; to: Address; date: Date }): string {
  return [
    `From: John Smith <${formatAddress(from)}>`,
    `To: Billy Bob <${formatAddress(to)}>`,
    "Subject: Still up for that boxing match?",
    `Date: ${date.toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <${date.getTime().toString(36)}.demo@${from.domain}>`,
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "",
    "Hi Billy,",
    "",
    "Saturday at seven, the old gym behind the station. You bring the gloves,",
    "I bring the ice. Loser buys dinner.",
    "",
    "John",
    "",
  ].join("\r\n");
}

/** Gives what arrives to `receive`; resolves with what it hands to `done`. */
function converse<R>(
  connection: Connection,
  receive: (chunk: Uint8Array, done: (result: R) => void) => void,
): Promise<R> {
  return new Promise((resolve, reject) => {
    const done = (result: R) => {
      resolve(result);
      connection.close();
    };
    connection.start({
      data: (chunk) => receive(chunk, done),
      end: () => connection.close(),
      closed: () => reject(new Failure("closed", "the server closed the connection")),
      deadline: () => connection.destroy(),
      drained: () => {},
    });
    connection.deadline(CONVERSATION_MS_MAX);
  });
}

/** Hands the letter in by SMTP, on the same port as everybody. Resolves with the server's reply. */
export async function sendLetter(
  { port, clock, from, to, content }: { port: number; clock: Clock; from: Address; to: Address; content: string },
): Promise<string> {
  const connection = await dial({ host: "127.0.0.1", port, tls: "none", connectMsMax: CONVERSATION_MS_MAX, clock });
  const session = new SmtpClientSession({ heloName: "localhost", tls: "never", login: null });
  const recipient = { address: formatAddress(to), notify: null, orcpt: null };
  const mail = {
    sender: formatAddress(from),
    parameters: NO_PARAMETERS,
    recipients: [recipient],
    parts: [utf8(content)],
  };
  const perform = (actions: readonly SmtpClientAction[], done: (outcome: ClientOutcome | null) => void) => {
    for (const action of actions) {
      if (action.type === "send") connection.write(action.text);
      else if (action.type === "ready") perform(session.send(mail), done);
      else if (action.type === "content") {
        for (let p = session.pull(); p !== null; p = session.pull()) connection.write(p);
      } else if (action.type === "failed") done(action.problem);
      else if (action.type === "done") {
        perform(session.quit(), done);
        done(action.outcomes[0] ?? action.problem);
      }
    }
  };
  const outcome = await converse<ClientOutcome | null>(
    connection,
    (chunk, done) => perform(session.receive(chunk), done),
  );
  const reply = `${outcome?.code ?? ""} ${outcome?.status} ${outcome?.text}`.trim();
  if (outcome?.action !== "relayed" && outcome?.action !== "delivered") {
    throw new Failure("refused", `the letter was refused: ${reply}`);
  }
  return reply;
}

/** Fetches the newest letter of a maildrop by POP3 over TLS. */
export async function readLetter(
  { port, clock, user, secret }: { port: number; clock: Clock; user: string; secret: string },
): Promise<string> {
  // The server's certificate is its own: there is nobody to vouch for it on a first start.
  const tlsOptions = { verify: false };
  const connection = await dial({
    host: "127.0.0.1",
    port,
    tls: "implicit",
    tlsOptions,
    connectMsMax: CONVERSATION_MS_MAX,
    clock,
  });
  const session = new Pop3ClientSession({ user, secret });
  const decoder = new TextDecoder();
  const { message, status } = await converse<{ message: string | null; status: string }>(connection, (chunk, done) => {
    for (const action of session.receive(decoder.decode(chunk, { stream: true }))) {
      if (action.type === "send") connection.write(action.text);
      else done(action);
    }
  });
  if (message === null) throw new Failure("refused", `no letter could be read: ${status}`);
  return message;
}
