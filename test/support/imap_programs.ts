/** The programs that people read mail with by IMAP, driven with their own options and no home but one of the test's. */
import { collected, directory, file, HOST } from "./mail_clients.ts";
import { latin1, latin1Bytes } from "./latin1.ts";
import type { Login } from "./pop3_client.ts";
import { runOk, runProgram } from "./programs.ts";
import type { TestServer } from "./server.ts";

/** How a client secures its connection. */
export type Security = "plain" | "starttls" | "implicit";

function port({ ports }: TestServer, how: Security): number {
  return how === "implicit" ? ports.imaps : ports.imap;
}

/** A command of curl's to a mailbox, by default a FETCH of one message. */
export async function curlImap(
  server: TestServer,
  how: Security,
  { login, path, request, upload }: {
    readonly login: Login;
    /** Below the host, such as `INBOX;UID=1`. */
    readonly path: string;
    readonly request?: string;
    readonly upload?: Uint8Array;
  },
): Promise<Uint8Array> {
  const tls = how === "plain" ? [] : how === "starttls" ? ["--ssl-reqd", "--insecure"] : ["--insecure"];
  const { stdout } = await runOk("curl", [
    ...["--silent", "--show-error", "--max-time", "30", ...tls, "--user", `${login.user}:${login.password}`],
    ...(request === undefined ? [] : ["--request", request]),
    ...(upload === undefined ? [] : ["--upload-file", await file(server, upload)]),
    `${how === "implicit" ? "imaps" : "imap"}://${HOST}:${port(server, how)}/${path}`,
  ]);
  return stdout;
}

/** Synchronises all mailboxes with a maildir by mbsync; the same `home` goes on where it was. */
export async function mbsync(server: TestServer, how: Security, login: Login, home: string): Promise<void> {
  const tls = { plain: "SSLType None", starttls: "SSLType STARTTLS", implicit: "SSLType IMAPS" }[how];
  const rc = await file(
    server,
    `IMAPAccount here\nHost ${HOST}\nPort ${
      port(server, how)
    }\nUser ${login.user}\nPass "${login.password}"\n${tls}\n` +
      `CertificateFile ${server.dataDir}/tls/cert.pem\nAuthMechs LOGIN\n\nIMAPStore far\nAccount here\n\n` +
      `MaildirStore near\nPath ${home}/\nInbox ${home}/INBOX\nSubFolders Verbatim\n\n` +
      `Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nExpunge Both\nSyncState *\n`,
  );
  await runOk("mbsync", ["-c", rc, "-a"], { env: { HOME: home } });
}

/** Synchronises all mailboxes with a maildir by OfflineIMAP. */
export async function offlineimap(server: TestServer, login: Login, home: string): Promise<void> {
  const rc = await file(
    server,
    `[general]\naccounts = here\nmetadata = ${home}/state\n\n[Account here]\nlocalrepository = near\n` +
      `remoterepository = far\n\n[Repository near]\ntype = Maildir\nlocalfolders = ${home}/mail\n\n` +
      `[Repository far]\ntype = IMAP\nremotehost = ${HOST}\nremoteport = ${port(server, "plain")}\n` +
      `remoteuser = ${login.user}\nremotepass = ${login.password}\nssl = no\nstarttls = no\nauth_mechanisms = LOGIN\n`,
  );
  await runOk("offlineimap", ["-c", rc, "-o", "-u", "basic"], { env: { HOME: home } });
}

/** A program that puts each message it is given into a file of `inbox`. */
async function deliveryAgent(server: TestServer, home: string): Promise<{ agent: string; inbox: string }> {
  const inbox = `${home}/inbox`;
  await Deno.mkdir(inbox);
  const script = `#!/bin/sh\nn=$(ls '${inbox}' | wc -l)\ncat > "${inbox}/$(printf %04d $n)"\n`;
  return { agent: await file(server, script, 0o700), inbox };
}

/** Fetches INBOX with getmail, which hands each message to a delivery agent of ours. */
export async function getmail(server: TestServer, how: "plain" | "implicit", login: Login): Promise<Uint8Array[]> {
  const home = await directory(server);
  const { agent, inbox } = await deliveryAgent(server, home);
  const type = how === "implicit" ? "SimpleIMAPSSLRetriever" : "SimpleIMAPRetriever";
  await Deno.writeTextFile(
    `${home}/getmailrc`,
    `[retriever]\ntype = ${type}\nserver = ${HOST}\nport = ${port(server, how)}\nusername = ${login.user}\n` +
      `password = ${login.password}\nmailboxes = ("INBOX",)\n\n[destination]\ntype = MDA_external\npath = ${agent}\n` +
      `unixfrom = false\nallow_root_commands = true\n\n[options]\nread_all = true\ndelete = false\ndelivered_to = false\nreceived = false\n`,
  );
  await runOk("getmail", ["--getmaildir", home, "--rcfile", `${home}/getmailrc`, "--quiet"], { env: { HOME: home } });
  // A field of its own stands in each.
  const own = /^X-getmail-[^\n]*\n/m;
  return (await collected(inbox)).map((message) => latin1Bytes(latin1(message).replace(own, "")));
}

/** Fetches INBOX with fetchmail, which hands each message to a delivery agent of ours. */
export async function fetchmailImap(server: TestServer, how: Security, login: Login): Promise<Uint8Array[]> {
  const home = await directory(server);
  const { agent, inbox } = await deliveryAgent(server, home);
  const tls = { plain: "sslproto ''", starttls: "sslproto 'TLS1.2+' no sslcertck", implicit: "ssl no sslcertck" }[how];
  const rc = await file(
    server,
    `poll ${HOST} protocol imap port ${port(server, how)} timeout 20\n` +
      `  user "${login.user}" password "${login.password}" ${tls} keep fetchall no rewrite mda "${agent}"\n`,
  );
  const env = { FETCHMAILHOME: home, HOME: home };
  const { code, stderr } = await runProgram("fetchmail", ["-f", rc, "--nosyslog", "--invisible", "--nodetach"], {
    env,
  });
  // 1 means that there was no mail.
  if (code > 1) throw new Error(`fetchmail ended with ${code}: ${stderr}`);
  return collected(inbox);
}

/** Runs commands of mutt's on INBOX, as if `keys` had been typed. */
export async function mutt(server: TestServer, login: Login, keys: string): Promise<void> {
  const home = await directory(server);
  const rc = await file(
    server,
    `set imap_user="${login.user}"\nset imap_pass="${login.password}"\nset ssl_starttls=no\nset ssl_force_tls=no\n` +
      `set folder="imap://${HOST}:${server.ports.imap}/"\nset spoolfile="+INBOX"\nset mail_check=1\nset quit=yes\n` +
      `set delete=yes\nset confirmappend=no\nset confirmcreate=no\nset mark_old=no\nset move=no\nset wait_key=no\n` +
      `push "${keys}"\n`,
  );
  // A terminal of its own: without one it would take its input for a letter.
  await runOk("script", ["-qec", `mutt -n -F ${rc}`, `${home}/typescript`], { env: { HOME: home, TERM: "xterm" } });
}
