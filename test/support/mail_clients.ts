/** The mail programs that people use, driven with their own options. Each function sends, or fetches into byte arrays. */
import { runOk, runProgram } from "./programs.ts";
import { latin1, latin1Bytes } from "./latin1.ts";
import type { TestServer } from "./server.ts";
import type { Login } from "./pop3_client.ts";
import { stuffed } from "./smtp_client.ts";

export const HOST = "127.0.0.1";

/** An envelope and the file that holds the content. */
export interface Posting {
  readonly from: string;
  readonly to: string;
  readonly content: Uint8Array;
}

/** How a client logs in to submit. */
export interface ClientLogin extends Login {
  /** A SASL mechanism, as the program spells it. */
  readonly mechanism: string;
  /** A client certificate: its path without `.pem`, and without `.key` that of its key. */
  readonly certificate?: string;
}

let serial = 0;

/** A new file in the server's own directory. */
export async function file(server: TestServer, content: Uint8Array | string, mode = 0o600): Promise<string> {
  const path = `${server.dir}/client-${serial++}`;
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  await Deno.writeFile(path, bytes, { mode });
  return path;
}

/** A new directory in the server's own. */
export async function directory(server: TestServer): Promise<string> {
  const path = `${server.dir}/client-${serial++}`;
  await Deno.mkdir(path);
  return path;
}

/** The port to send to: those for other servers, or with a login those for submission. */
function sendPort({ ports }: TestServer, how: "plain" | "starttls" | "implicit", login: Login | null): number {
  if (how === "implicit") return login === null ? ports.smtps : ports.submissions;
  return login === null ? ports.smtp : ports.submission;
}

/** Sends with swaks: the content as it is, stuffed by us because swaks then leaves it alone. */
export async function swaks(
  server: TestServer,
  how: "plain" | "starttls" | "implicit",
  mail: Posting,
  login: ClientLogin | null = null,
): Promise<string> {
  const port = sendPort(server, how, login);
  const auth = login === null
    ? []
    : ["--auth", login.mechanism, "--auth-user", login.user, "--auth-password", login.password];
  const tls = { plain: [], starttls: ["--tls"], implicit: ["--tls-on-connect"] }[how];
  const data = await file(server, stuffed(mail.content));
  const envelope = ["--helo", "client.test", "--from", mail.from, "--to", mail.to];
  const { stdout } = await runOk("swaks", [
    ...["--server", `${HOST}:${port}`, "--timeout", "20", ...tls, ...auth, ...envelope],
    ...["--no-data-fixup", "--data", `@${data}`],
  ]);
  return new TextDecoder().decode(stdout);
}

/** Sends with curl. */
export async function curlSend(
  server: TestServer,
  how: "plain" | "starttls" | "implicit",
  mail: Posting,
  login: ClientLogin | null = null,
): Promise<void> {
  const url = `${how === "implicit" ? "smtps" : "smtp"}://${HOST}:${sendPort(server, how, login)}`;
  const auth = login === null ? [] : ["--login-options", `AUTH=${login.mechanism}`, ...curlSecret(login)];
  const certificate = login?.certificate === undefined
    ? []
    : ["--cert", `${login.certificate}.pem`, "--key", `${login.certificate}.key`];
  const tls = how === "plain" ? [] : how === "starttls" ? ["--ssl-reqd", "--insecure"] : ["--insecure"];
  const envelope = ["--mail-from", mail.from, "--mail-rcpt", mail.to];
  const data = await file(server, mail.content);
  await runOk("curl", [
    "--silent",
    "--show-error",
    "--max-time",
    "30",
    ...tls,
    ...auth,
    ...certificate,
    ...envelope,
    "-T",
    data,
    `${url}/client.test`,
  ]);
}

/** A token goes another way than a password. */
function curlSecret({ user, password, mechanism }: ClientLogin): string[] {
  const isToken = mechanism === "OAUTHBEARER" || mechanism === "XOAUTH2";
  return isToken ? ["--user", user, "--oauth2-bearer", password] : ["--user", `${user}:${password}`];
}

