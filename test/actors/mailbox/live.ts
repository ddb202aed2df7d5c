import { asFailure, concat, utf8 } from "../../../src/base/mod.ts";
import type { AccountId } from "../../../src/mail/account.ts";
import type { MailboxProtocol } from "../../../src/messages/mod.ts";
import { createImapSession, type ImapAction, type ImapAsk, type ImapSession } from "../../../src/protocol/imap/mod.ts";
import { JOHN, type Listener, type MailboxWorld, settle, spawnListener } from "./support.ts";

/** Joins a session to the owner as a listener's front does, without a connection. */
export class Live {
  readonly session: ImapSession = createImapSession({ hostname: "a.test", tls: "active", plaintextLogin: false });
  #sent: Uint8Array[] = [];
  /** Every line that it was told. */
  readonly heard: string[] = [];
  #asks = 0;
  #ops = 0;
  constructor(
    readonly world: MailboxWorld,
    readonly listener: Listener,
    readonly name: string,
    readonly account: AccountId = JOHN,
  ) {}

  /** Says lines and gives those of the answer, once nothing is asked any more. */
  async say(...lines: readonly string[]): Promise<string[]> {
    this.#perform(this.session.receive(utf8(lines.map((line) => `${line}\r\n`).join(""))));
    while (this.#asks > 0) await settle();
    const text = new TextDecoder().decode(concat(this.#sent.splice(0)));
    const told = text === "" ? [] : text.replace(/\r\n$/, "").split("\r\n");
    this.heard.push(...told);
    return told;
  }

  async logIn(...first: readonly string[]): Promise<void> {
    this.session.open();
    await this.say("l LOGIN john secret", ...first);
  }

  /** Hands on the news that the listener was told of. */
  stir(): void {
    for (const view of this.listener.stirred.splice(0)) this.#perform(this.session.stirred(view));
  }

  #perform(actions: readonly ImapAction[]): void {
    for (const action of actions) {
      if (action.type === "send") this.#sent.push(typeof action.data === "string" ? utf8(action.data) : action.data);
      else if (action.type === "login") {
        this.#perform(this.session.loggedIn({ type: "opened", user: action.user, quotaBytes: 0 }));
      } else if (action.type === "pause") this.#perform(this.session.resumed());
      else if (action.type === "ask") this.#ask(action);
    }
  }

  async #ask({ name, request }: ImapAsk): Promise<void> {
    const more = {
      "mailbox.open": { subscriber: this.listener.ref.address, session: this.name, quotaBytes: 0 },
      "mailbox.watch": { subscriber: this.listener.ref.address, session: this.name },
      "mailbox.append": { quotaBytes: 0, opId: `${this.name}-${this.#ops++}` },
    } as Readonly<Record<string, object>>;
    this.#asks++;
    try {
      const { watch } = this.session;
      const whole = { ...request, account: this.account, ...more[name], ...(watch === null ? {} : { by: watch }) };
      const reply = await this.world.mailbox.ask(name as keyof MailboxProtocol, whole as never);
      this.#perform(this.session.answered({ type: "reply", reply }));
    } catch (error) {
      const failure = asFailure(error);
      if (failure === null) throw error;
      this.#perform(this.session.answered({ type: "failed", kind: failure.kind }));
    } finally {
      this.#asks--;
    }
  }
}

/** A session that has logged in, and said these lines. */
export async function live(world: MailboxWorld, name: string, ...first: readonly string[]): Promise<Live> {
  const client = new Live(world, await spawnListener(world, `front-${name}`), name);
  await client.logIn(...first);
  return client;
}
