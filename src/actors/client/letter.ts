import { type Address, formatAddress } from "../../mail/mod.ts";
import { Pop3ClientSession } from "../../protocol/pop3/client.ts";
import { SmtpClientSession } from "../../protocol/smtp/client.ts";
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

/** A conversation: what arrived goes in, texts to send and perhaps the result come out. */
type Step<R> = (
  text: string,
) => readonly ({ readonly type: "send"; readonly text: string } | ({ readonly type: "done" } & R))[];

function converse<R>(connection: Connection, step: Step<R>): Promise<R> {
  return new Promise((resolve, reject) => {
    const decoder = new TextDecoder();
    connection.start({
      data(chunk) {
        for (const action of step(decoder.decode(chunk, { stream: true }))) {
          if (action.type === "send") connection.write(utf8(action.text));
          else {
            resolve(action);
            connection.close();
          }
        }
      },
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
  const session = new SmtpClientSession({ helo: "localhost", sender: from, recipients: [to], content });
  const { accepted, reply } = await converse(connection, (text) => session.receive(text));
  if (!accepted) throw new Failure("refused", `the letter was refused: ${reply.code} ${reply.lines.join(" ")}`);
  return `${reply.code} ${reply.lines.join(" ")}`;
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
  const { message, status } = await converse(connection, (text) => session.receive(text));
  if (message === null) throw new Failure("refused", `no letter could be read: ${status}`);
  return message;
}