/** Fetches one message with curl, or with `number` null the list. */
export async function curlFetch(
  server: TestServer,
  how: "plain" | "stls" | "implicit",
  { login, number }: { readonly login: Login; readonly number: number | null },
): Promise<Uint8Array> {
  const url = how === "implicit" ? `pop3s://${HOST}:${server.ports.pop3s}` : `pop3://${HOST}:${server.ports.pop3}`;
  const tls = how === "plain" ? [] : how === "stls" ? ["--ssl-reqd", "--insecure"] : ["--insecure"];
  const { stdout } = await runOk("curl", [
    ...["--silent", "--show-error", "--max-time", "30", ...tls],
    ...["--user", `${login.user}:${login.password}`, `${url}/${number ?? ""}`],
  ]);
  return stdout;
}

/** Every message in a directory, in the order of its file names; line ends made CRLF again. */
export async function collected(dir: string): Promise<Uint8Array[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(dir)) if (entry.isFile) names.push(entry.name);
  const messages: Uint8Array[] = [];
  for (const name of names.sort()) messages.push(withCrlf(await Deno.readFile(`${dir}/${name}`)));
  return messages;
}

export function withCrlf(bytes: Uint8Array): Uint8Array {
  return latin1Bytes(latin1(bytes).replaceAll(/\r?\n/g, "\r\n"));
}

/** Fetches everything with fetchmail, which hands each message to a delivery agent of ours. */
export async function fetchmail(
  server: TestServer,
  how: "plain" | "stls" | "implicit",
  { login, keep }: { readonly login: Login; readonly keep: boolean },
): Promise<Uint8Array[]> {
  const home = await directory(server);
  const inbox = `${home}/inbox`;
  await Deno.mkdir(inbox);
  const port = how === "implicit" ? server.ports.pop3s : server.ports.pop3;
  const tls = { plain: "sslproto ''", stls: "sslproto 'TLS1.2+' no sslcertck", implicit: "ssl no sslcertck" }[how];
  const script = await file(
    server,
    `#!/bin/sh\nn=$(ls '${inbox}' | wc -l)\ncat > "${inbox}/$(printf %04d $n)"\n`,
    0o700,
  );
  const rc = await file(
    server,
    `poll ${HOST} protocol pop3 port ${port} timeout 20 uidl\n` +
      `  user "${login.user}" password "${login.password}" ${tls} ${
        keep ? "keep" : "nokeep"
      } fetchall no rewrite mda "${script}"\n`,
  );
  const env = { FETCHMAILHOME: home, HOME: home };
  const { code, stderr } = await runProgram("fetchmail", ["-f", rc, "--nosyslog", "--invisible", "--nodetach"], {
    env,
  });
  // 1 means that there was no mail.
  if (code > 1) throw new Error(`fetchmail ended with ${code}: ${stderr}`);
  return collected(inbox);
}

/** Fetches everything with mpop into a maildir. */
export async function mpop(
  server: TestServer,
  how: "plain" | "stls" | "implicit",
  { login, keep, mechanism = "plain" }: { readonly login: Login; readonly keep: boolean; readonly mechanism?: string },
): Promise<Uint8Array[]> {
  const home = await directory(server);
  for (const name of ["tmp", "new", "cur"]) await Deno.mkdir(`${home}/${name}`);
  const port = how === "implicit" ? server.ports.pop3s : server.ports.pop3;
  const tls = {
    plain: "tls off\nauth user",
    stls: `tls on\ntls_starttls on\ntls_certcheck off\nauth ${mechanism}`,
    implicit: `tls on\ntls_starttls off\ntls_certcheck off\nauth ${mechanism}`,
  }[how];
  const rc = await file(
    server,
    `account default\nhost ${HOST}\nport ${port}\nuser ${login.user}\npassword ${login.password}\n${tls}\n` +
      `keep ${keep ? "on" : "off"}\nreceived_header off\ndelivery maildir ${home}\nuidls_file ${home}/uidls\n`,
  );
  await runOk("mpop", ["-C", rc, "--quiet"], { env: { HOME: home } });
  return collected(`${home}/new`);
}

/** Runs one of our Python scripts with a plan; its answer. */
export async function python<T>(script: "send" | "fetch" | "lmtp" | "imap", plan: unknown): Promise<T> {
  const path = new URL(`./python/${script}.py`, import.meta.url).pathname;
  const { stdout } = await runOk("python3", [path], { stdin: new TextEncoder().encode(JSON.stringify(plan)) });
  return JSON.parse(new TextDecoder().decode(stdout)) as T;
}
