import { MailPeer, PEER_BYTES_MAX, peerDirectory, type PeerOptions, systemUser } from "./mail_peer.ts";
import { programPath } from "./programs.ts";

/** The user as whom Debian's Exim runs. */
const USER = "Debian-exim";

/** What keeps an Exim from being run; null: nothing. */
export function eximMissing(): string | null {
  if (Deno.uid() !== 0) return "root";
  return programPath("exim4") === null || systemUser(USER) === null ? `exim4 and its user ${USER}` : null;
}

/** Debian's Exim, with configuration and spool of its own, beside any other mail server on the machine. */
export class EximPeer extends MailPeer {
  static async start(options: PeerOptions): Promise<EximPeer> {
    const owner = systemUser(USER)!;
    const dir = await peerDirectory("exim", options, owner);
    for (const name of ["spool", "log"]) {
      await Deno.mkdir(`${dir}/${name}`);
      await Deno.chown(`${dir}/${name}`, owner.uid, owner.gid);
    }
    const config = `${dir}/exim.conf`;
    await Deno.writeTextFile(config, eximConf(dir, options).join("\n"));
    const child = new Deno.Command("exim4", {
      args: ["-C", config, "-bdf", "-q2s"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    return await new EximPeer(dir, options, child, ["log/main", "log/reject", "log/panic"]).ready();
  }

  protected override async stop(): Promise<void> {
    this.child.kill("SIGTERM");
    await this.child.status;
  }
}

function eximConf(dir: string, { domain, address, port, users, routes }: PeerOptions): string[] {
  return [
    // It starts itself anew for a report.
    `exim_path = ${programPath("exim4")}`,
    `primary_hostname = mail.${domain}`,
    `spool_directory = ${dir}/spool`,
    `log_file_path = ${dir}/log/%s`,
    `pid_file_path = ${dir}/spool/exim.pid`,
    "log_selector = +tls_cipher +smtp_confirmation +pipelining",
    `local_interfaces = ${address}`,
    `daemon_smtp_ports = ${port}`,
    `domainlist local_domains = ${domain}`,
    // Only root may give it another configuration: what it starts itself stays the user it is.
    "deliver_drop_privilege = true",
    "never_users =",
    "keep_environment =",
    "host_lookup =",
    "rfc1413_hosts =",
    `message_size_limit = ${PEER_BYTES_MAX}`,
    "tls_advertise_hosts = *",
    `tls_certificate = ${dir}/cert.pem`,
    `tls_privatekey = ${dir}/key.pem`,
    "dsn_advertise_hosts = *",
    "chunking_advertise_hosts = *",
    "smtputf8_advertise_hosts = *",
    "acl_smtp_mail = mail",
    "acl_smtp_rcpt = rcpt",
    "acl_smtp_data = accept",
    "begin acl",
    "mail:",
    "  deny !encrypted = *",
    "    message = 530 5.7.0 TLS first",
    "  accept",
    "rcpt:",
    "  accept domains = +local_domains",
    "    endpass",
    "    message = 550 5.1.1 unknown user",
    "    verify = recipient",
    "  accept hosts = 127.0.0.1",
    "  deny message = 550 5.7.1 relaying denied",
    "begin routers",
    ...Object.entries(routes).flatMap(([to, at], i) => [
      `out${i}:`,
      "  driver = manualroute",
      `  domains = ${to}`,
      `  route_list = ${to} ${at}`,
      "  transport = smtp",
    ]),
    "here:",
    "  driver = accept",
    "  domains = +local_domains",
    `  local_parts = ${users.join(" : ")}`,
    "  transport = maildir",
    "begin transports",
    "smtp:",
    "  driver = smtp",
    `  port = ${port}`,
    `  interface = ${address}`,
    "  hosts_require_tls = *",
    "  tls_verify_hosts =",
    "  tls_try_verify_hosts =",
    "maildir:",
    "  driver = appendfile",
    `  directory = ${dir}/mail/$local_part_data`,
    "  maildir_format",
    "  delivery_date_add",
    "  return_path_add",
    "  envelope_to_add",
    `  user = ${USER}`,
    "begin retry",
    "* * F,1h,2s",
    "",
  ];
}
