import { type CertificatePair, selfSignedCertificate } from "../../src/net/mod.ts";
import { eventually } from "./eventually.ts";
import { latin1 } from "./latin1.ts";
import { SmtpClient } from "./smtp_client.ts";

/** Another mail server that a test runs. */
export interface PeerOptions {
  readonly domain: string;
  /** Its address on loopback; mail goes out from there too. */
  readonly address: string;
  readonly port: number;
  /** Local parts that have a maildir. */
  readonly users: readonly string[];
  /** The addresses of other domains, all at the same port. */
  readonly routes: Readonly<Record<string, string>>;
}

/** Mail of more bytes is refused by a peer. */
export const PEER_BYTES_MAX = 200_000;

/** Longest wait for a peer to start, or for a letter, in ms. */
const PEER_MS_MAX = 20_000;

/** A directory of its own with a certificate, for a peer that runs as the user `owner`. */
export async function peerDirectory(
  name: string,
  { domain, users }: PeerOptions,
  owner: { readonly uid: number; readonly gid: number },
): Promise<string> {
  const dir = await Deno.makeTempDir({ prefix: `stagepost-peer-${name}-` });
  // Its processes run as several users, none of whom owns the directory.
  await Deno.chmod(dir, 0o755);
  const { cert, key }: CertificatePair = await selfSignedCertificate({ names: [`mail.${domain}`], days: 2 });
  await Deno.writeTextFile(`${dir}/cert.pem`, cert);
  await Deno.writeTextFile(`${dir}/key.pem`, key, { mode: 0o600 });
  await Deno.chown(`${dir}/key.pem`, owner.uid, owner.gid);
  for (const path of ["mail", ...users.map((user) => `mail/${user}`)]) {
    await Deno.mkdir(`${dir}/${path}`);
    await Deno.chown(`${dir}/${path}`, owner.uid, owner.gid);
  }
  return dir;
}

/** Numbers of a user of this machine, from /etc/passwd; null when there is none. */
export function systemUser(name: string): { uid: number; gid: number } | null {
  const line = Deno.readTextFileSync("/etc/passwd").split("\n").find((each) => each.startsWith(`${name}:`));
  if (line === undefined) return null;
  const [, , uid, gid] = line.split(":");
  return { uid: Number(uid), gid: Number(gid) };
}

/** A running peer: what is the same for all of them. */
export abstract class MailPeer implements AsyncDisposable {
  constructor(
    protected readonly dir: string,
    readonly options: PeerOptions,
    protected readonly child: Deno.ChildProcess,
    /** Files that tell what it does, for the message of a failing test. */
    private readonly logs: readonly string[],
  ) {}

  /** Waits until it greets; else it is stopped. */
  protected async ready(): Promise<this> {
    try {
      await eventually("the peer greets", async () => {
        await using client = await SmtpClient.connect({ host: this.options.address, port: this.options.port });
        return client.greeting.code === 220;
      }, { ms: PEER_MS_MAX });
      return this;
    } catch (error) {
      const said = this.log();
      await this[Symbol.asyncDispose]();
      throw new Error(`${error}\n${said}`);
    }
  }

  /** A session under TLS from an address that it relays for. */
  async client(): Promise<SmtpClient> {
    const client = await SmtpClient.greeted({ host: this.options.address, port: this.options.port });
    try {
      await client.startTls();
      return client;
    } catch (error) {
      await client[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A user's letters, as Latin-1, with the line ends of the file. */
  letters(user: string): string[] {
    const dir = `${this.dir}/mail/${user}/new`;
    try {
      return [...Deno.readDirSync(dir)].map(({ name }) => latin1(Deno.readFileSync(`${dir}/${name}`)));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return []; // The first letter makes it.
      throw error;
    }
  }

  /** Waits for a letter of a user that holds a text; answers it. */
  letterWith(user: string, text: string): Promise<string> {
    const find = () => this.letters(user).find((letter) => letter.includes(text));
    return eventually(`a letter for ${user} with "${text}"`, find, { ms: PEER_MS_MAX })
      .catch((error) => Promise.reject(new Error(`${error.message}\n${this.log()}`)));
  }

  /** What it has logged. */
  log(): string {
    return this.logs.map((name) => {
      try {
        return Deno.readTextFileSync(`${this.dir}/${name}`);
      } catch {
        return ""; // Nothing was logged there.
      }
    }).join("\n");
  }

  /** Ends all its processes; resolves when they are gone. */
  protected abstract stop(): Promise<void>;

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Deno.remove(this.dir, { recursive: true });
  }
}
