import { MailPeer, PEER_BYTES_MAX, peerDirectory, type PeerOptions, systemUser } from "./mail_peer.ts";
import { programPath, runProgram } from "./programs.ts";

/** What keeps a Postfix from being run; null: nothing. */
export function postfixMissing(): string | null {
  if (Deno.uid() !== 0) return "root";
  return programPath("postfix") === null || systemUser("postfix") === null ? "postfix" : null;
}

/** Who owns the maildirs. */
const OWNER = { uid: 65_534, gid: 65_534 };

/** Debian's Postfix, with configuration, queue and data of its own, beside any other on the machine. */
export class PostfixPeer extends MailPeer {
  static async start(options: PeerOptions): Promise<PostfixPeer> {
    const dir = await peerDirectory("postfix", options, OWNER);
    for (const name of ["etc", "queue", "data"]) await Deno.mkdir(`${dir}/${name}`);
    const { uid, gid } = systemUser("postfix")!;
    await Deno.chown(`${dir}/data`, uid, gid);
    const write = (name: string, lines: readonly string[]) =>
      Deno.writeTextFile(`${dir}/etc/${name}`, `${lines.join("\n")}\n`);
    await write("main.cf", mainCf(dir, options));
    await write("master.cf", masterCf(options));
    await write("users", options.users.map((user) => `${user}@${options.domain} ${user}/`));
    await write("transport", Object.entries(options.routes).map(([to, at]) => `${to} smtp:[${at}]:${options.port}`));
    // In the foreground, so that its end can be awaited.
    const child = new Deno.Command("postfix", {
      args: ["-c", `${dir}/etc`, "start-fg"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    return await new PostfixPeer(dir, options, child, ["maillog"]).ready();
  }

  protected override async stop(): Promise<void> {
    await runProgram("postfix", ["-c", `${this.dir}/etc`, "stop"]); // It fails where the start has failed.
    await this.child.status;
  }
}

function mainCf(dir: string, { domain, address }: PeerOptions): string[] {
  return [
    "compatibility_level = 3.6",
    `queue_directory = ${dir}/queue`,
    `data_directory = ${dir}/data`,
    "command_directory = /usr/sbin",
    "daemon_directory = /usr/lib/postfix/sbin",
    "mail_owner = postfix",
    "setgid_group = postdrop",
    `maillog_file = ${dir}/maillog`,
    `maillog_file_prefixes = ${dir}`,
    `myhostname = mail.${domain}`,
    "mydestination =",
    "alias_maps =",
    // Only addresses that an interface is said to have may stand here; where it listens is said in master.cf.
    "inet_interfaces = 127.0.0.1",
    "inet_protocols = ipv4",
    `smtp_bind_address = ${address}`,
    "mynetworks = 127.0.0.1/32",
    "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination",
    "smtpd_error_sleep_time = 0",
    `message_size_limit = ${PEER_BYTES_MAX}`,
    `virtual_mailbox_domains = ${domain}`,
    `virtual_mailbox_base = ${dir}/mail`,
    `virtual_mailbox_maps = texthash:${dir}/etc/users`,
    `virtual_uid_maps = static:${OWNER.uid}`,
    `virtual_gid_maps = static:${OWNER.gid}`,
    `transport_maps = texthash:${dir}/etc/transport`,
    // TLS or nothing, both ways.
    "smtpd_tls_security_level = encrypt",
    `smtpd_tls_cert_file = ${dir}/cert.pem`,
    `smtpd_tls_key_file = ${dir}/key.pem`,
    "smtp_tls_security_level = encrypt",
    "smtp_tls_loglevel = 1",
    "smtpd_tls_received_header = yes",
    "minimal_backoff_time = 1s",
    "queue_run_delay = 2s",
  ];
}

/** The services of Debian's own file that a relay needs, none of them in a chroot. */
function masterCf({ address, port }: PeerOptions): string[] {
  const internal = ["rewrite trivial-rewrite", "verify", "proxymap", "smtp", "relay smtp", "error", "retry error"];
  return [
    `${address}:${port} inet n - n - - smtpd`,
    "pickup unix n - n 60 1 pickup",
    "cleanup unix n - n - 0 cleanup",
    "qmgr unix n - n 300 1 qmgr",
    "flush unix n - n 1000? 0 flush",
    "tlsmgr unix - - n 1000? 1 tlsmgr",
    "virtual unix - n n - - virtual", // It becomes the owner of each maildir.
    "anvil unix - - n - 1 anvil",
    "postlog unix-dgram n - n - 1 postlogd",
    ...["bounce", "defer", "trace"].map((name) => `${name} unix - - n - 0 bounce`),
    ...internal.map((each) => each.split(" ")).map(([name, program = name]) => `${name} unix - - n - - ${program}`),
  ];
}
