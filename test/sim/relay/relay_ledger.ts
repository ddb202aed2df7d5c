import { concat, latin1 } from "../../../src/base/mod.ts";

/** A mail for other servers, or for an address here that leads to one. */
export interface RelayedMail {
  readonly id: string;
  /** "" is nobody. */
  readonly sender: string;
  readonly content: Uint8Array;
  /** Addresses on other servers that its accepted recipients lead to. */
  readonly elsewhere: ReadonlySet<string>;
  /** Whether its sender wants to hear nothing (NOTIFY=NEVER). */
  readonly never: boolean;
  /** What the data was answered; null while no answer has come. */
  readonly code: number | null;
}

interface Taken {
  /** When the attempt began. */
  readonly sinceMs: number;
  /** The other server took it, and nobody here could know. */
  readonly untold: boolean;
}

/** What became of a mail at one address elsewhere. */
interface Fate {
  readonly takes: Taken[];
  failed: number;
  delayed: number;
}

/** After the loss of a worker this long, in ms, an attempt may have been cut off by it. */
const CUT_OFF_MS = 3_600_000;
const RECEIVED = /^Received: [^\r\n]+\r\n(?:[ \t][^\r\n]+\r\n)*$/;

/** All that left for other servers, and the reports that came of it; holds each against the promises. */
export class RelayLedger {
  readonly violations: string[] = [];
  readonly #mails = new Map<string, RelayedMail>();
  readonly #fates = new Map<string, Map<string, Fate>>();
  /** Message-IDs of reports by who got them. */
  readonly #reports = new Set<string>();
  readonly #losses: number[] = [];

  constructor(private readonly nowMs: () => number) {}

  sent(mail: RelayedMail): void {
    this.#mails.set(mail.id, mail);
  }

  /** A worker that attempts go through was lost. */
  lost(): void {
    this.#losses.push(this.nowMs());
  }

  /** Another server has taken a mail for an address. */
  taken(address: string, parts: readonly Uint8Array[], { sinceMs, untold }: Taken): void {
    const text = latin1(concat(parts));
    if (isReport(text)) return this.reported(address, text);
    const mail = this.#mails.get(subjects(text)[0] ?? "");
    if (mail === undefined) return void this.violations.push(`${address} was sent what nobody had sent`);
    const head = text.slice(0, Math.max(0, text.length - mail.content.length));
    if (!text.endsWith(latin1(mail.content)) || !RECEIVED.test(head)) {
      this.violations.push(`${mail.id} reached ${address} changed`);
    }
    this.#fate(mail, address).takes.push({ sinceMs, untold });
  }

  /** Somebody, by address, was given a report. */
  reported(to: string, text: string): void {
    const mail = this.#mails.get(subjects(text).at(-1) ?? "");
    const id = /\r\nMessage-ID: (\S+)\r\n/.exec(text)?.[1];
    if (mail === undefined) return void this.violations.push(`${to} got a report of nothing that was sent`);
    if (mail.sender !== to) this.violations.push(`the report of ${mail.id} went to ${to}`);
    if (mail.never) this.violations.push(`${to} wanted no report of ${mail.id}`);
    if (!to.endsWith("@elsewhere.test") && this.#reports.has(`${to} ${id}`)) {
      this.violations.push(`${to} got the report ${id} twice`);
    }
    const again = this.#reports.has(`${to} ${id}`);
    this.#reports.add(`${to} ${id}`);
    for (const [, address = "", action] of text.matchAll(/\r\nFinal-Recipient: rfc822; (\S+)\r\nAction: (\w+)\r\n/g)) {
      const fate = this.#fate(mail, address);
      if (action === "failed") fate.failed++;
      else if (action === "delayed" && !again && ++fate.delayed > 1) {
        this.violations.push(`${to} heard twice that ${mail.id} to ${address} is late`);
      }
    }
  }

  #fate(mail: RelayedMail, address: string): Fate {
    if (!mail.elsewhere.has(address)) this.violations.push(`${mail.id} was not for ${address}`);
    let fates = this.#fates.get(mail.id);
    if (fates === undefined) this.#fates.set(mail.id, fates = new Map());
    let fate = fates.get(address);
    if (fate === undefined) fates.set(address, fate = { takes: [], failed: 0, delayed: 0 });
    return fate;
  }

  #cutOff(fromMs: number): boolean {
    return this.#losses.some((atMs) => atMs >= fromMs && atMs < fromMs + CUT_OFF_MS);
  }

  /** What must hold when everything has come to rest. */
  settle(): void {
    for (const mail of this.#mails.values()) {
      for (const address of mail.elsewhere) {
        const { takes, failed } = this.#fates.get(mail.id)?.get(address) ?? { takes: [], failed: 0 };
        const silent = mail.sender === "" || mail.never;
        if (mail.code === 250 && takes.length === 0 && failed === 0 && !silent) {
          this.violations.push(`${mail.id} was answered 250, and nobody knows what became of it at ${address}`);
        }
        // Those that nothing cut off, in whichever order they ended.
        const whole = takes.filter(({ sinceMs, untold }) => !untold && !this.#cutOff(sinceMs));
        if (whole.length > 1) this.violations.push(`${address} was sent ${mail.id} twice`);
        if (failed > 0 && takes.length > 0 && whole.length === takes.length) {
          this.violations.push(`${mail.id} reached ${address}, and ${mail.sender} heard that it had not`);
        }
      }
    }
  }

  counts(): Readonly<Record<"accepted" | "taken" | "failed" | "delayed" | "untold" | "again", number>> {
    const counts = { accepted: 0, taken: 0, failed: 0, delayed: 0, untold: 0, again: 0 };
    for (const { code } of this.#mails.values()) if (code === 250) counts.accepted++;
    for (const fates of this.#fates.values()) {
      for (const { takes, failed, delayed } of fates.values()) {
        counts.taken += takes.length;
        counts.failed += failed;
        counts.delayed += delayed;
        counts.untold += takes.filter(({ untold }) => untold).length;
        counts.again += Math.max(0, takes.length - 1);
      }
    }
    return counts;
  }
}

/** Whether a mail is a report of ours. */
export function isReport(text: string): boolean {
  return text.includes("\r\nContent-Type: multipart/report;");
}

function subjects(text: string): string[] {
  return [...text.matchAll(/(?:^|\r\n)Subject: (\S+)(?=\r\n)/g)].map(([, id]) => id!);
}
